"""The promises every connector makes, for each kind of record GitHub has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from syncd.connectors.protocol import Refused, Update
from syncd.model.native import Choice, Choices, Date, Instant, Native, RichText, TextFormat
from syncd.model.refs import Ref
from tests.connectors.conformance import Bench, Conformance
from tests.connectors.github.rig import NAME, Rig

BODY = RichText(TextFormat.MARKDOWN, "Hello 😀\r\n\r\n- *one*")


class Hands:
    """People at work on one kind of record."""

    def __init__(self, rig: Rig, kind: str) -> None:
        self._hub = rig.hub
        self._kind = kind

    async def add(self, title: str) -> Ref:
        """Make one."""
        if self._kind == "comment":
            made = self._hub.add_comment(self._hub.add_issue("api", title), title)
        elif self._kind == "draft":
            made = self._hub.add_draft(title)
        elif self._kind == "milestone":
            made = self._hub.add_milestone("api", title)
        else:
            made = self._hub.add_issue("api", title)
        return Ref(NAME, self._kind, self._hub.people.find(made).id)

    async def retitle(self, ref: Ref, title: str) -> None:
        """Change its title, or what stands for one."""
        self._hub.set(ref.id, "body" if self._kind == "comment" else "title", title)

    async def delete(self, ref: Ref) -> None:
        """Delete it."""
        self._hub.delete(ref.id)


def make_bench(rig: Rig, *, kind: str, record_type: str, container: str, edit: dict[str, Native]) -> Bench:
    async def settle() -> None:
        await rig.clock.sleep(5)

    return Bench(
        connector=rig.connector,
        stranger=rig.connect(auth={"token": "ghp_wrong"}),
        world=rig.world,
        hands=Hands(rig, kind),
        record_type=record_type,
        container=container,
        title="title",
        edit=edit,
        nobody="NOBODY_kwDOAA",
        secret=rig.hub.token,
        labels="labels" if kind == "issue" else None,
        lose_answer=lambda: rig.fault("github:reset-after-commit:kind=write:count=1"),
        settle=settle,
    )


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig(items=12)
    yield made
    await made.client.aclose()


class TestIssues(Conformance):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of issues."""
        option = rig.hub.column("Status").options[1]
        edit: dict[str, Native] = {
            "body": BODY,
            "labels": Choices(frozenset({Choice("api", "api")})),
            rig.field("Status"): Choice(option.id, option.name),
            rig.field("Target date"): Date(date(2026, 5, 1)),
        }
        return make_bench(rig, kind="issue", record_type="Bug", container="acme/api", edit=edit)


class TestDrafts(Conformance):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of drafts."""
        edit: dict[str, Native] = {"body": BODY, rig.field("Start date"): Date(date(2026, 5, 1))}
        return make_bench(rig, kind="draft", record_type="draft", container="acme/#7", edit=edit)

    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        """GitHub keeps none of these: nothing is told, and nothing is asked."""
        ref = await bench.hands.add("Before")
        await bench.hands.retitle(ref, "After")
        assert [edit async for edit in bench.connector.history([ref])] == []


class TestMilestones(Conformance):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of milestones; 07:00Z is how GitHub shows a day of its summer."""
        edit: dict[str, Native] = {
            "description": BODY,
            "due_on": Instant(datetime(2026, 5, 1, 7, tzinfo=UTC)),
            "state": Choice("closed", "Closed"),
        }
        return make_bench(rig, kind="milestone", record_type="milestone", container="acme/api", edit=edit)

    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        """GitHub keeps none of these: nothing is told, and nothing is asked."""
        ref = await bench.hands.add("Before")
        await bench.hands.retitle(ref, "After")
        assert [edit async for edit in bench.connector.history([ref])] == []


class TestComments(Conformance):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of comments below one issue; a comment is nothing but its body, which cannot be empty."""
        rig.connector.focus(frozenset({"comment"}))
        bench = make_bench(rig, kind="comment", record_type="comment", container="acme/api", edit={"body": BODY})
        parent = rig.ref(rig.hub.add_issue("api", "Talk"))
        return replace(bench, title="body", text=markdown, given={"parent": parent})

    async def test_fields_can_be_emptied_where_described_so(self, bench: Bench) -> None:
        """The one exception: a comment without a body is refused."""
        _, before = await bench.create("Fill me")
        [outcome] = await bench.connector.write([Update(op=bench.op(), pre=before, fields={"body": None})])
        assert isinstance(outcome, Refused)
        assert str(outcome.error) == (
            f"{before.ref} body: a comment cannot be empty\n  fix: leave it as it is, or delete it by hand"
        )


def markdown(text: str) -> RichText:
    """Return a text as Markdown."""
    return RichText(TextFormat.MARKDOWN, text)
