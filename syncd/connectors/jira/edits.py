"""Editing one issue: its fields in one request, its links one by one, its status last and by one transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.encode import is_label, write_field, write_member
from syncd.connectors.jira.fields import BY_VERBS, DEPENDS_ON, STATUS, FieldInfo, Wire
from syncd.connectors.jira.payloads import Issue, IssueLink, Transition, Transitions
from syncd.connectors.jira.queries import ISSUE, LINK, LINKS, TRANSITIONS
from syncd.connectors.jira.site import FieldsRefusedError, Site
from syncd.connectors.protocol import Update, set_delta
from syncd.errors import AuthError, OutcomeUnknownError, RejectedError, RemoteError
from syncd.model.native import Choice, Native, Number
from syncd.model.refs import Ref

MINUTES_AN_HOUR: Final = 60


async def update_issue(site: Site, catalog: Catalog, update: Update) -> frozenset[str]:
    """
    Carry out an update and return the fields that were not sent for a reason that may pass.

    Fields the edit screen does not show are left out and the rest is sent:
    what did not take shows when the issue is read back.

    Raises:
        RemoteError: nothing was changed; or, as `OutcomeUnknownError`, nobody can tell.
    """
    ref, where = update.pre.ref, str(update.pre.ref)
    plain = {key: value for key, value in update.fields.items() if key not in {STATUS, DEPENDS_ON}}
    changed = await edit_fields(site, catalog, ref, plain, pre=update.pre.fields) if plain else False
    steps, left, unsent = 0, update.fields.keys() & {DEPENDS_ON, STATUS}, frozenset[str]()
    try:
        if DEPENDS_ON in left:
            steps += await _relink(site, catalog, update)
            left -= {DEPENDS_ON}
        if STATUS in left:
            steps += await move(site, ref, update.pre.fields.get(STATUS), update.fields[STATUS])
    except OutcomeUnknownError:
        raise
    except RemoteError as exc:
        if not changed and not steps:
            raise
        unsent = frozenset(left) if may_pass(exc) else unsent
    if not changed and not steps and not update.fields:
        raise RejectedError("an update without fields", where=where, fix="report this to syncd")
    return unsent


def may_pass(error: RemoteError) -> bool:
    """Tell whether a refusal is about the moment or the credential, and says nothing of what was to be written."""
    return error.retry or isinstance(error, AuthError)


async def edit_fields(
    site: Site, catalog: Catalog, ref: Ref, fields: Mapping[str, Native], *, pre: Mapping[str, Native]
) -> bool:
    """Send these fields in one request; return whether any was sent. Those off the screen are dropped, once."""
    body = make_edit(catalog, fields, pre, where=str(ref))
    if not any(body.values()):
        return False
    try:
        await site.send("PUT", ISSUE, ref.id, body=body, where=str(ref))
    except FieldsRefusedError as exc:
        rest = {key: value for key, value in fields.items() if key not in exc.off_screen}
        if not exc.off_screen or exc.off_screen != exc.fields.keys() or not rest or len(rest) == len(fields):
            raise
        await site.send("PUT", ISSUE, ref.id, body=make_edit(catalog, rest, pre, where=str(ref)), where=str(ref))
    return True


def make_edit(
    catalog: Catalog, fields: Mapping[str, Native], pre: Mapping[str, Native], *, where: str
) -> dict[str, dict[str, object]]:
    """
    Return the body of an edit: verbs for sets, whole values for the rest.

    Raises:
        RejectedError: a field is unknown, read-only or cannot hold the value.
    """
    whole: dict[str, object] = {}
    verbs: dict[str, object] = {}
    for key, value in fields.items():
        info = writable_field(catalog, key, where=where)
        if info.wire in BY_VERBS:
            steps = _verbs(info, pre.get(key), value)
            if steps:
                verbs[key] = steps
        else:
            whole |= plain_value(info, value, where=where)
    return {name: part for name, part in (("fields", whole), ("update", verbs)) if part}


def writable_field(catalog: Catalog, key: str, *, where: str) -> FieldInfo:
    """Return how that field is written; raises RejectedError when it is not."""
    info = catalog.fields.get(key)
    if info is None:
        raise RejectedError(
            f'this site has no field "{key}"', where=f"{where} {key}", fix="correct the mapping: syncd check --online"
        )
    if not info.writable:
        raise RejectedError(
            f'"{info.label}" is read-only in Jira', where=f"{where} {key}", fix="map it with direction: read"
        )
    return info


def plain_value(info: FieldInfo, value: Native, *, where: str) -> dict[str, object]:
    """Return the part of `fields` that sets one field to a whole value."""
    try:
        if info.wire is Wire.HOURS:
            return {"timetracking": {"originalEstimate": _minutes(info, value)}}
        return {info.key: write_field(info, value)}
    except RejectedError as exc:
        exc.where = exc.where or f"{where} {info.key}"
        raise


def _minutes(info: FieldInfo, value: Native) -> str:
    if not isinstance(value, Number):
        raise RejectedError(f'"{info.label}" cannot be emptied', fix="set it to 0")
    return f"{round(value.value * MINUTES_AN_HOUR)}m"


def _verbs(info: FieldInfo, before: Native, after: Native) -> list[dict[str, object]]:
    """Return the add and remove steps between two sets; labels Jira cannot hold are left out."""
    added, removed = (sorted(members, key=lambda member: str(member.id)) for members in set_delta(before, after))
    if info.wire is Wire.LABELS:
        added = [label for label in added if is_label(label.id)]
    return [
        *({"add": write_member(info, member)} for member in added),
        *({"remove": write_member(info, member)} for member in removed),
    ]


async def move(site: Site, ref: Ref, now: Native, target: Native) -> int:
    """
    Bring an issue into a status by one transition; return 1 if one was needed.

    Raises:
        RejectedError: no single step leads there, or its screen demands fields.
    """
    where = f"{ref} {STATUS}"
    if not isinstance(target, Choice):
        raise RejectedError("a status cannot be empty", where=where, fix="map every value to a status")
    if now == target:
        return 0
    found = await site.get(TRANSITIONS, Transitions, ref.id, params={"expand": "transitions.fields"}, where=where)
    step = choose_step([one for one in found.transitions if one.available], target, now, where=where)
    await site.send("POST", TRANSITIONS, ref.id, body={"transition": {"id": step.id}}, where=where)
    return 1


def choose_step(steps: list[Transition], target: Choice, now: Native, *, where: str) -> Transition:
    """Return the step to a status whose screen demands least; raises RejectedError when there is none we can take."""
    fitting = sorted((step for step in steps if step.to.id == target.id), key=lambda step: (len(step.demands), step.id))
    here = f'from "{now.label}"' if isinstance(now, Choice) else "from here"
    if not fitting:
        reachable = ", ".join(sorted({f'"{step.to.label}"' for step in steps})) or "none"
        raise RejectedError(
            f'no single step leads {here} to "{target.label}"; reachable: {reachable}',
            where=where,
            fix="add a transition to the workflow, let the account use it, or map to a reachable status",
        )
    if fitting[0].demands:
        raise RejectedError(
            f'the step {here} to "{target.label}" demands {", ".join(fitting[0].demands)}',
            where=where,
            fix="give these fields a default on the transition screen, or move the issue by hand",
        )
    return fitting[0]


async def _relink(site: Site, catalog: Catalog, update: Update) -> int:
    added, removed = set_delta(update.pre.fields.get(DEPENDS_ON), update.fields[DEPENDS_ON])
    where = f"{update.pre.ref} {DEPENDS_ON}"
    return await link(site, catalog, update.pre.ref, added) + await _unlink(
        site, catalog, update.pre.ref, removed, where
    )


async def link(site: Site, catalog: Catalog, ref: Ref, blockers: frozenset[Ref]) -> int:
    """
    Say that *ref* is blocked by each of *blockers*; return how many links were made.

    The inward issue of the request is the one that blocks: the outward words
    ("blocks") lead from it to the other. Source: contract, POST issueLink.
    """
    where = f"{ref} {DEPENDS_ON}"
    if catalog.blocks is None:
        name = site.settings.options.depends_on_link
        raise RejectedError(
            f'this site has no link type "{name}"', where=where, fix="add it in Jira, or set options.depends_on_link"
        )
    for blocker in sorted(blockers):
        body = {
            "type": {"id": catalog.blocks},
            "inwardIssue": {"id": blocker.id},
            "outwardIssue": {"id": ref.id},
        }
        await site.send("POST", LINKS, body=body, where=where)
    return len(blockers)


async def _unlink(site: Site, catalog: Catalog, ref: Ref, blockers: frozenset[Ref], where: str) -> int:
    if not blockers:
        return 0
    issue = await site.get(ISSUE, Issue, ref.id, params={"fields": ["issuelinks"]}, where=where)
    try:
        links = [IssueLink.model_validate(one) for one in issue.fields.get("issuelinks") or []]
    except ValidationError as exc:
        raise RejectedError("its links cannot be read", where=where, fix="report this with syncd's version") from exc
    gone = {blocker.id for blocker in blockers}
    doomed = [one.id for one in links if one.inward and one.inward.id in gone and one.type.id == catalog.blocks]
    for link_id in doomed:
        await site.send("DELETE", LINK, link_id, where=where)
    return len(doomed)
