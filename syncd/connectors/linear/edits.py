"""What one change means for Linear: the input of one mutation, field by field, and what needs a mutation of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, ITERATION, MILESTONE, PROJECT
from syncd.connectors.linear.fields import resolution_of
from syncd.errors import RejectedError, RemoteError
from syncd.model.native import Choice, Date, Native, Number, People, Person, RichText, Text
from syncd.model.refs import Ref

Input = dict[str, object]
Encode = Callable[[Native, str], Input]
"""Returns what a value adds to the input; raises `RejectedError` when it does not fit."""

DEPENDS_ON: Final = "depends_on"
LABELS: Final = "labels"
PARENT: Final = "parent"
STRUCTURE: Final = frozenset({PARENT, "belongsTo", DEPENDS_ON})
"""Fields whose writes keep their order, so that no step makes a cycle."""


@dataclass(slots=True)
class Edits:
    """One change, field by field."""

    inputs: dict[str, Input] = field(default_factory=dict)
    """What each field adds to the mutation's input."""
    refused: dict[str, RemoteError] = field(default_factory=dict)
    apart: dict[str, Native] = field(default_factory=dict)
    """Fields that go by verbs of their own: labels, relations, memberships."""

    def merged(self, fields: Iterable[str] | None = None) -> Input:
        """Return the input of these fields together, of all when not said; a field naming itself wins."""
        chosen = self.inputs.keys() if fields is None else fields
        merged: Input = {}
        for key in sorted(chosen, key=lambda name: (name != "belongsTo", name)):
            merged |= self.inputs[key]
        return merged


def plan_edits(kind: str, fields: Mapping[str, Native], *, where: str) -> Edits:
    """Return what writing *fields* to a record of *kind* means; what cannot be said is refused field by field."""
    edits = Edits()
    for key, value in fields.items():
        if key in _APART.get(kind, frozenset()):
            edits.apart[key] = value
            continue
        encode = _ENCODERS.get(kind, {}).get(key)
        place = f"{where} {key}"
        if encode is None:
            edits.refused[key] = misfit("this field cannot be written here", place)
            continue
        try:
            edits.inputs[key] = encode(value, place)
        except RejectedError as exc:
            edits.refused[key] = exc
    return edits


def misfit(what: str, where: str, fix: str = "map this field for reading only, or remove it") -> RejectedError:
    """Return the error of a value that does not fit its field."""
    return RejectedError(what, where=where, fix=fix)


def ref_id(value: Native, kind: str, where: str) -> str | None:
    """
    Return the id of a record of *kind*, `None` for none.

    Raises:
        RejectedError: it is a record of another kind.
    """
    if value is None:
        return None
    if isinstance(value, Ref) and value.kind == kind:
        return value.id
    what = f"a {value.kind}" if isinstance(value, Ref) else type(value).__name__
    raise misfit(f"{what} cannot stand here, only a {kind}", where, "link it to a record of that kind, or map less")


def _title(name: str) -> Encode:
    def encode(value: Native, where: str) -> Input:
        if isinstance(value, Text) and value.value.strip():
            return {name: value.value}
        raise misfit("a title cannot be empty", where, "give it a title")

    return encode


def _text(name: str, *, empty: str | None) -> Encode:
    def encode(value: Native, where: str) -> Input:
        match value:
            case None:
                return {name: empty}
            case Text():
                return {name: value.value}
            case RichText():
                return {name: value.source}
            case _:
                raise misfit(f"{type(value).__name__} is no text", where)

    return encode


def _body(value: Native, where: str) -> Input:
    if isinstance(value, RichText) and value.source.strip():
        return {"body": value.source}
    raise misfit("a comment cannot be empty", where, "delete it by hand in Linear if it is to go")


def _choice(name: str) -> Encode:
    def encode(value: Native, where: str) -> Input:
        if isinstance(value, Choice):
            return {name: value.id}
        raise misfit("a status cannot be empty", where, "choose one")

    return encode


def _priority(value: Native, where: str) -> Input:
    if value is None:
        return {"priority": 0}
    if isinstance(value, Choice) and value.id.isdecimal():
        return {"priority": int(value.id)}
    raise misfit(f"{type(value).__name__} is no priority", where)


def _estimate(value: Native, where: str) -> Input:
    if value is None:
        return {"estimate": None}
    if isinstance(value, Number) and value.value == int(value.value):
        return {"estimate": int(value.value)}
    raise misfit("Linear takes whole numbers only", where, "round it, or map the estimate for reading only")


def _day(name: str, resolution: str | None = None) -> Encode:
    """Encode a date with its resolution: a plain day sets none, so it is shown as that day."""

    def encode(value: Native, where: str) -> Input:
        if value is not None and not isinstance(value, Date):
            raise misfit(f"{type(value).__name__} is no date", where)
        said: Input = {name: value.value.isoformat() if value else None}
        if resolution:
            said[resolution] = resolution_of(value) if value else None
        return said

    return encode


def _person(name: str) -> Encode:
    def encode(value: Native, where: str) -> Input:
        if value is None or isinstance(value, Person):
            return {name: value.id if value else None}
        raise misfit(f"{type(value).__name__} is no person", where)

    return encode


def _members(value: Native, where: str) -> Input:
    if value is None or isinstance(value, People):
        return {"memberIds": sorted(person.id for person in value.members) if value else []}
    raise misfit(f"{type(value).__name__} are no people", where)


def _ref(name: str, kind: str) -> Encode:
    return lambda value, where: {name: ref_id(value, kind, where)}


def _belongs_to(value: Native, where: str) -> Input:
    """Put an issue below an issue, else into a project, else below nothing."""
    if isinstance(value, Ref) and value.kind == ISSUE:
        return {"parentId": value.id}
    return {"parentId": None, "projectId": ref_id(value, PROJECT, where)}


_ENCODERS: Final[Mapping[str, Mapping[str, Encode]]] = MappingProxyType(
    {
        ISSUE: {
            "title": _title("title"),
            "description": _text("description", empty=""),
            "state": _choice("stateId"),
            "priority": _priority,
            "estimate": _estimate,
            "dueDate": _day("dueDate"),
            "assignee": _person("assigneeId"),
            PARENT: _ref("parentId", ISSUE),
            "project": _ref("projectId", PROJECT),
            "belongsTo": _belongs_to,
            "projectMilestone": _ref("projectMilestoneId", MILESTONE),
            "cycle": _ref("cycleId", ITERATION),
        },
        PROJECT: {
            "name": _title("name"),
            "summary": _text("description", empty=""),
            "content": _text("content", empty=""),
            "status": _choice("statusId"),
            "priority": _priority,
            "owner": _person("leadId"),
            "members": _members,
            "startDate": _day("startDate", "startDateResolution"),
            "targetDate": _day("targetDate", "targetDateResolution"),
        },
        INITIATIVE: {
            "name": _title("name"),
            "summary": _text("description", empty=""),
            "content": _text("content", empty=""),
            "status": _choice("status"),
            "owner": _person("ownerId"),
            "targetDate": _day("targetDate", "targetDateResolution"),
        },
        MILESTONE: {
            "name": _title("name"),
            "description": _text("description", empty=""),
            "targetDate": _day("targetDate"),
        },
        COMMENT: {"body": _body},
    }
)
_APART: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {ISSUE: frozenset({LABELS, DEPENDS_ON}), PROJECT: frozenset({LABELS, PARENT})}
)
