"""Reading by id, never through the index: issues and comments in bulk, versions one by one, people, histories."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from syncd.connectors.jira.comments import read_comments
from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.fields import COMMENT, DEPENDS_ON, ISSUE, LINKS, PROPERTY, VERSION, read_person
from syncd.connectors.jira.payloads import ChangePage, Fetched, Issue, User, UserPage, Version
from syncd.connectors.jira.queries import (
    BULK_FETCH,
    CHANGELOGS,
    MAX_BULK_FETCH,
    MAX_CHANGELOG_ISSUES,
    MAX_USERS,
    USER_SEARCH,
    USERS,
)
from syncd.connectors.jira.queries import (
    VERSION as VERSION_PATH,
)
from syncd.connectors.jira.records import issue_record, version_record
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import FieldEdit
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError
from syncd.model.native import Person, Record
from syncd.model.refs import Ref

T = TypeVar("T")
MAX_PAGES: Final = 10_000
Answers = dict[Ref, Record | RemoteError]


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield *items* in order, at most *size* at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def read_records(site: Site, catalog: Catalog, refs: Sequence[Ref]) -> Answers:
    """Return a record, or why there is none, for every ref."""
    answers: Answers = {}
    issues = [ref for ref in dict.fromkeys(refs) if ref.kind == ISSUE]
    for some in batched(issues, MAX_BULK_FETCH):
        answers |= await _read_issues(site, catalog, some)
    for ref in dict.fromkeys(refs):
        if ref.kind == VERSION:
            answers[ref] = await _read_version(site, catalog, ref)
        elif ref.kind not in {ISSUE, COMMENT}:
            answers[ref] = NotFoundError(f'Jira has no "{ref.kind}"', where=str(ref), fix="report this to syncd")
    comments = [ref for ref in dict.fromkeys(refs) if ref.kind == COMMENT]
    if comments:
        answers |= await read_comments(site, comments)
    if any(isinstance(answer, NotFoundError) for answer in answers.values()):
        await site.account()  # a stranger finds nothing: make sure we are not one
    return answers


async def fetch_issues(
    site: Site, ids: Sequence[str], fields: Sequence[str]
) -> tuple[list[Issue], dict[str, RejectedError]]:
    """Return the issues of these ids that are there to see, with our mark, and what refused the others."""
    body = {"issueIdsOrKeys": list(ids), "fields": list(fields), "properties": [PROPERTY]}
    try:
        return list((await site.ask(BULK_FETCH, Fetched, body)).issues), {}
    except RejectedError as exc:
        if len(ids) == 1:
            return [], {ids[0]: exc}
    half = len(ids) // 2  # one bad id fails the whole request: find it
    first, refused = await fetch_issues(site, ids[:half], fields)
    rest, more = await fetch_issues(site, ids[half:], fields)
    return [*first, *rest], refused | more


async def _read_issues(site: Site, catalog: Catalog, refs: Sequence[Ref]) -> Answers:
    issues, refused = await fetch_issues(site, [ref.id for ref in refs], catalog.asked)
    answers: Answers = {ref: refused.get(ref.id) or _gone(ref) for ref in refs}
    for issue in issues:
        ref = Ref(site.name, ISSUE, issue.id)
        if ref in answers:
            try:
                answers[ref] = issue_record(issue, catalog, site.name, site.settings)
            except RejectedError as exc:
                answers[ref] = exc
    return answers


async def _read_version(site: Site, catalog: Catalog, ref: Ref) -> Record | RemoteError:
    try:
        version = await site.get(VERSION_PATH, Version, ref.id, where=str(ref))
    except (NotFoundError, ForbiddenError, RejectedError) as exc:
        return exc
    return version_record(version, catalog, site.name, site.settings)


def _gone(ref: Ref) -> NotFoundError:
    return NotFoundError(
        "not there, or hidden from this account",
        where=str(ref),
        fix="check that it exists and that the account may browse its project",
    )


async def find_people(site: Site, handles: Sequence[str]) -> Mapping[str, Person]:
    """Return the user behind each account id or e-mail; an e-mail counts only where the user shows that very one."""
    found: dict[str, Person] = {}
    for some in batched([handle for handle in handles if "@" not in handle], MAX_USERS):
        page = await site.get(USERS, UserPage, params={"accountId": list(some), "maxResults": MAX_USERS})
        found |= {user.account_id: read_person(user) for user in page.values if user.account_id in some}
    for handle in handles:
        if "@" in handle:
            users = await site.get(USER_SEARCH, list[User], params={"query": handle, "maxResults": MAX_USERS})
            exact = [user for user in users if user.email and user.email.casefold() == handle.casefold()]
            if len(exact) == 1:
                found[handle] = read_person(exact[0])
    return found


async def read_history(site: Site, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
    """Yield who changed which field of these issues when; what is gone, and versions, have no history."""
    for some in batched([ref.id for ref in refs if ref.kind == ISSUE], MAX_CHANGELOG_ISSUES):
        async for edit in _history(site, some):
            yield edit


async def _history(site: Site, ids: Sequence[str]) -> AsyncIterator[FieldEdit]:
    token: str | None = None
    for _ in range(MAX_PAGES):
        body: dict[str, object] = {"issueIdsOrKeys": list(ids), "maxResults": MAX_CHANGELOG_ISSUES}
        if token is not None:
            body["nextPageToken"] = token
        try:
            page = await site.ask(CHANGELOGS, ChangePage, body)
        except (NotFoundError, RejectedError):  # one that is gone fails all of them: ask for the halves
            half = len(ids) // 2
            for part in (ids[:half], ids[half:]) if half else ():
                async for edit in _history(site, part):
                    yield edit
            return
        for edit in _edits(site, page):
            yield edit
        token = page.next_token
        if token is None:
            return


def _edits(site: Site, page: ChangePage) -> Iterator[FieldEdit]:
    for issue in page.issues:
        for change in issue.changes:
            for item in change.items:
                key = item.field_id or item.field or ""
                yield FieldEdit(
                    ref=Ref(site.name, ISSUE, issue.issue_id),
                    field=DEPENDS_ON if key in {LINKS, "Link"} else key,
                    at=change.created,
                    author=change.author.display_name if change.author else None,
                )
