"""A connection whose address, or credential, leads to another site than before: nothing there is taken for ours."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import httpx

from syncd.engine.stranger import site_of
from syncd.errors import StrangerError
from syncd.sandbox.app import Sandbox, make_sandbox
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.log import RequestKind
from tests.engine.bench import Bench
from tests.engine.hand import (
    CREATE,
    LATER_S,
    OTHER,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    errors,
    flows,
    shown,
)

HERE, ELSEWHERE = "http://sandbox/jira", "http://elsewhere/jira"


class Two(httpx.AsyncBaseTransport):
    """Leads requests for the host `elsewhere` to a second sandbox, and all others to the first."""

    def __init__(self, first: Sandbox, second: Sandbox) -> None:
        self._first, self._second = first.transport(), second.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* where its host leads."""
        there = self._second if request.url.host == "elsewhere" else self._first
        return await there.handle_async_request(request)


async def two_sites(folder: Path, *, is_copy: bool = False) -> tuple[Bench, Sandbox]:
    """Return an installation in agreement, and a second Jira with the same ids: a copy of the first, or a stranger."""
    bench = await agreed(folder, mapping=CREATE)
    bench.clock.pass_(LATER_S)
    other = pickle.loads(pickle.dumps(bench.sandbox)) if is_copy else make_sandbox(("jira",), bench.world, items=6)  # noqa: S301 - our own
    bench.world = replace(bench.world, transport=lambda: Two(bench.sandbox, other))
    bench.env = {**bench.env, "OTHER_TOKEN": str(other.tools["jira"].credentials()["token"])}
    return bench, other


def move_to(bench: Bench, there: str) -> None:
    """Write another address into the configuration."""
    names = {HERE: "{env: JIRA_TOKEN}", ELSEWHERE: "{env: OTHER_TOKEN}"}
    here = HERE if there is ELSEWHERE else ELSEWHERE
    bench.main = bench.main.replace(f"url: {here}\n", f"url: {there}\n").replace(names[here], names[there])


async def test_what_another_site_holds_under_the_same_ids_is_nobodys_edit(tmp_path: Path) -> None:
    bench, other = await two_sites(tmp_path)
    other.tools["jira"].set(TASK[0], "summary", "A stranger's task")
    before, mark, other_mark = census(bench), bench.sandbox.log.mark(), other.log.mark()
    move_to(bench, ELSEWHERE)
    for _ in range(3):
        await after_edits(bench)
    assert bench.writes_since(mark) == []
    assert census(bench) == before
    assert [entry for entry in other.log.since(other_mark) if entry.kind is RequestKind.WRITE] == []
    told = (await errors(bench))["jira-pmo"]
    assert "another site" in told
    assert "fix:" in told
    move_to(bench, HERE)
    await flows(bench, "As ever")
    await all_is_well(bench)


async def test_no_credential_in_an_address_is_kept_or_told(tmp_path: Path) -> None:
    bench, _ = await two_sites(tmp_path)
    bench.main = bench.main.replace(HERE, "http://ada:canary@elsewhere/jira")
    async with bench.desk() as desk:
        (account,) = (each for name, each in desk.accounts.items() if name.startswith("jira"))
        assert site_of(account) == ELSEWHERE


async def test_a_site_that_moved_to_another_address_is_known_by_what_it_holds(tmp_path: Path) -> None:
    bench, other = await two_sites(tmp_path, is_copy=True)
    move_to(bench, ELSEWHERE)
    other.tools["jira"].set(OTHER[0], "summary", "Edited at the new address")
    await after_edits(bench)
    assert await errors(bench) == {}
    assert shown(bench, "github", OTHER[1])["title"] == "Edited at the new address"


async def test_an_empty_site_is_another_one(tmp_path: Path) -> None:
    bench, other = await two_sites(tmp_path)
    stranger = other.tools["jira"]
    assert isinstance(stranger, JiraStandIn)
    for issue in list(stranger.site.issues.values()):
        stranger.delete(issue.key)
    before, mark = census(bench), bench.sandbox.log.mark()
    move_to(bench, ELSEWHERE)
    for _ in range(3):
        await after_edits(bench)
    assert (bench.writes_since(mark), census(bench)) == ([], before)
    async with bench.desk() as desk:
        account = desk.accounts[next(name for name in desk.accounts if name.startswith("jira"))]
        assert isinstance(account.error, StrangerError)
