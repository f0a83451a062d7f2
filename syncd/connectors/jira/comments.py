"""
Comments: children of issues, known by the issue's id and their own.

A scan takes them from the `comment` field of the issues it reads anyway and
asks again only where an issue has more than the field shows. Our mark is a
comment property, which that field leaves out: it is read, many at a time, for
comments our own account wrote. Comments restricted to a role, a group or the
service desk's agents are never read into a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import ValidationError

from syncd.connectors._together import side_by_side
from syncd.connectors.jira.comment_payloads import Comment, CommentPage, CommentsById
from syncd.connectors.jira.encode import write_field
from syncd.connectors.jira.fields import COMMENT, ISSUE, MAX_TEXT, PROPERTY, FieldInfo, Wire, dump_adf, read_person
from syncd.connectors.jira.payloads import Fetched, Found, Issue, ProjectRef
from syncd.connectors.jira.queries import (
    BULK_FETCH,
    COMMENT_PATH,
    COMMENT_PROPERTY,
    COMMENTS,
    COMMENTS_BY_ID,
    MAX_BULK_FETCH,
    MAX_COMMENTS_BY_ID,
    MAX_COMMENTS_PAGE,
)
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import Create, CreateKey, Update
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError, UnavailableError
from syncd.model.native import Instant, Native, NativeField, NativeType, Record, RecordState, RichText, TextFormat
from syncd.model.refs import EntityId, Ref, Revision

MAX_PAGES: Final = 1000
BEFORE_SENDING: Final = timedelta(hours=1)
"""How much older than its create a lost comment may look: clocks differ."""

BODY: Final = FieldInfo(key="body", label="Comment", wire=Wire.ADF, writable=True)
_OF_COMMENTS: Final = frozenset({COMMENT})
COMMENT_FIELDS: Final = (
    NativeField(
        key=BODY.key,
        label=BODY.label,
        type=NativeType.RICH_TEXT,
        format=TextFormat.ADF,
        required_on_create=True,
        max_length=MAX_TEXT,
        can_be_empty=False,
        record_types=_OF_COMMENTS,
    ),
    NativeField(
        key="parent",
        label="Issue",
        type=NativeType.REF,
        required_on_create=True,
        can_be_empty=False,
        record_types=_OF_COMMENTS,
    ),
    NativeField(key="author", label="Author", type=NativeType.PERSON, writable=False, record_types=_OF_COMMENTS),
    NativeField(key="created_at", label="Created", type=NativeType.INSTANT, writable=False, record_types=_OF_COMMENTS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The issue a comment is on, as far as a comment's record tells of it."""

    id: str
    key: str
    project: str


def comment_ref(site: Site, issue: str, comment: str) -> Ref:
    """Return the identity of a comment: enough to read it by."""
    return Ref(site.name, COMMENT, f"{issue}/{comment}")


def comment_record(site: Site, comment: Comment, home: Home) -> Record:
    """Return a comment as a record."""
    url, fields = site.settings.site_url, _fields(site, comment, home)
    in_scope = home.project in site.settings.scope.projects
    return Record(
        ref=comment_ref(site, home.id, comment.id),
        type=COMMENT,
        container=home.project,
        key=f"{home.key}#c{comment.id}",
        revision=Revision(f"{int(comment.updated.timestamp() * 1000)}-{home.key}"),
        fields=fields,
        url=f"{url}/browse/{home.key}?focusedCommentId={comment.id}" if url else None,
        updated_at=comment.updated,
        created_at=comment.created,
        updated_by=comment.editor.display_name if comment.editor else None,
        marker=_marker(comment),
        state=RecordState.LIVE if in_scope else RecordState.OUT_OF_SCOPE,
    )


def _fields(site: Site, comment: Comment, home: Home) -> dict[str, Native]:
    return {
        "body": RichText(TextFormat.ADF, dump_adf(comment.body)) if comment.body else None,
        "author": read_person(comment.author) if comment.author else None,
        "created_at": Instant(comment.created),
        "parent": Ref(site.name, ISSUE, home.id),
    }


def _marker(comment: Comment) -> EntityId | None:
    for one in comment.properties:
        entity = one.value.get("entity") if one.key == PROPERTY and isinstance(one.value, dict) else None
        if isinstance(entity, str) and entity:
            return EntityId(entity)
    return None


async def comments_on(site: Site, issues: Sequence[Issue]) -> list[Record]:
    """Return the comments of *issues*, each of which must carry its `comment` field; without our marks."""

    async def one(issue: Issue) -> list[Record]:
        home = _home(issue)
        if home is None:
            return []
        return [comment_record(site, comment, home) for comment in await _all_of(site, issue) if comment.is_open]

    found = await side_by_side(one, issues, at_once=site.settings.options.scan_in_flight)
    return [record for records in found for record in records]


async def with_marks(site: Site, account: str, records: Sequence[Record]) -> list[Record]:
    """Return comments with our marks, read anew for those *account* wrote: nobody else sets one."""
    ours = [record.ref for record in records if getattr(record.fields.get("author"), "id", None) == account]
    marked = await read_comments(site, ours) if ours else {}
    answers = [marked.get(record.ref, record) for record in records]
    return [answer for answer in answers if isinstance(answer, Record)]


async def _all_of(site: Site, issue: Issue) -> Sequence[Comment]:
    """Return all comments of an issue: those its own field shows, or a listing when there are more."""
    try:
        shown = CommentPage.model_validate(issue.fields.get(COMMENT) or {})
    except ValidationError as exc:
        raise UnavailableError(
            "the comments of an issue cannot be read",
            where=f"{site.name}:{ISSUE}:{issue.id}",
            fix="report this with syncd's version",
        ) from exc
    if shown.total <= len(shown.comments):
        return shown.comments
    try:
        return await _listed(site, issue.id)
    except NotFoundError:  # it was deleted just now
        return ()


async def _listed(site: Site, issue: str, key: CreateKey | None = None) -> list[Comment]:
    """Return an issue's comments, newest first; with *key* only as far back as that create can be."""
    found: dict[str, Comment] = {}
    for _ in range(MAX_PAGES):
        page = await site.get(
            COMMENTS,
            CommentPage,
            issue,
            params={"startAt": len(found), "maxResults": MAX_COMMENTS_PAGE, "orderBy": "-created"},
            where=f"{site.name}:{ISSUE}:{issue}",
        )
        before = len(found)
        found |= {comment.id: comment for comment in page.comments}
        is_far_enough = key is not None and any(one.created < key.sent_at - BEFORE_SENDING for one in page.comments)
        if len(found) >= page.total or len(found) == before or is_far_enough:
            break
    return list(found.values())


async def read_comments(site: Site, refs: Sequence[Ref]) -> dict[Ref, Record | RemoteError]:
    """Read comments by id, with their marks; what is gone, and what is for some eyes only, is told as an error."""
    wanted = {ref: parts for ref in refs if (parts := _parts(ref)) is not None}
    comments = {one.id: one for one in await _by_id(site, [comment for _, comment in wanted.values()])}
    homes = await _homes(site, {issue for issue, _ in wanted.values()}) if comments else {}
    answers: dict[Ref, Record | RemoteError] = {}
    for ref in refs:
        issue, number = wanted.get(ref, ("", ""))
        comment, home = comments.get(number), homes.get(issue)
        if comment is None or home is None:
            answers[ref] = NotFoundError(
                "not there, or hidden from this account",
                where=str(ref),
                fix="check that it exists and that the account may browse its project",
            )
        elif not comment.is_open:
            answers[ref] = ForbiddenError(
                "the comment is for a role, a group or agents only",
                where=str(ref),
                fix="nothing to do: syncd carries no restricted comments; lift the restriction if it may be seen",
            )
        else:
            answers[ref] = comment_record(site, comment, home)
    return answers


def _parts(ref: Ref) -> tuple[str, str] | None:
    issue, _, comment = ref.id.partition("/")
    return (issue, comment) if issue.isdecimal() and comment.isdecimal() else None


async def _by_id(site: Site, ids: Iterable[str]) -> list[Comment]:
    numbers = sorted({int(one) for one in ids})
    found: list[Comment] = []
    for start in range(0, len(numbers), MAX_COMMENTS_BY_ID):
        some = numbers[start : start + MAX_COMMENTS_BY_ID]
        page = await site.ask(COMMENTS_BY_ID, CommentsById, {"ids": some}, params={"expand": "properties"})
        found += page.values
    return found


async def _homes(site: Site, ids: set[str]) -> dict[str, Home]:
    """Return the issues of these ids as comments need them; those gone or hidden are left out."""
    homes: dict[str, Home] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), MAX_BULK_FETCH):
        body = {"issueIdsOrKeys": ordered[start : start + MAX_BULK_FETCH], "fields": ["project"]}
        fetched = await site.ask(BULK_FETCH, Fetched, body)
        homes |= {issue.id: home for issue in fetched.issues if (home := _home(issue)) is not None}
    return homes


def _home(issue: Issue) -> Home | None:
    try:
        return Home(
            id=issue.id, key=issue.key, project=ProjectRef.model_validate(issue.fields.get("project") or {}).key
        )
    except ValidationError:
        return None


async def create_comment(site: Site, create: Create) -> Ref:
    """Comment on an issue, marked; raises RemoteError."""
    where = f"{site.name}:{COMMENT} (create in {create.container})"
    parent = create.fields.get("parent")
    if not isinstance(parent, Ref) or parent.kind != ISSUE:
        raise RejectedError(
            "a comment needs the issue it is on", where=f"{where} parent", fix="map comment.parent to parent"
        )
    fields = {key: value for key, value in create.fields.items() if key != "parent"}
    mark = {"key": PROPERTY, "value": {"entity": create.marker}}
    body = {**_body(fields, where), "properties": [mark]}
    response = await site.send("POST", COMMENTS, parent.id, body=body, where=where)
    return comment_ref(site, parent.id, site.parse_write(response, Found, where).id)


async def update_comment(site: Site, update: Update) -> Ref:
    """Change a comment's text, its only field that can be; raises RemoteError."""
    ref = update.pre.ref
    issue, _, comment = ref.id.partition("/")
    body = _body(update.fields, str(ref))
    await site.send("PUT", COMMENT_PATH, issue, comment, body=body, where=str(ref))
    return ref


async def unmark_comment(site: Site, ref: Ref) -> None:
    """Take our mark off a comment, which people see neither come nor go; raises RemoteError."""
    await site.send("DELETE", COMMENT_PROPERTY, ref.id.partition("/")[2], PROPERTY, where=str(ref))


def _body(fields: Mapping[str, Native], where: str) -> dict[str, object]:
    """Return the part of a request that sets the text; raises RejectedError for no text, or another field."""
    others = sorted(fields.keys() - {BODY.key})
    if others:
        raise RejectedError(
            f'a comment\'s "{others[0]}" cannot be set in Jira',
            where=f"{where} {others[0]}",
            fix="map it with direction: read",
        )
    text = fields.get(BODY.key)
    if text is None:
        raise RejectedError("a comment cannot be empty", where=f"{where} {BODY.key}", fix="give it a text")
    try:
        return {BODY.key: write_field(BODY, text)}
    except RejectedError as exc:
        exc.where = exc.where or f"{where} {BODY.key}"
        raise


async def find_comments(site: Site, keys: Sequence[CreateKey]) -> list[Record]:
    """Return the comments that carry these creates' marks, looked for below their parents: no index, no lag."""
    found: list[Record] = []
    for key in keys:
        parent = key.fields.get("parent")
        if not isinstance(parent, Ref):
            continue
        try:
            listed = await _listed(site, parent.id, key)
        except NotFoundError:
            continue
        records = await read_comments(site, [comment_ref(site, parent.id, comment.id) for comment in listed])
        found += [one for one in records.values() if isinstance(one, Record) and one.marker == key.marker]
    return sorted(found, key=lambda record: (record.created_at, record.ref.id))
