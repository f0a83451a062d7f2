"""The promises every connector makes, for each kind of record Linear lets us create."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from syncd.connectors.linear.fields import PRIORITIES
from syncd.connectors.protocol import Refused, Update
from syncd.model.native import Choice, Choices, Date, Native, Number, RichText, Text, TextFormat
from syncd.model.refs import Ref
from tests.connectors.conformance import Bench, Conformance
from tests.connectors.linear.rig import Rig

BODY = RichText(TextFormat.MARKDOWN, "Hello 😀\n\n* *one*")
NOBODY = "00000000-0000-4000-8000-000000000000"


class Hands:
    """People at work on one kind of record."""

    def __init__(self, rig: Rig, kind: str, container: str) -> None:
        self._rig = rig
        self._kind = kind
        self._container = container

    async def add(self, title: str) -> Ref:
        """Make one."""
        return self._rig.add(self._kind, self._container, title=title)

    async def retitle(self, ref: Ref, title: str) -> None:
        """Change its title."""
        self._rig.tool.set(ref.id, {"issue": "title", "comment": "description"}.get(self._kind, "name"), title)

    async def delete(self, ref: Ref) -> None:
        """Delete it for good: what is only in the trash is still there."""
        if self._kind == "issue":
            self._rig.tool.purge(ref.id)
        elif self._kind in {"milestone", "comment"}:
            self._rig.tool.delete(ref.id)
        else:
            self._rig.tool.hide(ref.id)


def make_bench(rig: Rig, kind: str, container: str, edit: dict[str, Native], *, hands_in: str | None = None) -> Bench:
    async def settle() -> None:
        await rig.clock.sleep(5)

    return Bench(
        connector=rig.connector,
        stranger=rig.connect(auth={"api_key": "lin_api_wrong"}),
        world=rig.world,
        hands=Hands(rig, kind, hands_in or container),
        record_type=kind,
        container=container,
        title="title" if kind == "issue" else "name",
        edit=edit,
        nobody=NOBODY,
        secret=rig.tool.token,
        labels="labels" if kind in {"issue", "project"} else None,
        lose_answer=lambda: rig.fault("linear:reset-after-commit:kind=write:count=1"),
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
        edit: dict[str, Native] = {
            "description": BODY,
            "labels": Choices(frozenset({Choice("Sync", "Sync")})),
            "priority": PRIORITIES[1],
            "estimate": Number(Decimal(3)),
            "dueDate": Date(date(2026, 5, 1)),
        }
        return make_bench(rig, "issue", "API", edit)


class WithoutHistory(Conformance):
    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        """Linear describes the history of issues only: of everything else nothing is told."""
        ref = await bench.hands.add("Before")
        await bench.hands.retitle(ref, "After")
        assert [edit async for edit in bench.connector.history([ref])] == []


class TestProjects(WithoutHistory):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of projects."""
        edit: dict[str, Native] = {
            "content": BODY,
            "summary": Text("In short"),
            "priority": PRIORITIES[0],
            "startDate": Date(date(2026, 4, 1)),
            "targetDate": Date(date(2026, 5, 1)),
        }
        return make_bench(rig, "project", "API", edit)


class TestInitiatives(WithoutHistory):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of initiatives."""
        edit: dict[str, Native] = {"content": BODY, "targetDate": Date(date(2026, 5, 1))}
        return make_bench(rig, "initiative", "acme", edit)


class TestMilestones(WithoutHistory):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of milestones of one project."""
        project = rig.add("project", "API", name="Billing")
        edit: dict[str, Native] = {"description": BODY, "targetDate": Date(date(2026, 5, 1))}
        return make_bench(rig, "milestone", "API/Billing", edit, hands_in=project.id)


class TestComments(WithoutHistory):
    @pytest.fixture
    def bench(self, rig: Rig) -> Bench:
        """Return a bench of comments on one issue; a comment is nothing but its body, which cannot be empty."""
        rig.connector.focus(frozenset({"comment", "issue"}))
        issue = rig.add("issue", "API", title="Talk")
        bench = make_bench(rig, "comment", "API", {"body": BODY}, hands_in=issue.id)
        return replace(bench, title="body", text=markdown, given={"parent": issue})

    async def test_fields_can_be_emptied_where_described_so(self, bench: Bench) -> None:
        """The one exception: a comment without a body is refused."""
        _, before = await bench.create("Fill me")
        [outcome] = await bench.connector.write([Update(op=bench.op(), pre=before, fields={"body": None})])
        assert isinstance(outcome, Refused)
        assert str(outcome.error) == (
            f"{before.ref} body: a comment cannot be empty\n  fix: delete it by hand in Linear if it is to go"
        )


def markdown(text: str) -> RichText:
    """Return a text as Markdown."""
    return RichText(TextFormat.MARKDOWN, text)
