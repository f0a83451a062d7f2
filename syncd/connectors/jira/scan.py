"""
Reading what changed, through Jira's search index, which lags.

The lower bound is in epoch milliseconds (a bare date-time would be read in the
account's own zone, to the minute) and reaches back by an overlap; there is no
upper bound. Pages are ordered by key, which does not move while we read.
Source: vendor facts, "Cursor traps" (J7, J8). Everything there is, is read in
`full`, several requests at a time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from syncd.connectors.jira.comments import comments_on, with_marks
from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.fields import COMMENT, ITERATION, PROPERTY
from syncd.connectors.jira.full import MAX_PAGES, endless, issue_records, read_all, read_versions
from syncd.connectors.jira.marks import Mark, Scan, make_jql, read_mark, to_ms
from syncd.connectors.jira.payloads import SearchPage
from syncd.connectors.jira.queries import SEARCH
from syncd.connectors.jira.records import version_record
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import Page
from syncd.errors import RejectedError
from syncd.model.native import Record
from syncd.model.refs import Cursor


async def scan(scan: Scan, since: Cursor | None) -> AsyncGenerator[Page, None]:
    """Yield the versions, sprints and issues that may have changed since a cursor, as pages to be kept one by one."""
    mark = read_mark(since, scan)
    dated = [record async for record in versions_in_scope(scan.site, scan.catalog)]
    if ITERATION in scan.types:
        dated += await scan.sprints.read_all(scan.account)
    yield Page(records=tuple(await scan.moved(dated)), resume=mark.as_cursor())
    for start in (mark, mark.anew()):
        try:
            async with aclosing(_read_issues(scan, start)) as pages:
                async for page in pages:
                    yield page
        except RejectedError:
            if start.token is None:
                raise
        else:
            return  # otherwise the token has expired (after 7 days), and this scan begins anew


def _read_issues(scan: Scan, mark: Mark) -> AsyncGenerator[Page, None]:
    """Yield what changed along one chain of pages; where all is to be read, several pages at a time."""
    is_full = mark.mark_ms is None and scan.site.settings.options.scan_in_flight > 1
    at = mark if mark.started_ms is None or mark.is_list == is_full else mark.anew()
    return read_all(scan, at) if is_full else _read_chain(scan, at)


async def _read_chain(scan: Scan, mark: Mark) -> AsyncGenerator[Page, None]:
    mark = mark.begun(to_ms(scan.site.world.now()))
    for _ in range(MAX_PAGES):
        page = await _search(scan, mark)
        records = issue_records(scan, page.issues)
        mark = mark.saw(records).model_copy(update={"token": page.next_token})
        resume = mark if page.next_token else mark.done()
        kept = await scan.moved(records)
        if COMMENT in scan.types:
            comments = await scan.moved(await comments_on(scan.site, page.issues))
            kept += await with_marks(scan.site, scan.account.account_id, comments)
        yield Page(records=tuple(kept), resume=resume.as_cursor())
        if page.next_token is None:
            return
    raise endless(scan.site)


async def _search(scan: Scan, mark: Mark) -> SearchPage:
    options = scan.site.settings.options
    since_ms = mark.mark_ms - int(options.overlap_s * 1000) if mark.mark_ms else None
    body: dict[str, object] = {
        "jql": make_jql(scan.site.settings.scope, since_ms),
        "maxResults": options.page_size,
        "fields": scan.asked,
        "properties": [PROPERTY],
    }
    if mark.token is not None:
        body["nextPageToken"] = mark.token
    return await scan.site.ask(SEARCH, SearchPage, body, where=f"{scan.site.name} (scope)")


async def versions_in_scope(site: Site, catalog: Catalog) -> AsyncIterator[Record]:
    """Yield every version of the projects in scope."""
    for key in site.settings.scope.projects:
        for version in await read_versions(site, key):
            yield version_record(version, catalog, site.name, site.settings)
