"""Every promise of the protocol, against the stand-in and the real thing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from syncd.model.native import Choice, Choices, Date, Number, RichText, Text, TextFormat
from syncd.model.refs import Ref
from tests.connectors.conformance import Bench, Conformance
from tests.connectors.redmine.site import ADMIN_KEY, STRANGER, USER_KEY, Site, lose_next_write


class IssueHands:
    """People at work on issues."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def add(self, title: str) -> Ref:
        return await self._site.add_issue(title)

    async def retitle(self, ref: Ref, title: str) -> None:
        await self._site.edit_issue(ref, subject=title)

    async def delete(self, ref: Ref) -> None:
        await self._site.call("DELETE", f"/issues/{ref.id}.json")


class VersionHands:
    """People at work on versions."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def add(self, title: str) -> Ref:
        return await self._site.add_version(title)

    async def retitle(self, ref: Ref, title: str) -> None:
        await self._site.call("PUT", f"/versions/{ref.id}.json", {"version": {"name": title}})

    async def delete(self, ref: Ref) -> None:
        await self._site.call("DELETE", f"/versions/{ref.id}.json")


class TestIssues(Conformance):
    @pytest.fixture
    async def bench(self, site: Site) -> Bench:
        await site.add_issue("There already")
        connector, wire = site.connect()
        return Bench(
            connector=connector,
            stranger=site.connect(STRANGER)[0],
            world=site.world,
            hands=IssueHands(site),
            record_type="Feature",
            container=site.project,
            title="subject",
            edit={
                "description": RichText(TextFormat.MARKDOWN, "Ünïcode 🚀 and *stars*"),
                "start_date": Date(date(2026, 4, 30)),
                "due_date": Date(date(2026, 5, 1)),
                "priority": Choice("3", "High"),
                "estimated_hours": Number(Decimal("1.5")),
                "cf_3": Choices(frozenset({Choice("API", "API"), Choice("Docs", "Docs")})),
            },
            nobody="99999999",
            secret=site.keys[ADMIN_KEY],
            lose_answer=lambda: lose_next_write(wire),
        )


class TestIssuesOfAnOrdinaryAccount(TestIssues):
    """A developer is not told of custom fields: they are known from what shows."""

    @pytest.fixture
    async def bench(self, site: Site) -> Bench:
        await site.add_issue("So that custom fields show")
        formats = {"Story points": "float", "Team": "list", "Areas": "list", "Committed on": "date", "Ready": "bool"}
        connector, wire = site.connect(USER_KEY, custom_fields=formats)
        return Bench(
            connector=connector,
            stranger=site.connect(STRANGER)[0],
            world=site.world,
            hands=IssueHands(site),
            record_type="Feature",
            container=site.project,
            title="subject",
            edit={
                "description": RichText(TextFormat.MARKDOWN, "Text"),
                "cf_1": Number(Decimal(5)),
                "cf_3": Choices(frozenset({Choice("API", "API")})),
                "cf_5": Date(date(2026, 5, 1)),
            },
            nobody="99999999",
            secret=site.keys[USER_KEY],
            lose_answer=lambda: lose_next_write(wire),
        )


class TestVersions(Conformance):
    @pytest.fixture
    async def bench(self, site: Site) -> Bench:
        await site.add_version("There already")
        connector, wire = site.connect()
        return Bench(
            connector=connector,
            stranger=site.connect(STRANGER)[0],
            world=site.world,
            hands=VersionHands(site),
            record_type="version",
            container=site.project,
            title="name",
            edit={
                "description": Text("Spring release"),
                "due_date": Date(date(2026, 5, 1)),
                "status": Choice("closed", "closed"),
            },
            nobody="99999999",
            secret=site.keys[ADMIN_KEY],
            lose_answer=lambda: lose_next_write(wire),
        )

    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        ref = await bench.hands.add("Before")
        assert [edit async for edit in bench.connector.history([ref])] == []
