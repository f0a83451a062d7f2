from __future__ import annotations

import json
from datetime import date

import pytest

from syncd.model.native import Choice, Choices, Date, RichText, Text, TextFormat
from syncd.model.refs import Ref
from tests.connectors.conformance import Bench, Conformance
from tests.connectors.jira.bench import JiraSite, make_site

pytestmark = pytest.mark.contracts

DOC = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hello 😀"}]}],
}


@pytest.fixture
def site() -> JiraSite:
    """Return a fresh site."""
    return make_site()


class TestIssues(Conformance):
    @pytest.fixture
    def bench(self, site: JiraSite) -> Bench:
        """Return a bench of stories."""
        return Bench(
            connector=site.connect(),
            stranger=site.stranger(),
            world=site.world,
            hands=site,
            record_type="Story",
            container="PMO",
            title="summary",
            edit={
                "description": RichText(
                    TextFormat.ADF, json.dumps(DOC, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
                ),
                "duedate": Date(date(2026, 5, 1)),
                "labels": Choices(frozenset({Choice(id="api", label="api")})),
                "priority": Choice(id="2", label="High"),
            },
            labels="labels",
            nobody="999999",
            secret=str(site.tool.credentials()["token"]),
            lose_answer=lambda: _lose(site),
            settle=site.settle,
        )


class TestVersions(Conformance):
    @pytest.fixture
    def bench(self, site: JiraSite) -> Bench:
        """Return a bench of versions."""
        return Bench(
            connector=site.connect(),
            stranger=site.stranger(),
            world=site.world,
            hands=VersionHands(site),
            record_type="version",
            container="PMO",
            title="name",
            edit={
                "description": Text("Spring\nrelease"),
                "releaseDate": Date(date(2026, 5, 1)),
                "status": Choice(id="released", label="Released"),
            },
            nobody="999999",
            secret=str(site.tool.credentials()["token"]),
            lose_answer=lambda: _lose(site),
            settle=site.settle,
        )

    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        ref = await bench.hands.add("Before")
        assert [edit async for edit in bench.connector.history([ref])] == []


class VersionHands:
    """People at work on versions."""

    def __init__(self, site: JiraSite) -> None:
        self._site = site
        self.retitle = site.retitle
        self.delete = site.delete

    async def add(self, title: str) -> Ref:
        """Make a version."""
        return await self._site.add(title, "version")


def _lose(site: JiraSite) -> None:
    site.sandbox.faults.add("jira:reset-after-commit:kind=write:count=1")
