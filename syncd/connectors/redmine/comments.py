"""
Comments: the notes of an issue's journals, known by the issue's id and their own.

Only one issue by itself is answered with its journals, so they cost a request
an issue. Private notes never become records. Source: the running 5.0.4 (see
the README beside this file).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syncd.connectors.protocol import Create, CreateKey, Update
from syncd.connectors.redmine.catalog import ISSUE, Catalog
from syncd.connectors.redmine.fields import person, to_wire
from syncd.connectors.redmine.marks import join_mark, split_mark
from syncd.connectors.redmine.payloads import Issue, Journal, OneIssue
from syncd.connectors.redmine.queries import ISSUE as ISSUE_PATH
from syncd.connectors.redmine.queries import JOURNAL
from syncd.connectors.redmine.records import place_of, revision_of
from syncd.connectors.redmine.site import Site
from syncd.errors import (
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RemoteChangedError,
    RemoteError,
)
from syncd.model.native import Instant, Native, NativeField, NativeType, Record, RichText, TextFormat
from syncd.model.refs import EntityId, Ref

COMMENT: Final = "comment"
TRIES: Final = 3
"""How often a note that met another write at the same moment is sent again: then nothing was kept."""

_ONLY: Final = frozenset({COMMENT})
_JOURNALS: Final = {"include": "journals"}

COMMENT_FIELDS: Final = (
    NativeField(
        key="body",
        label="Note",
        type=NativeType.RICH_TEXT,
        required_on_create=True,
        can_be_empty=False,
        record_types=_ONLY,
    ),
    NativeField(
        key="parent",
        label="Issue",
        type=NativeType.REF,
        required_on_create=True,
        can_be_empty=False,
        record_types=_ONLY,
    ),
    NativeField(key="author", label="Author", type=NativeType.PERSON, writable=False, record_types=_ONLY),
    NativeField(key="created_at", label="Created", type=NativeType.INSTANT, writable=False, record_types=_ONLY),
)


async def comments_of(site: Site, catalog: Catalog, issue_id: str) -> list[Record]:
    """Return an issue's notes, oldest first, without the private ones. Raises `NotFoundError`, `ForbiddenError`."""
    where = f"{site.name}:{ISSUE}:{issue_id}"
    issue = (await site.get(ISSUE_PATH, OneIssue, issue_id, params=_JOURNALS, where=where)).issue
    return [
        _record(site, catalog, issue, journal, number)
        for number, journal in enumerate(issue.journals, 1)
        if (journal.notes or "").strip() and not journal.private_notes
    ]


def _record(site: Site, catalog: Catalog, issue: Issue, journal: Journal, number: int) -> Record:
    text, marker = split_mark(journal.notes or "")
    container, state = place_of(issue.project.id, catalog)
    fields: dict[str, Native] = {
        "body": RichText(TextFormat(site.settings.options.text_format), text),
        "author": person(journal.user),
        "created_at": Instant(journal.created_on),
        "parent": Ref(site.name, ISSUE, str(issue.id)),
    }
    return Record(
        ref=Ref(site.name, COMMENT, f"{issue.id}/{journal.id}"),
        type=COMMENT,
        container=container,
        key=f"#{issue.id}-{number}",
        revision=revision_of(fields),
        fields=fields,
        url=f"{site.settings.url}/issues/{issue.id}#change-{journal.id}",
        updated_at=max(journal.created_on, journal.updated_on or journal.created_on),
        created_at=journal.created_on,
        marker=marker,
        state=state,
    )


async def read_comments(site: Site, catalog: Catalog, refs: Iterable[Ref]) -> dict[Ref, Record | RemoteError]:
    """Return a record, or why there is none, for every ref: one request an issue."""
    answers: dict[Ref, Record | RemoteError] = {}
    wanted: dict[str, list[Ref]] = {}
    for ref in refs:
        wanted.setdefault(ref.id.partition("/")[0], []).append(ref)
    for issue_id, asked in wanted.items():
        found: Mapping[Ref, Record] = {}
        error: RemoteError | None = None
        try:
            if issue_id.isdecimal():
                found = {record.ref: record for record in await comments_of(site, catalog, issue_id)}
        except (NotFoundError, ForbiddenError, RejectedError) as exc:
            error = exc
        for ref in asked:
            answers[ref] = found.get(ref) or error or _gone(ref)
    return answers


def _gone(ref: Ref) -> NotFoundError:
    return NotFoundError(
        "there is no such note any more, or it was made private", where=str(ref), fix="nothing to do if it was meant"
    )


async def find_comments(site: Site, catalog: Catalog, keys: Sequence[CreateKey]) -> dict[EntityId, list[Record]]:
    """Return the notes carrying each key's marker below its issue, oldest first."""
    found: dict[EntityId, list[Record]] = {}
    for key in keys:
        parent = key.fields.get("parent")
        if not isinstance(parent, Ref):
            continue
        try:
            notes = await comments_of(site, catalog, parent.id)
        except NotFoundError:  # the issue is gone, and all its notes with it
            continue
        if marked := [note for note in notes if note.marker == key.marker]:
            found[key.marker] = marked
    return found


async def create_comment(site: Site, catalog: Catalog, write: Create) -> Ref:
    """Add a note to an issue and return its ref; Redmine answers with nothing, so it is looked up by its mark."""
    parent = write.fields.get("parent")
    if not isinstance(parent, Ref) or parent.kind != ISSUE:
        raise RejectedError(
            "only an issue can be commented on", where=f"{site.name} ({COMMENT})", fix="map comments of tasks only"
        )
    body = {"issue": {"notes": _notes(site, write.fields.get("body"), write.marker, f"{parent} notes")}}
    for attempt in range(1, TRIES + 1):
        try:
            await site.send("PUT", ISSUE_PATH, parent.id, body=body, where=f"{parent} notes")
            break
        except RemoteChangedError:
            if attempt == TRIES:
                raise
    try:
        notes = await comments_of(site, catalog, parent.id)
    except RemoteError as exc:
        raise OutcomeUnknownError(
            f"the note was sent but could not be read back: {exc.what}",
            where=f"{parent} notes",
            fix="nothing to do: it is looked up",
        ) from exc
    marked = [one for one in notes if one.marker == write.marker]
    if not marked:
        raise ForbiddenError(
            "the note was accepted and not kept", where=f"{parent} notes", fix='grant the account\'s role "Add notes"'
        )
    return marked[-1].ref


async def update_comment(site: Site, write: Update, *, marker: str | None) -> None:
    """Change a note's text, with that mark or without any."""
    ref = write.pre.ref
    if set(write.fields) - {"body"}:
        raise RejectedError("of a note only the text can be changed", where=str(ref), fix="map the rest as read only")
    notes = _notes(site, write.fields["body"], marker, f"{ref} body")
    try:
        await site.send("PUT", JOURNAL, ref.id.partition("/")[2], body={"journal": {"notes": notes}}, where=str(ref))
    except ForbiddenError as exc:
        raise ForbiddenError(
            "the account may not change this note",
            where=str(ref),
            fix='grant its role "Edit own notes", or "Edit notes" for what others wrote',
        ) from exc


def _notes(site: Site, body: Native, marker: str | None, where: str) -> str:
    """Return a note to send. Raises `RejectedError` for an empty one, which would delete it."""
    text = to_wire(body, where)
    if not isinstance(body, RichText) or not isinstance(text, str) or not text.strip():
        raise RejectedError("a comment cannot be empty", where=where, fix="leave it as it is, or delete it by hand")
    return join_mark(text, marker, TextFormat(site.settings.options.text_format))
