"""What the stories about bad input have in common: six tasks in two tools, brought to agreement, then disturbed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from syncd.cli.finding import findings_of
from syncd.cli.options import Common
from syncd.engine.choices import retry
from syncd.engine.cycle import Cycle, sync
from syncd.engine.find import find_item
from syncd.engine.items import Item
from syncd.engine.plans import make_plan
from syncd.model.refs import ConnectionName
from syncd.report.findings import Findings, Tally
from syncd.sandbox.app import Sandbox
from syncd.sandbox.github import GitHubStandIn
from syncd.sandbox.jira import JiraStandIn
from syncd.store.rows import QuarantineRow
from tests.engine import contact
from tests.engine.bench import Bench, make_bench

JIRA, GITHUB = ConnectionName("jira-pmo"), ConnectionName("github-eng")
TASK = ("ENG-3", "acme/web#1")
"""One task in both tools."""
OTHER = ("ENG-4", "acme/web#2")
"""Another, which must flow on."""
CREATE = "create:\n  task: {from: jira-pmo, in: [{github-eng: {repository: api}}]}\n"
LATER_S = 600.0
"""Longer than any index lags."""


async def agreed(folder: Path, *, mapping: str = "") -> Bench:
    """Return an installation of six tasks past its first contact, all tools telling one story."""
    bench = make_bench(folder, items=6)
    bench.mapping += mapping
    return await contact.agreed(bench)


def jira_of(bench: Bench) -> JiraStandIn:
    """Return the Jira stand-in, with its administrator's hands."""
    tool = bench.sandbox.tools["jira"]
    assert isinstance(tool, JiraStandIn)
    return tool


def github_of(bench: Bench) -> GitHubStandIn:
    """Return the GitHub stand-in, with its administrator's hands."""
    tool = bench.sandbox.tools["github"]
    assert isinstance(tool, GitHubStandIn)
    return tool


def shown(bench: Bench, tool: str, key: str) -> Mapping[str, Any]:
    """Return an item as a person sees it."""
    item = bench.sandbox.tools[tool].show(key)
    assert isinstance(item, Mapping)
    return item


def census(bench: Bench) -> Counter[tuple[str, str]]:
    """Count what each tool holds, by title."""
    found: Counter[tuple[str, str]] = Counter()
    for name, tool in bench.sandbox.tools.items():
        rows = tool.show()
        assert isinstance(rows, list)
        found.update((name, str(row["title"])) for row in rows)
    return found


async def after_edits(bench: Bench) -> Cycle:
    """Sync once, when every index has caught up."""
    bench.clock.pass_(LATER_S)
    return await bench.sync()


async def flows(bench: Bench, title: str) -> None:
    """Check that the other task still follows an edit of its title, from either side."""
    bench.sandbox.tools["jira"].set(OTHER[0], "summary", title, by="ada")
    await after_edits(bench)
    await bench.sync()
    assert shown(bench, "github", OTHER[1])["title"] == title


async def all_is_well(bench: Bench) -> None:
    """Check that, with every fault gone, writing ends and all tools tell one story."""
    bench.sandbox.faults.clear()
    bench.clock.pass_(LATER_S)
    await bench.settle()
    verified = await bench.verify()
    assert verified.agrees, (verified.differences, verified.missing, verified.conflicts, verified.unreachable)


async def errors(bench: Bench) -> Mapping[str, str]:
    """Return what a person is told of each connection that takes no part, whole."""
    async with bench.desk() as desk:
        await sync(desk)
        return {name: str(account.error) for name, account in desk.accounts.items() if account.error is not None}


async def item_of(bench: Bench, key: str) -> Item:
    """Return the entity that *key* belongs to."""
    async with bench.desk() as desk:
        return await find_item(desk, key)


async def quarantined(bench: Bench) -> list[QuarantineRow]:
    """Return everything set aside."""
    async with bench.desk() as desk:
        return [row for name in desk.accounts for row in await desk.store.quarantine.all(name)]


async def retry_all(bench: Bench) -> None:
    """Run `syncd quarantine retry` for everything set aside."""
    async with bench.desk() as desk:
        await retry(desk, [row for name in desk.accounts for row in await desk.store.quarantine.all(name)])


async def findings(bench: Bench) -> Findings:
    """Return what `syncd plan` tells besides its writes, after every index has caught up."""
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        return await findings_of(desk, await make_plan(desk), Common())


def told(rows: Sequence[Tally]) -> dict[str, int]:
    """Return what was told, each once, with its count."""
    return {row.what: row.count for row in rows}


class Switchboard(httpx.AsyncBaseTransport):
    """Leads requests for the host `sandbox` to the stand-ins, and all others into the real network."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inside = sandbox.transport()
        self._outside = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* where its host leads."""
        inside = request.url.host == "sandbox"
        return await (self._inside if inside else self._outside).handle_async_request(request)

    async def aclose(self) -> None:
        """Close the network's side."""
        await self._outside.aclose()
