"""Traces tell where time goes, and nothing of what is in an item; without them nothing of the library is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from syncd.engine.cycle import sync
from syncd.engine.hints import sync_items
from syncd.engine.traces import note, span, traced_by
from syncd.model.refs import ConnectionName, Ref
from tests.engine.hand import CREATE, LATER_S, OTHER, TASK, after_edits, agreed, github_of, jira_of

CANARY = "canary-7f3a"
"""In every text of every item that is edited here."""


@dataclass
class Taken:
    """The spans that a tracer took."""

    exporter: InMemorySpanExporter

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[dict[str, object]]:
        return [dict(each.attributes or {}) for each in self.spans() if each.name == f"syncd.{name}"]

    def text(self) -> str:
        return "\n".join(each.to_json() for each in self.spans())


@pytest.fixture
def taken() -> Iterator[Taken]:
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with traced_by(
        lambda name: tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)
    ):
        yield Taken(exporter)


async def test_a_cycle_is_told_with_what_it_read_decided_and_wrote_where(tmp_path: Path, taken: Taken) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira_of(bench).set(TASK[0], "summary", f"Named {CANARY}", by="ada")
    jira_of(bench).set(TASK[0], "description", f"Told {CANARY}", by="ada")
    await after_edits(bench)
    bench.clock.pass_(LATER_S)
    taken.exporter.clear()
    github_of(bench).set(OTHER[1], "title", f"Renamed {CANARY}", by="ben")
    async with bench.desk() as desk:
        cycle = await sync(desk)
    (told,) = taken.named("cycle")
    assert told["syncd.sort"] == "whole"
    assert (told["syncd.portfolio"], told["syncd.run"], told["syncd.outcome"]) == ("platform", cycle.run, "done")
    assert told["syncd.update"] == 1
    reads = taken.named("read")
    assert {each["syncd.connection"] for each in reads} == {"jira-pmo", "github-eng"}
    assert sum(int(str(each["syncd.records"])) for each in reads) == cycle.records
    (decided,) = taken.named("decide")
    assert decided == {"syncd.compared": cycle.compared, "syncd.lines": 1, "syncd.waiting": 0}
    assert taken.named("write") == [{"syncd.connection": "jira-pmo", "syncd.verb": "update", "syncd.writes": 1}]
    whole = next(each for each in taken.spans() if each.name == "syncd.cycle")
    assert whole.context is not None
    below = {each.name: each.parent.span_id for each in taken.spans() if each.parent is not None}
    assert below == dict.fromkeys(("syncd.read", "syncd.decide", "syncd.write"), whole.context.span_id)


async def test_what_a_webhook_led_to_is_told_as_well(tmp_path: Path, taken: Taken) -> None:
    bench = await agreed(tmp_path)
    jira_of(bench).set(TASK[0], "summary", "Named anew", by="ada")
    bench.clock.pass_(LATER_S)
    taken.exporter.clear()
    async with bench.desk() as desk:
        refs = [link.ref for link in await desk.store.links.by_key(TASK[0])]
        await sync_items(desk, refs, asyncio.Lock())
    (told,) = taken.named("cycle")
    assert (told["syncd.sort"], told["syncd.outcome"]) == ("hint", "done")
    assert {each["syncd.connection"] for each in taken.named("read")} == {"jira-pmo", "github-eng"}
    assert [each["syncd.connection"] for each in taken.named("write")] == ["github-eng"]


async def test_no_text_of_an_item_no_secret_and_no_words_of_a_tool_are_told(tmp_path: Path, taken: Taken) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira = jira_of(bench)
    jira.set(TASK[0], "summary", f"Named {CANARY}", by="ada")
    jira.add("Story", "ENG", {"title": f"New {CANARY}"}, by="ada")
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    github_of(bench).set(TASK[1], "title", f"Refused {CANARY}", by="ben")
    bench.sandbox.faults.add(f"jira:400:kind=write:match={CANARY}")
    await after_edits(bench)
    bench.sandbox.faults.clear()
    async with bench.desk() as desk:
        bench.sandbox.faults.add("github:401")
        await sync(desk)
    told = taken.text()
    secrets = [str(tool.credentials()["token"]) for tool in bench.sandbox.tools.values()]
    assert [each for each in (CANARY, *secrets) if each in told] == []
    failed = [each for each in taken.named("read") if each.get("syncd.outcome") == "failed"]
    assert failed
    assert {each["syncd.error"] for each in failed} == {"AuthError"}


async def test_how_a_piece_of_work_failed_is_told_without_its_words(taken: Taken) -> None:
    async def fail() -> None:
        note(text=CANARY, compared=3)
        raise ValueError(CANARY)

    with pytest.raises(ValueError, match=CANARY), span("cycle", portfolio="platform", title=CANARY):
        await fail()
    (told,) = taken.named("cycle")
    assert told == {
        "syncd.portfolio": "platform",
        "syncd.compared": 3,
        "syncd.outcome": "failed",
        "syncd.error": "ValueError",
    }
    assert CANARY not in taken.text()


def test_without_a_tracer_nothing_is_told_and_nothing_breaks() -> None:
    with span("cycle", portfolio="platform"):
        note(compared=3)


def test_a_ref_is_no_word_that_may_be_told(taken: Taken) -> None:
    """Refs are harmless, but nobody says them yet: whoever does adds the word, and looks at what it may hold."""
    with span("read", ref=str(Ref(ConnectionName("jira-pmo"), "issue", "1"))):
        pass
    assert taken.named("read") == [{}]
