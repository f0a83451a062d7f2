"""
Creating issues, up to 50 a request, marked so that a create whose answer was lost is found again.

The mark is an issue property (read by id, authoritative) and a label (found by
search), both set in the creating request itself. What no create screen takes
(status, links, fields that are only on the edit screen) follows afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from syncd.connectors._together import side_by_side
from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.edits import edit_fields, link, may_pass, move, plain_value, writable_field
from syncd.connectors.jira.encode import is_label, write_field
from syncd.connectors.jira.fields import BY_VERBS, DEPENDS_ON, ISSUE, LABELS, PROPERTY, STATUS
from syncd.connectors.jira.payloads import CreatedIssues
from syncd.connectors.jira.queries import BULK_CREATE
from syncd.connectors.jira.reads import read_records
from syncd.connectors.jira.records import mark_label
from syncd.connectors.jira.site import FieldsRefusedError, Site
from syncd.connectors.protocol import Create
from syncd.errors import OutcomeUnknownError, RejectedError, RemoteError
from syncd.model.native import Choices, Native, Record, Refs
from syncd.model.refs import OpId, Ref

log = structlog.get_logger()

AFTERWARDS: Final = frozenset({STATUS, DEPENDS_ON})

Made = dict[OpId, Ref | RemoteError]
Unsent = dict[OpId, frozenset[str]]


async def create_issues(site: Site, catalog: Catalog, creates: Sequence[Create]) -> tuple[Made, Unsent]:
    """
    Create each issue once; return its ref, or why there is none, by op.

    Also return, by op, the fields of a made issue that were not sent for a
    reason that may pass.
    """
    made: Made = {}
    bodies: dict[OpId, dict[str, object]] = {}
    for create in creates:
        try:
            bodies[create.op] = make_issue(catalog, create, frozenset(), where=_where(site, create))
        except RemoteError as exc:
            made[create.op] = exc
    made |= await _post(site, bodies)
    later: dict[OpId, frozenset[str]] = {}
    again: dict[OpId, dict[str, object]] = {}
    for create in creates:
        refusal = made[create.op]
        if isinstance(refusal, FieldsRefusedError) and _may_do_without(refusal):
            later[create.op] = refusal.off_screen
            again[create.op] = make_issue(catalog, create, refusal.off_screen, where=_where(site, create))
    made |= await _post(site, again)
    rests = [
        rest
        for create in creates
        if isinstance(ref := made[create.op], Ref)
        and (rest := _rest_of(create, ref, later.get(create.op, frozenset()))) is not None
    ]
    ended = await _finish(site, catalog, rests)
    made |= {op: error for op, error in ended.items() if isinstance(error, RemoteError)}
    return made, {op: unsent for op, unsent in ended.items() if not isinstance(unsent, RemoteError)}


def make_issue(catalog: Catalog, create: Create, without: frozenset[str], *, where: str) -> dict[str, object]:
    """
    Return one element of a bulk create, marked, without the fields named.

    Raises:
        RejectedError: the project has no such issue type, or a field cannot be set so.
    """
    type_id = catalog.types.get(create.container, {}).get(create.type)
    if type_id is None:
        known = ", ".join(catalog.types.get(create.container, ())) or "none"
        raise RejectedError(
            f'project {create.container} has no issue type "{create.type}"; it has: {known}',
            where=where,
            fix="correct kinds or create in the mapping",
        )
    fields: dict[str, object] = {"project": {"key": create.container}, "issuetype": {"id": type_id}}
    for key, value in create.fields.items():
        if key in without or key in AFTERWARDS or key == LABELS or _is_empty(value):
            continue
        info = writable_field(catalog, key, where=where)
        fields |= {key: write_field(info, value)} if info.wire in BY_VERBS else plain_value(info, value, where=where)
    fields[LABELS] = [*_labels(create.fields.get(LABELS)), mark_label(create.marker)]
    return {"fields": fields, "properties": [{"key": PROPERTY, "value": {"entity": create.marker}}]}


def _labels(value: Native) -> list[str]:
    members = value.members if isinstance(value, Choices) else frozenset()
    return sorted(label.id for label in members if is_label(label.id))


def _is_empty(value: Native) -> bool:
    return value is None or (isinstance(value, Choices | Refs) and not value.members)


def _may_do_without(refusal: FieldsRefusedError) -> bool:
    """Tell whether only screens stand in the way, and not of the label we must find it by."""
    return bool(refusal.off_screen) and refusal.off_screen == refusal.fields.keys() and LABELS not in refusal.fields


async def _post(site: Site, bodies: Mapping[OpId, dict[str, object]]) -> Made:
    if not bodies:
        return {}
    ops = list(bodies)
    try:
        answer = await site.send_bulk(
            BULK_CREATE, CreatedIssues, {"issueUpdates": list(bodies.values())}, cost=float(len(ops))
        )
    except RemoteError as exc:
        return dict.fromkeys(ops, exc)
    made: Made = {
        ops[one.number]: FieldsRefusedError.told(one.why, f"{site.name}:{ISSUE} (create)")
        for one in answer.errors
        if one.number < len(ops)
    }
    taken = [op for op in ops if op not in made]
    if len(taken) != len(answer.issues):
        lost = OutcomeUnknownError(
            f"{len(taken)} issues were to be made, the answer names {len(answer.issues)}",
            where=f"{site.name}:{ISSUE} (create)",
            fix="nothing to do: syncd looks them up by their marks",
        )
        return made | dict.fromkeys(taken, lost)
    return made | {op: Ref(site.name, ISSUE, issue.id) for op, issue in zip(taken, answer.issues, strict=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What is still to be sent once an issue exists."""

    op: OpId
    ref: Ref
    fields: Mapping[str, Native]
    blockers: frozenset[Ref]
    status: Native

    @property
    def keys(self) -> frozenset[str]:
        """Name its fields."""
        steps = {DEPENDS_ON: bool(self.blockers), STATUS: self.status is not None}
        return frozenset(self.fields) | {key for key, wanted in steps.items() if wanted}


def _rest_of(create: Create, ref: Ref, off_screen: frozenset[str]) -> _Rest | None:
    wanted = create.fields.get(DEPENDS_ON)
    rest = _Rest(
        op=create.op,
        ref=ref,
        fields={key: create.fields[key] for key in off_screen if key in create.fields},
        blockers=wanted.members if isinstance(wanted, Refs) else frozenset(),
        status=create.fields.get(STATUS),
    )
    return rest if rest.fields or rest.blockers or rest.status is not None else None


async def _finish(
    site: Site, catalog: Catalog, rests: Sequence[_Rest]
) -> Mapping[OpId, frozenset[str] | OutcomeUnknownError]:
    """Send what the create screen did not take; return what is still unsent, or that nobody can tell how it ended."""
    if not rests:
        return {}
    try:
        fresh = await read_records(site, catalog, [rest.ref for rest in rests])
    except RemoteError:
        return {rest.op: rest.keys for rest in rests}

    async def one(rest: _Rest) -> frozenset[str] | OutcomeUnknownError:
        record = fresh[rest.ref]
        return await _finish_one(site, catalog, rest, record.fields if isinstance(record, Record) else {})

    ended = await side_by_side(one, rests, at_once=site.settings.options.writes_in_flight)
    return {rest.op: answer for rest, answer in zip(rests, ended, strict=True)}


async def _finish_one(
    site: Site, catalog: Catalog, rest: _Rest, pre: Mapping[str, Native]
) -> frozenset[str] | OutcomeUnknownError:
    unsent: frozenset[str] = frozenset()
    try:
        if rest.fields and not await _took(edit_fields(site, catalog, rest.ref, rest.fields, pre=pre)):
            unsent |= rest.fields.keys()
        if rest.blockers and not await _took(link(site, catalog, rest.ref, rest.blockers)):
            unsent |= {DEPENDS_ON}
        if rest.status is not None and not await _took(move(site, rest.ref, pre.get(STATUS), rest.status)):
            unsent |= {STATUS}
    except OutcomeUnknownError as exc:
        return exc
    return unsent


async def _took(step: Awaitable[object]) -> bool:
    """Wait for one step, which does not stop the next; say whether it is over: carried out, or refused for good."""
    try:
        await step
    except OutcomeUnknownError:
        raise
    except RemoteError as exc:
        log.info("create_step_refused", why=exc.what, where=exc.where)
        return not may_pass(exc)
    return True


def _where(site: Site, create: Create) -> str:
    return f"{site.name}:{ISSUE} (create in {create.container})"
