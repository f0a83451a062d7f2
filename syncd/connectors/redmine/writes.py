"""
Creating and changing, at most once each, and always read back: Redmine answers 204 to much that it does not do.

Source: the running 5.0.4 (see the README beside this file) and vendor facts, section 9.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import Final, TypeVar, assert_never

from syncd.connectors._together import side_by_side
from syncd.connectors.protocol import Archive, Create, Done, Outcome, Refused, Unknown, Update, Write, set_delta
from syncd.connectors.redmine.catalog import ISSUE, VERSION, Catalog, status_choice
from syncd.connectors.redmine.comments import COMMENT, create_comment, update_comment
from syncd.connectors.redmine.fields import DEPENDS_ON, ISSUE_ATTRIBUTES, VERSION_ATTRIBUTES, WAITS, to_wire
from syncd.connectors.redmine.homes import keep_links
from syncd.connectors.redmine.payloads import OneIssue, OneVersion, Relation
from syncd.connectors.redmine.queries import (
    ISSUE as ISSUE_PATH,
)
from syncd.connectors.redmine.queries import (
    ISSUE_RELATIONS,
    ISSUES,
    PROJECT_VERSIONS,
    RELATION,
)
from syncd.connectors.redmine.queries import (
    VERSION as VERSION_PATH,
)
from syncd.connectors.redmine.scan import AT_ONCE, RELATIONS, read_records
from syncd.connectors.redmine.site import Site
from syncd.errors import OutcomeUnknownError, RejectedError, RemoteChangedError, RemoteError
from syncd.model.native import Choice, Native, Record
from syncd.model.refs import OpId, Ref

T = TypeVar("T")

TRIES: Final = 3
"""How often a write that lost a race is sent again, each time only if nothing of it was changed by the winner."""

TOGETHER: Final = frozenset({"start_date", "due_date"})
"""Fields that Redmine checks against each other."""


ALONE: Final = frozenset({"subject", "description", "status", "assigned_to", "category", "fixed_version"})
"""Fields of one issue that no other issue's depend on: edits of them need no order among different issues."""


async def write_all(site: Site, catalog: Catalog, batch: Sequence[Write]) -> list[Outcome]:
    """Carry out each write once and answer for each; in order, but for edits that need none."""
    outcomes: list[Outcome] = []
    for is_alone, group in groupby(batch, key=_is_alone):
        if is_alone:
            outcomes += await _update_all(site, catalog, [write for write in group if isinstance(write, Update)])
        else:
            outcomes += [await _carry_out(site, catalog, write) for write in group]
    return outcomes


async def _update_all(site: Site, catalog: Catalog, writes: Sequence[Update]) -> list[Outcome]:
    """Send edits of different issues side by side, and read them back with one request."""

    async def send(write: Update) -> Outcome | None:
        return await _judged(write, _change(site, catalog, write))

    refused = await side_by_side(send, writes, at_once=AT_ONCE)
    sent = [write.pre.ref for write, refusal in zip(writes, refused, strict=True) if refusal is None]
    found = await _records_of(site, catalog, sent)
    return [
        refusal or _as_read(write.op, write.pre.ref, found[write.pre.ref])
        for write, refusal in zip(writes, refused, strict=True)
    ]


def _is_alone(write: Write) -> bool:
    return isinstance(write, Update) and write.pre.ref.kind == ISSUE and write.fields.keys() <= ALONE


async def _carry_out(site: Site, catalog: Catalog, write: Write) -> Outcome:
    return await _judged(write, _do(site, catalog, write))


async def _do(site: Site, catalog: Catalog, write: Write) -> Outcome:
    match write:
        case Create():
            return await _create(site, catalog, write)
        case Update():
            return await _update(site, catalog, write)
        case Archive():
            raise RejectedError(
                "Redmine has no archive for issues and versions",
                where=str(write.pre.ref),
                fix="map a closed status for what is cancelled",
            )
        case _:
            assert_never(write)


async def _judged(write: Write, work: Coroutine[None, None, T]) -> T | Unknown | Refused:
    """Return what *work* returns, or the outcome that its error means."""
    try:
        return await work
    except OutcomeUnknownError as exc:
        return Unknown(op=write.op, error=exc)
    except RemoteError as exc:
        return Refused(op=write.op, error=exc)


# --- create ----------------------------------------------------------------


async def _create(site: Site, catalog: Catalog, write: Create) -> Outcome:
    if write.type == COMMENT:
        return await read_back(site, catalog, write.op, await create_comment(site, catalog, write))
    where = f"{site.name} project {write.container} ({write.type})"
    kind = VERSION if write.type == VERSION else ISSUE
    body = _body(kind, write.fields, where)
    _add_custom(body, marker_field(site, catalog, kind, write.type), write.marker)
    begins: Choice | None = None
    if kind == VERSION:
        response = await site.send("POST", PROJECT_VERSIONS, write.container, body={"version": body}, where=where)
        made = site.parse_write(response, OneVersion, where).version.id
    else:
        tracker = next((one for one in catalog.trackers if one.name == write.type), None)
        if tracker is None:
            names = ", ".join(one.name for one in catalog.trackers)
            raise RejectedError(f'there is no tracker "{write.type}"', where=where, fix=f"use one of {names}")
        body |= {"project_id": write.container, "tracker_id": tracker.id}
        response = await site.send("POST", ISSUES, body={"issue": body}, where=where)
        answered = site.parse_write(response, OneIssue, where).issue
        made, begins = answered.id, status_choice(answered.status, catalog)
    ref = Ref(site.name, kind, str(made))
    if write.fields.get(DEPENDS_ON):
        with suppress(RemoteError):  # the issue is there: what did not take shows in the record read back
            await _add_relations(site, ref, set_delta(None, write.fields[DEPENDS_ON])[0])
    return _with_its_status(write, begins, await read_back(site, catalog, write.op, ref))


def _with_its_status(write: Create, begins: Choice | None, outcome: Outcome) -> Outcome:
    """Tell whether a new issue *begins* with another status than it was sent, as the role's workflow has it."""
    wanted = write.fields.get("status")
    if not isinstance(outcome, Done) or begins is None or not isinstance(wanted, Choice) or begins.id == wanted.id:
        return outcome
    is_still = outcome.record.fields.get("status") == begins  # else somebody edited it since
    return replace(outcome, unsent=frozenset({"status"})) if is_still else outcome


def marker_field(site: Site, catalog: Catalog, kind: str, record_type: str) -> int:
    """Return the custom field our mark goes into. Raises `RejectedError`: without a mark nothing is created."""
    name = site.settings.options.marker_name(kind)
    custom = catalog.custom_named(kind, name)
    what = "versions" if kind == VERSION else "issues"
    if custom is None:
        raise RejectedError(
            f'there is no custom field "{name}" for {what}, so a create whose answer is lost could not be found again',
            where=f"{site.name} (options.marker_field)",
            fix=f'add a custom field "{name}" for {what} (format Text, for all projects and trackers, '
            "used as a filter), or name another one",
        )
    if kind == ISSUE and custom.is_filter is False:
        raise RejectedError(
            f'the custom field "{name}" cannot be searched for',
            where=f"{site.name} (options.marker_field)",
            fix='tick "Used as a filter" in its settings (Administration, Custom fields)',
        )
    if kind == ISSUE and custom.trackers and record_type not in custom.trackers:
        raise RejectedError(
            f'the custom field "{name}" is not used by the tracker "{record_type}"',
            where=f"{site.name} (options.marker_field)",
            fix=f'tick "{record_type}" in its settings (Administration, Custom fields)',
        )
    return custom.id


# --- update ----------------------------------------------------------------


async def _update(site: Site, catalog: Catalog, write: Update) -> Outcome:
    if write.pre.ref.kind == COMMENT:
        await update_comment(site, write, marker=write.pre.marker)
    else:
        await _change(site, catalog, write)
    return await read_back(site, catalog, write.op, write.pre.ref)


async def _change(site: Site, catalog: Catalog, write: Update) -> None:
    """Remove relations, then set fields, then add relations: one that waits for an open issue cannot be closed."""
    ref = write.pre.ref
    _body(ref.kind, write.fields, str(ref))  # judged whole before anything is sent
    plain = {key: value for key, value in write.fields.items() if key != DEPENDS_ON or ref.kind != ISSUE}
    added: frozenset[Ref] = frozenset()
    removed: frozenset[Ref] = frozenset()
    if len(plain) < len(write.fields):
        added, removed = set_delta(write.pre.fields.get(DEPENDS_ON), write.fields[DEPENDS_ON])
    if ref.kind == ISSUE and "description" in plain:
        plain["description"] = await keep_links(site, ref, plain["description"])
    refusals = [
        *await _refusal(_remove_relations(site, ref, removed)),
        *await _set_fields(site, catalog, write, plain),
        *await _refusal(_add_relations(site, ref, added)),
    ]
    parts = [bool(removed), bool(plain), bool(added)]
    if len(refusals) == sum(parts):
        raise refusals[0] if refusals else RejectedError("nothing to write", where=str(ref), fix="report this")


async def _refusal(step: Coroutine[None, None, None]) -> list[RemoteError]:
    """Return what a step was refused with, if it was; any other error passes."""
    try:
        await step
    except (RejectedError, RemoteChangedError) as exc:
        return [exc]
    return []


async def _set_fields(site: Site, catalog: Catalog, write: Update, fields: Mapping[str, Native]) -> list[RemoteError]:
    """Send all fields together, or one by one when together they are refused; a refusal means none was taken."""
    if not fields:
        return []
    refusal = await _refusal(_put(site, catalog, write, fields))
    if refusal and isinstance(refusal[0], RejectedError) and await _put_one_by_one(site, catalog, write, fields):
        return []
    return refusal


async def _put(site: Site, catalog: Catalog, write: Update, fields: Mapping[str, Native]) -> None:
    """Send a change; again when a race was lost and the winner left these fields alone."""
    ref = write.pre.ref
    path, root = (VERSION_PATH, "version") if ref.kind == VERSION else (ISSUE_PATH, "issue")
    for attempt in range(1, TRIES + 1):
        try:
            await site.send("PUT", path, ref.id, body={root: _body(ref.kind, fields, str(ref))}, where=str(ref))
        except RemoteChangedError:
            now = (await read_records(site, catalog, [ref]))[ref]
            if attempt == TRIES or isinstance(now, RemoteError):
                raise
            if any(now.fields.get(key) != write.pre.fields.get(key) for key in fields):
                raise
        else:
            return


async def _put_one_by_one(site: Site, catalog: Catalog, write: Update, fields: Mapping[str, Native]) -> bool:
    """Send each field by itself after all together were refused; return whether any was taken."""
    groups = [{key} for key in fields if key not in TOGETHER]
    if both := TOGETHER & set(fields):
        groups.append(set(both))
    if len(groups) == 1:
        return False
    took = False
    for group in groups:
        took |= not await _refusal(_put(site, catalog, write, {key: fields[key] for key in sorted(group)}))
    return took


async def _add_relations(site: Site, ref: Ref, awaited: frozenset[Ref]) -> None:
    kind = site.settings.options.depends_on_relation
    for other in sorted(awaited):
        body = {"relation": {"issue_to_id": ref.id, "relation_type": kind}}
        await site.send("POST", ISSUE_RELATIONS, other.id, body=body, where=f"{ref} depends_on")


async def _remove_relations(site: Site, ref: Ref, awaited: frozenset[Ref]) -> None:
    if not awaited:
        return
    issue = (await site.get(ISSUE_PATH, OneIssue, ref.id, params=RELATIONS, where=str(ref))).issue
    for relation in _between(ref.id, {other.id for other in awaited}, issue.relations):
        await site.send("DELETE", RELATION, relation.id, where=f"{ref} depends_on")


def _between(waiting: str, awaited: set[str], relations: Iterable[Relation]) -> list[Relation]:
    found = []
    for relation in relations:
        ends = [str(relation.issue_id), str(relation.issue_to_id)]
        if WAITS.get(relation.relation_type) is None:
            continue
        first, second = ends if WAITS[relation.relation_type] else reversed(ends)
        if second == waiting and first in awaited:
            found.append(relation)
    return found


# --- both ------------------------------------------------------------------


def _body(kind: str, fields: Mapping[str, Native], where: str) -> dict[str, object]:
    """Return fields as a write names them. Raises `RejectedError` for one that cannot be written."""
    names = VERSION_ATTRIBUTES if kind == VERSION else ISSUE_ATTRIBUTES
    body: dict[str, object] = {}
    for key, value in fields.items():
        spot = f"{where} {key}"
        if key == DEPENDS_ON and kind == ISSUE:
            continue
        if key in names:
            body[names[key]] = to_wire(value, spot)
        elif key.startswith("cf_") and key[3:].isdecimal():
            _add_custom(body, int(key[3:]), to_wire(value, spot))
        else:
            raise RejectedError(f'Redmine takes no "{key}"', where=spot, fix="map this field as read only")
    return body


def _add_custom(body: dict[str, object], field: int, value: object) -> None:
    values = body.setdefault("custom_fields", [])
    if isinstance(values, list):
        values.append({"id": field, "value": value})


async def read_back(site: Site, catalog: Catalog, op: OpId, ref: Ref) -> Outcome:
    """Return what is there now: the only proof of what was done."""
    return _as_read(op, ref, (await _records_of(site, catalog, [ref]))[ref])


async def _records_of(site: Site, catalog: Catalog, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
    """Return each as it is now, or why it cannot be read; one that cannot be leaves the others known."""
    found: dict[Ref, Record | RemoteError] = {}
    try:
        return await read_records(site, catalog, refs, found)
    except RemoteError as exc:
        return dict.fromkeys(refs, exc) | found


def _as_read(op: OpId, ref: Ref, now: Record | RemoteError) -> Outcome:
    if isinstance(now, Record):
        return Done(op=op, record=now)
    error = OutcomeUnknownError(
        f"it was written but could not be read back: {now.what}", where=str(ref), fix="nothing to do: it is looked up"
    )
    return Unknown(op=op, error=error)
