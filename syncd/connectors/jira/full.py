"""
Everything in scope, several requests at a time.

The ids come first, up to 5,000 a page of the search; then the issues of a
hundred ids a request, some of them under way at the same time, each by id and
so as they are now. Cutting the search itself into ranges of keys would save
the list, but is not safe: a range whose bound names an issue that is not there
(deleted, moved, not yet made) answers with nothing and no error.
Source: CData's Jira driver documentation, "KeyColumnOperators", read 2026-11.

Pages are handed on in the order of the list, so a cursor is a page of the list
and how much of it has been read. A list that reads otherwise after a restart
is read from that page's beginning.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from syncd.connectors.jira.comments import comments_on, with_marks
from syncd.connectors.jira.fields import COMMENT, ISSUE, VERSION
from syncd.connectors.jira.marks import Mark, Scan, make_jql, to_ms
from syncd.connectors.jira.payloads import IdPage, Issue, Version
from syncd.connectors.jira.queries import PROJECT_VERSIONS, SEARCH
from syncd.connectors.jira.reads import batched, fetch_issues
from syncd.connectors.jira.records import issue_record
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import Page
from syncd.errors import RejectedError, UnavailableError
from syncd.model.native import Record, RecordState
from syncd.model.refs import Ref

MAX_PAGES: Final = 100_000
READ_AHEAD: Final = 2
"""Pages that may wait for a slower one before them, on top of those under way."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Some ids to be read by one request, and where the scan stands once their records are kept."""

    ids: tuple[str, ...]
    mark: Mark
    is_last: bool


async def read_all(scan: Scan, mark: Mark) -> AsyncGenerator[Page, None]:
    """Yield every issue in scope, with its comments where they are asked for, as pages to be kept one by one."""
    begun = mark.begun(to_ms(scan.site.world.now()))
    free = asyncio.Semaphore(scan.site.settings.options.scan_in_flight)

    async def read(portion: Portion) -> list[Record]:
        async with free:
            return await _read_portion(scan, portion)

    ahead: deque[tuple[Portion, asyncio.Task[list[Record]]]] = deque()
    try:
        async with aclosing(_portions(scan, begun)) as portions:
            async for portion in portions:
                ahead.append((portion, asyncio.create_task(read(portion))))
                if len(ahead) >= scan.site.settings.options.scan_in_flight + READ_AHEAD:
                    page, begun = await _next_page(scan, begun, ahead)
                    yield page
            while ahead:
                page, begun = await _next_page(scan, begun, ahead)
                yield page
    finally:
        for _, task in ahead:
            task.cancel()
        await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)


async def _next_page(
    scan: Scan, begun: Mark, ahead: deque[tuple[Portion, asyncio.Task[list[Record]]]]
) -> tuple[Page, Mark]:
    """Wait for the oldest portion; return its page, and the scan with what it has seen so far."""
    portion, task = ahead[0]
    records = await task
    ahead.popleft()
    begun = begun.saw(records)
    stands = portion.mark.model_copy(update={"newest_ms": begun.newest_ms})
    resume = stands.done() if portion.is_last else stands
    kept = await scan.moved(records)
    return Page(records=tuple(kept), direct=True, resume=resume.as_cursor()), begun


async def _portions(scan: Scan, mark: Mark) -> AsyncGenerator[Portion, None]:
    """Yield the ids still to be read, the next page of their list being fetched meanwhile."""
    jql = make_jql(scan.site.settings.scope, None)
    token, digest, done = mark.token, mark.listed, mark.read
    page = await list_ids(scan.site, jql, token)
    for _ in range(MAX_PAGES):
        ids = [issue.id for issue in page.issues]
        listed = _digest(ids)
        start = done if digest == listed else 0
        after = page.next_token
        coming = asyncio.create_task(list_ids(scan.site, jql, after)) if after is not None else None
        try:
            for some in batched(ids[start:], scan.site.settings.options.page_size):
                start += len(some)
                is_whole = start >= len(ids)
                stands = mark.at(after) if is_whole else mark.at(token, listed, start)
                yield Portion(ids=tuple(some), mark=stands, is_last=is_whole and after is None)
            if coming is None:
                break
            page = await coming
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        token, digest, done = after, None, 0
    else:
        raise endless(scan.site)
    if not ids:
        yield Portion(ids=(), mark=mark.at(None), is_last=True)


async def _read_portion(scan: Scan, portion: Portion) -> list[Record]:
    if not portion.ids:
        return []
    site = scan.site
    issues, refused = await fetch_issues(site, portion.ids, scan.asked)
    for issue_id, error in refused.items():
        log.warning("issue_unreadable", connector=site.name, issue=issue_id, why=error.what)
    records = issue_records(scan, issues)
    if COMMENT in scan.types:
        records += await with_marks(site, scan.account.account_id, await comments_on(site, issues))
    return [record for record in records if record.state is RecordState.LIVE]  # one may have left since it was listed


def _digest(ids: Sequence[str]) -> str:
    return hashlib.sha256(",".join(ids).encode()).hexdigest()[:16]


def issue_records(scan: Scan, issues: Sequence[Issue]) -> list[Record]:
    """Return issues as records; a bad one stops nothing: the daily sweep reads it by id and sets it aside."""
    site, records = scan.site, []
    for issue in issues:
        try:
            records.append(issue_record(issue, scan.catalog, site.name, site.settings))
        except RejectedError as exc:
            log.warning("issue_unreadable", connector=site.name, issue=issue.id, why=exc.what)
    return records


def endless(site: Site) -> UnavailableError:
    """Return the error of a search that does not end."""
    return UnavailableError(
        f"the search did not end within {MAX_PAGES:,} pages", where=site.name, fix="narrow scope.projects or scope.jql"
    )


async def list_ids(site: Site, jql: str, token: str | None) -> IdPage:
    """Return one page of the ids a search finds."""
    body: dict[str, object] = {"jql": jql, "maxResults": site.settings.options.ids_page_size, "fields": ["id"]}
    if token is not None:
        body["nextPageToken"] = token
    return await site.ask(SEARCH, IdPage, body, where=f"{site.name} (scope)")


async def issue_ids(site: Site, jql: str) -> AsyncIterator[list[Ref]]:
    """Yield the refs of every issue a search finds, page by page."""
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = await list_ids(site, jql, token)
        yield [Ref(site.name, ISSUE, issue.id) for issue in page.issues]
        token = page.next_token
        if token is None:
            return
    raise endless(site)


async def sweep(site: Site) -> AsyncIterator[Sequence[Ref]]:
    """
    Yield the refs of the issues and versions in scope, but not of the comments.

    Listing those would cost a page of issues for every hundred; an edited or new
    one moves its issue, and one that is gone is found by reading it by id.
    """
    async for refs in issue_ids(site, make_jql(site.settings.scope, None)):
        yield refs
    for key in site.settings.scope.projects:
        yield [Ref(site.name, VERSION, version.id) for version in await read_versions(site, key)]


async def read_versions(site: Site, project: str) -> list[Version]:
    """Return every version of a project, archived ones too: this listing is not an index and does not lag."""
    return await site.get(PROJECT_VERSIONS, list[Version], project, where=f"{site.name} project {project}")
