"""Reading everything: several requests at a time, and from any point on after a kill."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx
import pytest

from syncd.connectors.jira.marks import Mark
from syncd.connectors.protocol import Connector, Page
from syncd.errors import UnavailableError
from syncd.model.refs import Cursor, Ref, Revision
from tests.connectors.jira.bench import JiraSite, make_site

pytestmark = pytest.mark.contracts

SMALL = {"page_size": 3, "ids_page_size": 8}


@pytest.fixture
def site() -> JiraSite:
    """Return a fresh site."""
    return make_site(20)


def connect(site: JiraSite, **options: object) -> Connector:
    return site.connect(site.settings(options={**SMALL, **options}))


async def nothing_known(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
    del refs
    return {}


async def read(connector: Connector, since: Cursor | None = None, *, pages: int | None = None) -> list[Page]:
    """Return the pages of a scan, the first so many of them only when told."""
    found: list[Page] = []
    async for page in connector.changes(since, nothing_known):
        found.append(page)
        if len(found) == pages:
            break
    return found


async def collect(connector: Connector, pages: list[Page]) -> None:
    """Add the pages of a scan to *pages*, as far as it gets."""
    async for page in connector.changes(None, nothing_known):
        pages.append(page)  # noqa: PERF401 - what came before a failure is wanted


def refs_of(pages: Sequence[Page]) -> list[Ref]:
    return [record.ref for page in pages for record in page.records]


def issues_of(site: JiraSite) -> set[Ref]:
    return {Ref(site.connect().name, "issue", str(number)) for number in site.tool.site.issues}


@dataclass
class Crowd(httpx.AsyncBaseTransport):
    """Counts how many requests of each path are under way at once."""

    inner: httpx.AsyncBaseTransport
    under_way: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    slow: str = ""
    """Text of a request that takes much longer than the others."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition("/")[2]
        self.under_way[path] += 1
        self.most[path] = max(self.most[path], self.under_way[path])
        for _ in range(3000 if self.slow and self.slow.encode() in request.content else 20):
            await asyncio.sleep(0)
        try:
            return await self.inner.handle_async_request(request)
        finally:
            self.under_way[path] -= 1


def crowded(site: JiraSite, slow: str = "") -> Crowd:
    """Let the site's next connections share a counting transport."""
    make = site.world.transport
    assert make is not None
    crowd = Crowd(inner=make(), slow=slow)
    site.world = replace(site.world, transport=lambda: crowd)
    return crowd


@pytest.mark.parametrize("in_flight", [2, 8])
async def test_several_requests_are_under_way_and_never_more_than_allowed(site: JiraSite, in_flight: int) -> None:
    crowd = crowded(site)
    pages = await read(connect(site, scan_in_flight=in_flight, page_size=1))
    assert set(refs_of(pages)) >= issues_of(site)
    assert crowd.most["bulkfetch"] == in_flight
    assert crowd.most["jql"] == 1, "the list of ids is one chain"


async def test_a_scan_costs_little_more_than_its_pages(site: JiraSite) -> None:
    connector = connect(site, ids_page_size=5000, page_size=1)
    await connector.describe()
    since = len(site.sandbox.log.entries())
    await read(connector)
    spent = Counter(entry.operation for entry in site.sandbox.log.entries()[since:])
    pages = len(issues_of(site))
    assert spent["POST /rest/api/3/issue/bulkfetch"] == pages
    assert sum(spent.values()) == pages + 1 + 3, "one list of ids; the account and two projects' versions"


async def test_records_come_once_in_the_order_of_the_list_and_count_as_read_by_id(site: JiraSite) -> None:
    serial = [page for page in await read(connect(site, scan_in_flight=1)) if page.records][1:]
    crowded(site, slow=min(issues_of(site)).id)
    pages = [page for page in await read(connect(site)) if page.records][1:]
    assert refs_of(pages) == refs_of(serial)
    assert all(page.direct for page in pages)
    assert not any(page.direct for page in serial)


async def test_killed_after_any_page_it_goes_on_and_misses_nothing(site: JiraSite) -> None:
    whole = await read(connect(site))
    for kept in range(1, len(whole)):
        before = await read(connect(site), pages=kept)
        after = await read(connect(site), before[-1].resume)
        assert set(refs_of([*before, *after])) == set(refs_of(whole)), kept
        again = set(refs_of(before)) & set(refs_of(after))
        assert not {ref for ref in again if ref.kind == "issue"}, f"after {kept} pages some were read twice"
        assert after[-1].resume == whole[-1].resume


async def test_a_list_that_reads_otherwise_after_a_kill_is_read_from_its_page_on(site: JiraSite) -> None:
    whole = await read(connect(site))
    for kept in range(2, len(whole)):
        fresh = make_site(20)
        before = await read(connect(fresh), pages=kept)
        left = issues_of(fresh) - set(refs_of(before))
        victim = max(left, default=None)
        if victim is None or fresh.tool.site.children_of(int(victim.id)):
            continue
        await fresh.delete(victim)
        after = await read(connect(fresh), before[-1].resume)
        assert set(refs_of([*before, *after])) >= issues_of(fresh), kept
        assert victim not in refs_of(after)


async def test_keys_with_gaps_and_issues_gone_since_they_were_listed_do_no_harm(site: JiraSite) -> None:
    added = [await site.add(f"Passing {number}") for number in range(12)]
    for ref in added[::2]:
        await site.delete(ref)
    await site.settle()
    doomed = added[-1]
    pages: list[Page] = []
    async for page in connect(site, scan_in_flight=2).changes(None, nothing_known):
        if not pages:
            await site.delete(doomed)  # listed by now or not: it is not read
        pages.append(page)
    assert set(refs_of(pages)) >= issues_of(site)
    assert doomed not in refs_of(pages)


async def test_an_issue_that_moves_between_projects_meanwhile_is_found_by_the_next_scan(site: JiraSite) -> None:
    for seen_pages in (1, 2, 4, 6):
        connector, moved = connect(site), await site.add("Restless")
        await site.settle()
        pages: list[Page] = []
        async for page in connector.changes(None, nothing_known):
            pages.append(page)
            if len(pages) == seen_pages:
                site.tool.move(moved.id, "ENG")
        await site.settle()
        later = await read(connector, pages[-1].resume)
        last = {record.ref: record for page in [*pages, *later] for record in page.records}[moved]
        assert last.container == "ENG"


async def test_an_edit_made_while_scanning_is_seen_by_the_next_scan(site: JiraSite) -> None:
    connector, edited = connect(site), await site.add("Before")
    await site.settle()
    pages: list[Page] = []
    async for page in connector.changes(None, nothing_known):
        pages.append(page)
        site.clock.at_s += 300.0
    await site.retitle(edited, "After")
    mark = Mark.model_validate_json(pages[-1].resume or "")
    assert mark.mark_ms is not None
    await site.settle()
    later = await read(connector, pages[-1].resume)
    assert edited in refs_of(later)


async def test_a_failure_stops_everything_under_way_and_keeps_the_place(site: JiraSite) -> None:
    whole = set(refs_of(await read(connect(site))))
    site.sandbox.faults.add("jira:503:match=bulkfetch:after=3")
    pages: list[Page] = []
    with pytest.raises(UnavailableError):
        await collect(connect(site), pages)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    site.sandbox.faults.clear()
    after = await read(connect(site), pages[-1].resume)
    assert set(refs_of([*pages, *after])) == whole


async def test_a_scan_given_up_leaves_nothing_running(site: JiraSite) -> None:
    scan = connect(site).changes(None, nothing_known)
    await anext(scan)
    await anext(scan)
    await scan.aclose()  # type: ignore[attr-defined]  # every connector's scan is a generator
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_an_unfinished_scan_of_the_other_kind_begins_anew(site: JiraSite) -> None:
    whole = set(refs_of(await read(connect(site))))
    for first, second in ((1, 8), (8, 1)):
        before = await read(connect(site, scan_in_flight=first), pages=6)
        after = await read(connect(site, scan_in_flight=second), before[-1].resume)
        assert set(refs_of(after)) == whole


async def test_an_empty_scope_ends_with_a_mark(site: JiraSite) -> None:
    settings = site.settings(scope={"projects": ["PMO"], "jql": "labels = nobody-has-it"})
    pages = await read(site.connect(settings))
    assert Mark.model_validate_json(pages[-1].resume or "").mark_ms is not None
    assert {ref.kind for ref in refs_of(pages)} <= {"version"}
