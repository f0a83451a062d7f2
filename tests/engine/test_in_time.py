"""A write goes by a fresh read: what had to wait after it is read again, so that nobody's edit is written over."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from syncd.engine import push
from syncd.model.canonical import Kind
from syncd.reconcile.plan import Verb
from tests.engine import hand
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed
from tests.engine.hand import GITHUB, JIRA
from tests.engine.test_stories import held, pair

MINE, HERS = "Renamed in Jira", "Renamed on GitHub meanwhile"
LIMITED = {"Retry-After": "30"}
BY_ID = b"query issues("
"""What a fresh read of GitHub asks for."""


class Tampered(httpx.AsyncBaseTransport):
    """The way to the sandbox, with a hand in it: *meddle* may answer a request, or let time pass before it."""

    def __init__(self, bench: Bench, meddle: Callable[[httpx.Request], httpx.Response | None]) -> None:
        self._inner = bench.sandbox.transport()
        self._meddle = meddle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Meddle, then pass the request on."""
        return self._meddle(request) or await self._inner.handle_async_request(request)


def tamper(bench: Bench, meddle: Callable[[httpx.Request], httpx.Response | None]) -> None:
    bench.world = dataclasses.replace(bench.world, transport=lambda: Tampered(bench, meddle))


def is_mutation(request: httpx.Request) -> bool:
    """Whether it changes something on GitHub by GraphQL."""
    return request.url.path.endswith("/graphql") and json.loads(request.content)["query"].lstrip().startswith(
        "mutation"
    )


async def linked(bench: Bench) -> list[str]:
    """Return the GitHub keys of the tasks that live in both tools."""
    async with bench.desk() as desk:
        groups = await desk.store.links.by_entities(await desk.store.entities.ids("platform", Kind.TASK))
    return [link.key for mine in groups.values() for link in mine if len(mine) > 1 and link.key.startswith("acme/")]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


async def test_a_write_that_was_told_to_wait_does_not_go_over_an_edit_made_meanwhile(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    told: list[str] = []

    def limit(request: httpx.Request) -> httpx.Response | None:
        if told or not is_mutation(request):
            return None
        told.append("wait")
        bench.sandbox.tools["github"].set(github, "title", HERS, by="ben")
        return httpx.Response(429, headers=LIMITED, request=request)

    tamper(bench, limit)
    bench.sandbox.tools["jira"].set(jira, "summary", MINE, by="ada")
    await bench.settle()
    assert told
    assert held(bench, "github", github)["title"] == HERS
    async with bench.desk() as desk:
        [conflict] = await desk.store.conflicts.open_list("platform")
        assert {MINE, HERS} <= {str(side.value) for side in conflict.content.contenders}
        assert await desk.store.journal.open() == []


@pytest.mark.parametrize("took_s", [0.5, 12.0])
async def test_a_label_made_first_does_not_let_the_write_pass_over_an_edit(bench: Bench, took_s: float) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    made: list[str] = []

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/labels"):
            made.append(request.url.path)
            bench.clock.pass_(took_s)
            bench.sandbox.tools["github"].set(github, "title", HERS, by="ben")
        return None

    tamper(bench, slowly)
    bench.sandbox.tools["jira"].set(jira, "summary", MINE, by="ada")
    bench.sandbox.tools["jira"].set(jira, "labels", ["never-seen-before"], by="ada")
    await bench.settle()
    assert made
    assert held(bench, "github", github)["title"] == HERS
    async with bench.desk() as desk:
        [conflict] = await desk.store.conflicts.open_list("platform")
        assert {MINE, HERS} <= {str(side.value) for side in conflict.content.contenders}
    assert "never-seen-before" in held(bench, "github", github)["labels"]


async def test_a_slow_tool_gets_everything_in_one_cycle_each_write_soon_after_its_read(bench: Bench) -> None:
    """Jira takes 2 s an edit: of each portion two or three are in time, the rest is read again."""
    bench.main = bench.main.replace("    mode: write\n", "    mode: write\n    options: {writes_in_flight: 1}\n", 1)
    await agreed(bench)
    asked: list[float] = []
    late: list[float] = []

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/bulkfetch"):
            asked.append(bench.clock.monotonic())
        elif request.method == "PUT":
            late.append(bench.clock.monotonic() - asked[-1])
            bench.clock.pass_(2)
        return None

    tamper(bench, slowly)
    keys = await linked(bench)
    for key in keys:
        bench.sandbox.tools["github"].set(key, "title", f"Renamed {key}", by="ben")
    cycle = await bench.sync()
    assert len(late) == len(keys) >= 4
    assert max(late) <= push.FRESH_S
    assert len(cycle.pushed.done) == len(keys)
    assert cycle.pushed.counts[Verb.UPDATE] == len(keys)


async def test_a_tool_whose_reads_take_longer_is_written_to_all_the_same(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.startswith("/github") and not is_mutation(request):
            bench.clock.pass_(push.FRESH_S + 1)
        return None

    tamper(bench, slowly)
    bench.sandbox.tools["jira"].set(jira, "summary", MINE, by="ada")
    assert (await bench.sync()).pushed.counts[Verb.UPDATE] == 1
    assert held(bench, "github", github)["title"] == MINE


async def test_an_edit_made_while_a_tool_is_slow_for_a_while_is_seen(bench: Bench) -> None:
    """The second fresh read takes as long as the first, and tells of before the edit; the third one is quick."""
    await agreed(bench)
    jira, github = await pair(bench)
    waits, edits = [push.FRESH_S + 1, push.FRESH_S + 1], [HERS]

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if not waits and edits:  # whatever comes after the second
            bench.sandbox.tools["github"].set(github, "title", edits.pop(), by="ben")
        if BY_ID in request.content and waits:
            bench.clock.pass_(waits.pop())
        return None

    tamper(bench, slowly)
    bench.sandbox.tools["jira"].set(jira, "summary", MINE, by="ada")
    await bench.sync()
    assert not edits
    assert held(bench, "github", github)["title"] == HERS


async def test_what_was_written_in_part_is_audited_and_the_rest_is_due_again(bench: Bench) -> None:
    """GitHub takes ten changes a request, 5 s each: what leaves with the second and the third is one item's, too."""
    await agreed(bench)
    async with bench.desk() as desk:
        groups = await desk.store.links.by_entities(await desk.store.entities.ids("platform", Kind.TASK))
    pairs = [{link.ref.connection: link.key for link in mine} for mine in groups.values() if len(mine) > 1]
    for number, keys in enumerate(pairs):
        for name, value in (("summary", f"New {number}"), ("labels", [f"x{number}"])):
            bench.sandbox.tools["jira"].set(keys[JIRA], name, value, by="ada")

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if is_mutation(request):
            bench.clock.pass_(5)
        return None

    tamper(bench, slowly)
    cycle = await bench.sync()
    assert cycle.pushed.skipped == {}, "nobody edited anything meanwhile"
    assert cycle.pushed.failed
    cycles = [cycle, await bench.sync()]
    assert (await bench.sync()).lines == ()
    async with bench.desk() as desk:
        rows = [row for each in cycles async for row in desk.store.audit.of_run(each.run)]
    assert len(rows) == len({(row.ref, row.field) for row in rows}) == 2 * len(pairs)
    for number, keys in enumerate(pairs):
        issue = held(bench, "github", keys[GITHUB])
        assert (issue["title"], issue["labels"]) == (f"New {number}", [f"x{number}"])


async def test_a_tool_that_takes_long_for_every_request_gets_a_status_that_has_to_be_asked_about_first(
    bench: Bench,
) -> None:
    await agreed(bench)
    jira, github = await pair(bench)

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.startswith("/jira"):
            bench.clock.pass_(push.FRESH_S + 1)
        return None

    tamper(bench, slowly)
    bench.sandbox.tools["github"].set(github, "Status", "In Progress", by="ben")
    assert (await bench.sync()).pushed.counts[Verb.UPDATE] == 1
    assert held(bench, "jira", jira)["status"] == "In Progress"


async def test_a_tool_that_takes_long_for_every_request_is_closed_in(tmp_path: Path) -> None:
    bench = await hand.agreed(tmp_path, mapping="on_delete: {task: {do: archive, close_as: cancelled}}\n")

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.startswith("/jira"):
            bench.clock.pass_(push.FRESH_S + 1)
        return None

    tamper(bench, slowly)
    hand.github_of(bench).delete(hand.TASK[1])
    await bench.verify()
    for _ in range(2):
        await hand.after_edits(bench)
    assert held(bench, "jira", hand.TASK[0])["status"] == "Cancelled"


async def test_what_cannot_leave_in_time_is_told_and_due_again(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    is_limited = True

    def limit(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(429, headers=LIMITED, request=request) if is_limited and is_mutation(request) else None

    tamper(bench, limit)
    bench.sandbox.tools["jira"].set(jira, "summary", MINE, by="ada")
    assert push.TOO_LATE in (await bench.sync()).pushed.failed.values()
    async with bench.desk() as desk:
        assert await desk.store.journal.open() == []
        assert await desk.store.quarantine.all() == []
    is_limited = False
    await bench.settle()
    assert held(bench, "github", github)["title"] == MINE
