"""
Reading what changed, what there is, and single records.

Pages follow the id (`issue_id=>=N`, sorted by id), which never moves: an issue
edited or deleted while we page shifts nothing. The lower bound on `updated_on`
reaches back by an overlap from the older of "the newest change seen" and "when
the scan began". Because relations, children and versions change an issue
without moving its `updated_on`, everything is read anew every `reread_s`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from pydantic import AwareDatetime

from syncd.connectors._mark import ScanMark, read_cursor
from syncd.connectors._together import side_by_side
from syncd.connectors.protocol import FieldEdit, Known, Page, only_moved
from syncd.connectors.redmine.catalog import ISSUE, VERSION, Catalog
from syncd.connectors.redmine.comments import COMMENT, comments_of, read_comments
from syncd.connectors.redmine.payloads import IdPage, Issue, IssuePage, OneIssue, OneVersion, Project, Version, Versions
from syncd.connectors.redmine.queries import (
    ANY_STATUS,
    ISSUES,
    MAX_LIMIT,
    ONLY_THIS_PROJECT,
    PROJECT_VERSIONS,
)
from syncd.connectors.redmine.queries import (
    ISSUE as ISSUE_PATH,
)
from syncd.connectors.redmine.queries import (
    VERSION as VERSION_PATH,
)
from syncd.connectors.redmine.records import issue_record, version_record
from syncd.connectors.redmine.site import MAX_PAGES, Site
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError, UnavailableError
from syncd.model.native import Record
from syncd.model.refs import Cursor, Ref

P = TypeVar("P", IssuePage, IdPage)

RELATIONS: Final = {"include": "relations"}
JOURNAL_KEYS: Final = {
    "status_id": "status",
    "priority_id": "priority",
    "assigned_to_id": "assigned_to",
    "category_id": "category",
    "fixed_version_id": "fixed_version",
    "parent_id": "parent",
}
"""What journals call fields that we call otherwise."""


class Mark(ScanMark):
    """Where a scan stands. While *started* is set it is under way, at issue *next_id* of *project*."""

    since: AwareDatetime | None = None
    """Everything changed before this was read."""
    full_at: AwareDatetime | None = None
    """When the last reading of everything began."""
    started: AwareDatetime | None = None
    full: bool = False
    """The scan under way reads everything."""
    project: str = ""
    next_id: int = 0
    newest: AwareDatetime | None = None

    def begun(self, now: datetime, reread_s: float) -> Mark:
        """Return the mark of the scan to carry on: the one under way, or a fresh one."""
        if self.started is not None:
            return self
        full = self.since is None or self.full_at is None or now - self.full_at >= timedelta(seconds=reread_s)
        return self.model_copy(update={"started": now, "full": full, "project": "", "next_id": 0, "newest": None})

    def ended(self) -> Mark:
        """Return the mark of a scan that is through; from the first where nothing was seen: our clock may be ahead."""
        reached = min(at for at in (self.newest, self.started) if at) if self.newest else self.since
        return Mark(
            query=self.query,
            since=max(reached, self.since) if reached and self.since else reached,
            full_at=self.started if self.full else self.full_at,
        )


def read_mark(cursor: Cursor | None, site: Site, catalog: Catalog, *, with_comments: bool = False) -> Mark:
    """Return the mark in a cursor; the beginning when it is of another query, scope, focus or format."""
    text = f"{catalog.fingerprint}\n{site.settings.options.text_format}\n{site.settings.options.marker_field}"
    if with_comments:
        text += "\ncomments"
    return read_cursor(cursor, Mark(query=hashlib.sha256(text.encode()).hexdigest()[:16]))


async def scan(
    site: Site, catalog: Catalog, since: Cursor | None, known: Known, *, with_comments: bool = False
) -> AsyncIterator[Page]:
    """Yield the versions, then the issues, that may have changed since a cursor; comments with their issues."""
    mark = read_mark(since, site, catalog, with_comments=with_comments).begun(
        site.world.now(), site.settings.options.reread_s
    )
    for project in catalog.scope:
        versions = [version_record(one, catalog, site.name, site.settings) for one in await versions_of(site, project)]
        yield Page(records=await only_moved(versions, known), resume=mark.as_cursor())
    for project in catalog.scope:
        if project.identifier < mark.project:
            continue
        if project.identifier != mark.project:
            mark = mark.model_copy(update={"project": project.identifier, "next_id": 0})
        async for issues in _pages(site, project, IssuePage, mark.next_id, _lower_bound(mark, site)):
            records = []
            for issue in issues.issues:
                records.append(issue_record(issue, catalog, site.name, site.settings))
                mark = mark.model_copy(
                    update={"next_id": issue.id + 1, "newest": max(mark.newest or issue.updated_on, issue.updated_on)}
                )
            moved = await only_moved(records, known)
            if with_comments:
                asked = records if mark.since is None else _to_ask(records, moved, mark, site)
                moved += await only_moved(await _comments(site, catalog, asked), known)
            yield Page(records=moved, resume=mark.as_cursor())
    yield Page(resume=mark.ended().as_cursor())


def _to_ask(records: Sequence[Record], moved: Sequence[Record], mark: Mark, site: Site) -> list[Record]:
    """Return the issues that moved, and those edited lately: a note in that very second shows in no field of theirs."""
    lately = (mark.started or site.world.now()) - timedelta(seconds=site.settings.options.overlap_s)
    refs = {record.ref for record in moved}
    return [one for one in records if one.ref in refs or (one.updated_at is not None and one.updated_at >= lately)]


async def _comments(site: Site, catalog: Catalog, issues: Sequence[Record]) -> list[Record]:
    """Return the comments of *issues*; one that went away meanwhile has none."""
    found: list[Record] = []
    for issue in issues:
        with suppress(NotFoundError, ForbiddenError):
            found += await comments_of(site, catalog, issue.ref.id)
    return found


def _lower_bound(mark: Mark, site: Site) -> str | None:
    if mark.full or mark.since is None:
        return None
    at = mark.since - timedelta(seconds=site.settings.options.overlap_s)
    return f">={at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"  # fractions and offsets are answered with 422


async def _pages(
    site: Site, project: Project, shape: type[P], first: int, updated_on: str | None = None
) -> AsyncIterator[P]:
    """Yield a project's own issues, page by page, from id *first*."""
    params: dict[str, str | int] = {
        "project_id": project.identifier,
        "sort": "id:asc",
        "limit": site.settings.options.page_size,
        **ANY_STATUS,
        **ONLY_THIS_PROJECT,
    }
    if shape is IssuePage:
        params |= RELATIONS
    if updated_on:
        params["updated_on"] = updated_on
    for _ in range(MAX_PAGES):
        page = await site.get(
            ISSUES,
            shape,
            params={**params, "issue_id": f">={first}"},
            where=f"{site.name} project {project.identifier}",
        )
        ids = [issue.id for issue in page.issues]
        if ids != sorted(set(ids)) or (ids and ids[0] < first):
            raise UnavailableError(
                "the list of issues does not obey its filter, so it cannot be trusted",
                where=f"{site.name} project {project.identifier}",
                fix="check that the site runs Redmine 5.0 or later, without a plugin that changes issue queries",
            )
        if not ids:
            return
        yield page
        if page.total_count <= len(ids):
            return
        first = ids[-1] + 1
    raise UnavailableError(
        f"the list of issues did not end within {MAX_PAGES:,} pages", where=site.name, fix="narrow scope.projects"
    )


async def versions_of(site: Site, project: Project) -> list[Version]:
    """Return a project's own versions. The list has no pages, and shows versions shared into the project, too."""
    found = await site.get(
        PROJECT_VERSIONS, Versions, project.identifier, where=f"{site.name} project {project.identifier}"
    )
    return [version for version in found.versions if version.project.id == project.id]


async def sweep(site: Site, scope: Sequence[Project]) -> AsyncIterator[Sequence[Ref]]:
    """Yield the refs of everything in scope but comments, which would cost a request an issue."""
    for project in scope:
        yield [Ref(site.name, VERSION, str(version.id)) for version in await versions_of(site, project)]
        async for page in _pages(site, project, IdPage, 0):
            yield [Ref(site.name, ISSUE, str(issue.id)) for issue in page.issues]


async def read_records(
    site: Site, catalog: Catalog, refs: Sequence[Ref], answers: dict[Ref, Record | RemoteError] | None = None
) -> dict[Ref, Record | RemoteError]:
    """
    Return a record, or why there is none, for every ref; *answers* holds what was read when an error is raised.

    Issues are read many at a time: the list comes straight from the tables.
    Those it leaves out are asked for one by one, which tells 403 from 404.
    """
    answers = {} if answers is None else answers
    wanted = list(dict.fromkeys(refs))
    issues = [ref for ref in wanted if ref.kind == ISSUE and ref.id.isdecimal()]
    for start in range(0, len(issues), MAX_LIMIT):
        portion = issues[start : start + MAX_LIMIT]
        for issue in await _read_issues(site, portion):
            ref = Ref(site.name, ISSUE, str(issue.id))
            if ref in portion:
                answers[ref] = issue_record(issue, catalog, site.name, site.settings)
    answers |= await read_comments(site, catalog, [ref for ref in wanted if ref.kind == COMMENT])
    for ref in wanted:
        if ref not in answers:
            answers[ref] = await _read_one(site, catalog, ref)
    return answers


async def _read_issues(site: Site, refs: Sequence[Ref]) -> Sequence[Issue]:
    if len(refs) == 1:
        return ()  # one is better asked by its own address
    ids = ",".join(ref.id for ref in refs)
    params: dict[str, str | int] = {"issue_id": ids, "limit": MAX_LIMIT, **ANY_STATUS, **RELATIONS}
    return (await site.get(ISSUES, IssuePage, params=params)).issues


async def _read_one(site: Site, catalog: Catalog, ref: Ref) -> Record | RemoteError:
    try:
        if ref.kind == ISSUE and ref.id.isdecimal():
            issue = (await site.get(ISSUE_PATH, OneIssue, ref.id, params=RELATIONS, where=str(ref))).issue
            return issue_record(issue, catalog, site.name, site.settings)
        if ref.kind == VERSION and ref.id.isdecimal():
            version = (await site.get(VERSION_PATH, OneVersion, ref.id, where=str(ref))).version
            return version_record(version, catalog, site.name, site.settings)
    except (NotFoundError, ForbiddenError, RejectedError) as exc:
        return exc
    return NotFoundError(
        f'Redmine has no "{ref.kind}" {ref.id}', where=str(ref), fix="report this: it is a fault in syncd"
    )


AT_ONCE: Final = 20
"""Requests about different issues that are under way at the same time."""


async def read_history(site: Site, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
    """Yield who changed which field of these issues when, oldest first; versions have no history."""

    async def of(ref: Ref) -> list[FieldEdit]:
        try:
            found = await site.get(ISSUE_PATH, OneIssue, ref.id, params={"include": "journals"}, where=str(ref))
        except (NotFoundError, ForbiddenError):
            return []
        return list(_edits(ref, found.issue))

    for edits in await side_by_side(of, [ref for ref in refs if ref.kind == ISSUE], at_once=AT_ONCE):
        for edit in edits:
            yield edit


def _edits(ref: Ref, issue: Issue) -> Iterator[FieldEdit]:
    for journal in sorted(issue.journals, key=lambda one: (one.created_on, one.id)):
        for detail in journal.details:
            if detail.property == "attr":
                key = JOURNAL_KEYS.get(detail.name, detail.name)
            elif detail.property == "cf":
                key = f"cf_{detail.name}"
            elif detail.property == "relation":
                key = "depends_on"
            else:
                continue
            author = journal.user.name if journal.user else None
            yield FieldEdit(ref=ref, field=key, at=journal.created_on, author=author)
