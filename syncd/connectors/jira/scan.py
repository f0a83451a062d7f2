"""
Reading what changed, and what there is, through Jira's search index, which lags.

The lower bound is in epoch milliseconds (a bare date-time would be read in the
account's own zone, to the minute) and reaches back by an overlap; there is no
upper bound. Pages are ordered by key, which does not move while we read.
Source: vendor facts, "Cursor traps" (J7, J8).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.fields import ISSUE, VERSION
from syncd.connectors.jira.payloads import IdPage, SearchPage, Version
from syncd.connectors.jira.queries import PROJECT_VERSIONS, SEARCH
from syncd.connectors.jira.records import PROPERTY, issue_record, version_record
from syncd.connectors.jira.settings import JiraSettings, Scope
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import Known, Page
from syncd.errors import RejectedError, UnavailableError
from syncd.model.native import Record
from syncd.model.refs import Cursor, Ref

MAX_PAGES: Final = 100_000
log = structlog.get_logger()

FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Mark(BaseModel):
    """Where a scan stands. While *token* is set, the scan that began at *started_ms* is unfinished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    query: str
    mark_ms: int | None = None
    """Everything changed before this was read, apart from what the index held back."""
    token: str | None = None
    started_ms: int | None = None
    newest_ms: int | None = None

    def as_cursor(self) -> Cursor:
        """Return it as text to keep."""
        return Cursor(self.model_dump_json(exclude_none=True))


def read_mark(cursor: Cursor | None, settings: JiraSettings, catalog: Catalog) -> Mark:
    """Return the mark in a cursor; the beginning when it is of another query, scope or format."""
    blank = Mark(query=query_hash(settings.scope, catalog))
    if cursor is None:
        return blank
    try:
        mark = Mark.model_validate_json(cursor)
    except ValidationError:
        return blank
    return mark if (mark.version, mark.query) == (blank.version, blank.query) else blank


def query_hash(scope: Scope, catalog: Catalog) -> str:
    """Return a hash of what a scan asks for."""
    text = "\n".join([*sorted(scope.projects), scope.jql or "", catalog.fingerprint])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_jql(scope: Scope, since_ms: int | None) -> str:
    """Return the search of everything in scope, changed at or after *since_ms* when given."""
    projects = ", ".join(f'"{key}"' for key in scope.projects)
    conditions = [f"project in ({projects})"]
    if scope.jql:
        conditions.append(f"({scope.jql})")
    if since_ms is not None:
        conditions.append(f"updated >= {since_ms}")
    return f"{' AND '.join(conditions)} ORDER BY key ASC"


async def scan(site: Site, catalog: Catalog, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
    """Yield the versions and issues that may have changed since a cursor, as pages to be kept one by one."""
    mark = read_mark(since, site.settings, catalog)
    versions = [record async for record in versions_in_scope(site, catalog)]
    yield Page(records=await _moved(versions, known), resume=mark.as_cursor())
    if mark.token is not None:
        try:
            async for page in _scan_issues(site, catalog, mark, known):
                yield page
        except RejectedError:  # the token has expired (after 7 days): begin this scan anew
            mark = Mark(query=mark.query, mark_ms=mark.mark_ms)
        else:
            return
    async for page in _scan_issues(site, catalog, mark, known):
        yield page


async def _scan_issues(site: Site, catalog: Catalog, mark: Mark, known: Known) -> AsyncIterator[Page]:
    started_ms = mark.started_ms if mark.token and mark.started_ms else to_ms(site.world.now())
    newest_ms = mark.newest_ms or 0
    token = mark.token
    overlap_ms = int(site.settings.options.overlap_s * 1000)
    since_ms = None if mark.mark_ms is None else mark.mark_ms - overlap_ms
    for _ in range(MAX_PAGES):
        page = await _search(site, catalog, since_ms, token)
        records = list(_records(site, catalog, page))
        newest_ms = max([newest_ms, *(to_ms(one.updated_at) for one in records if one.updated_at)])
        token = page.next_token
        if token is None:
            done_ms = min(newest_ms or mark.mark_ms or started_ms, started_ms)
            resume = Mark(query=mark.query, mark_ms=max(done_ms, mark.mark_ms or 0))
        else:
            resume = mark.model_copy(update={"token": token, "started_ms": started_ms, "newest_ms": newest_ms})
        yield Page(records=await _moved(records, known), resume=resume.as_cursor())
        if token is None:
            return
    raise UnavailableError(
        f"the search did not end within {MAX_PAGES:,} pages", where=site.name, fix="narrow scope.projects or scope.jql"
    )


def _records(site: Site, catalog: Catalog, page: SearchPage) -> Iterator[Record]:
    for issue in page.issues:
        try:
            yield issue_record(issue, catalog, site.name, site.settings)
        except RejectedError as exc:  # one bad issue stops nothing; the daily sweep reads it by id and sets it aside
            log.warning("issue_unreadable", connector=site.name, issue=issue.id, why=exc.what)


async def _search(site: Site, catalog: Catalog, since_ms: int | None, token: str | None) -> SearchPage:
    body: dict[str, object] = {
        "jql": make_jql(site.settings.scope, since_ms),
        "maxResults": site.settings.options.page_size,
        "fields": catalog.asked,
        "properties": [PROPERTY],
    }
    if token is not None:
        body["nextPageToken"] = token
    return await site.ask(SEARCH, SearchPage, body, where=f"{site.name} (scope)")


async def issue_ids(site: Site, jql: str) -> AsyncIterator[list[Ref]]:
    """Yield the refs of every issue a search finds, page by page."""
    token: str | None = None
    for _ in range(MAX_PAGES):
        body: dict[str, object] = {"jql": jql, "maxResults": site.settings.options.ids_page_size, "fields": ["id"]}
        if token is not None:
            body["nextPageToken"] = token
        page = await site.ask(SEARCH, IdPage, body, where=f"{site.name} (scope)")
        yield [Ref(site.name, ISSUE, issue.id) for issue in page.issues]
        token = page.next_token
        if token is None:
            return
    raise UnavailableError(
        f"the search did not end within {MAX_PAGES:,} pages", where=site.name, fix="narrow scope.projects or scope.jql"
    )


async def sweep(site: Site) -> AsyncIterator[Sequence[Ref]]:
    """Yield the refs of everything in scope."""
    async for refs in issue_ids(site, make_jql(site.settings.scope, None)):
        yield refs
    for key in site.settings.scope.projects:
        yield [Ref(site.name, VERSION, version.id) for version in await read_versions(site, key)]


async def read_versions(site: Site, project: str) -> list[Version]:
    """Return every version of a project, archived ones too: this listing is not an index and does not lag."""
    return await site.get(PROJECT_VERSIONS, list[Version], project, where=f"{site.name} project {project}")


async def versions_in_scope(site: Site, catalog: Catalog) -> AsyncIterator[Record]:
    """Yield every version of the projects in scope."""
    for key in site.settings.scope.projects:
        for version in await read_versions(site, key):
            yield version_record(version, catalog, site.name, site.settings)


async def _moved(records: Sequence[Record], known: Known) -> tuple[Record, ...]:
    held = await known([record.ref for record in records])
    return tuple(record for record in records if held.get(record.ref) != record.revision)


def to_ms(moment: datetime) -> int:
    """Return a moment as epoch milliseconds."""
    return (moment - FIRST) // timedelta(milliseconds=1)
