"""Which mutations a write takes. Plain functions: everything they need was looked up before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from syncd.connectors.github.fields import OPEN, ProjectField
from syncd.connectors.github.marker import join_body
from syncd.connectors.github.records import ISSUE
from syncd.connectors.protocol import set_delta
from syncd.errors import RejectedError, RemoteError
from syncd.model.native import Choice, Choices, Date, Native, NativeType, Number, People, Record, RichText, Text
from syncd.model.refs import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One mutation, and the fields of the record it carries."""

    mutation: str
    input: Mapping[str, object]
    fields: frozenset[str]
    where: str = ""
    """What it writes to, for errors: `github-eng:issue:I_1 Status`."""
    chosen: Choice | Ref | None = None
    """The option or iteration it chooses, so that it can be found again under a new id."""


@dataclass(slots=True, kw_only=True)
class Steps:
    """What a write comes down to: mutations in order, and the fields that cannot be said."""

    steps: list[Step] = field(default_factory=list)
    refused: dict[str, RemoteError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is written to."""

    where: str
    issue: str | None = None
    """The issue's node id; `None` for a draft."""
    draft: str | None = None
    """The draft's own id."""
    item: str | None = None
    """Its item in the project; `None` when it is not in it."""
    project: str
    fields: Mapping[str, ProjectField]
    label_ids: Mapping[str, str] = field(default_factory=dict)
    """By label name in lower case: every one that is to be added or removed."""
    marker: str | None = None
    footer: str = ""
    """The links home below its body."""


Handler = Callable[[Target, Native, Native], Iterator[Step]]


def plan_steps(target: Target, before: Mapping[str, Native], wanted: Mapping[str, Native]) -> Steps:
    """Return the steps that take *before* to *wanted*, state changes last."""
    plan = Steps()
    texts = {key: value for key, value in wanted.items() if key in {"title", "body"}}
    if target.issue is None and "assignees" in wanted:
        texts["assignees"] = wanted["assignees"]
    rest = {key: value for key, value in wanted.items() if key not in texts}
    _collect(plan, target, frozenset(texts), lambda: _texts(target, texts))
    for key in sorted(rest, key=lambda name: (name == "state", name)):
        _collect(plan, target, frozenset({key}), _steps_of(target, key, before.get(key), rest[key]))
    return plan


def plan_comment(where: str, comment: str, marker: str | None, wanted: Mapping[str, Native]) -> Steps:
    """Return the step that gives a comment its new body; nothing else of it can be changed."""
    plan = Steps()
    for key, value in wanted.items():
        if key != "body":
            plan.refused[key] = RejectedError(
                "only the body of a comment can be changed", where=f"{where} {key}", fix="map this field for reading"
            )
        elif not isinstance(value, RichText) or not value.source.strip():
            plan.refused[key] = RejectedError(
                "a comment cannot be empty", where=f"{where} {key}", fix="leave it as it is, or delete it by hand"
            )
        else:
            said = {"id": comment, "body": join_body(value, marker)}
            plan.steps.append(
                Step(mutation="updateIssueComment", input=said, fields=frozenset({key}), where=f"{where} {key}")
            )
    return plan


def _collect(plan: Steps, target: Target, keys: frozenset[str], make: Callable[[], Iterator[Step]]) -> None:
    names = ", ".join(sorted(target.fields[key].name if key in target.fields else key for key in keys))
    try:
        plan.steps += [replace(step, where=f"{target.where} {names}") for step in make()]
    except RejectedError as exc:
        plan.refused |= dict.fromkeys(keys, exc)


def _steps_of(target: Target, key: str, before: Native, after: Native) -> Callable[[], Iterator[Step]]:
    if key in target.fields:
        return lambda: _project_field(target, target.fields[key], after)
    handler = _ISSUE_FIELDS.get(key) if target.issue else None
    if handler is None:
        return lambda: _refuse(target, key, "this field cannot be written here")
    return lambda: handler(target, before, after)


def _refuse(target: Target, key: str, why: str) -> Iterator[Step]:
    yield from ()
    raise RejectedError(why, where=f"{target.where} {key}", fix="map this field for reading only, or remove it")


def _texts(target: Target, wanted: Mapping[str, Native]) -> Iterator[Step]:
    """Yield one step for title and body (a draft's assignees too, which only go as a whole)."""
    said: dict[str, object] = {}
    if "title" in wanted:
        said["title"] = _text(target, wanted["title"])
    if "body" in wanted:
        body = wanted["body"]
        if body is not None and not isinstance(body, RichText):
            yield from _refuse(target, "body", "a body is rich text")
        said["body"] = join_body(body if isinstance(body, RichText) else None, target.marker, target.footer)
    if "assignees" in wanted:
        people = wanted["assignees"]
        said["assigneeIds"] = sorted(person.id for person in people.members) if isinstance(people, People) else []
    if not said:
        return
    if target.issue:
        yield Step(mutation="updateIssue", input={"id": target.issue, **said}, fields=frozenset(wanted))
    else:
        yield Step(
            mutation="updateProjectV2DraftIssue",
            input={"draftIssueId": target.draft, **said},
            fields=frozenset(wanted),
        )


def _text(target: Target, value: Native) -> str:
    if isinstance(value, Text) and value.value.strip():
        return value.value
    raise RejectedError("a title cannot be empty", where=f"{target.where} title", fix="give it a title")


def _state(target: Target, _before: Native, after: Native) -> Iterator[Step]:
    if not isinstance(after, Choice):
        yield from _refuse(target, "state", "a state cannot be empty")
        return
    fields = frozenset({"state"})
    if after.id == OPEN:
        yield Step(mutation="reopenIssue", input={"issueId": target.issue}, fields=fields)
    else:
        said = {"issueId": target.issue, "stateReason": after.id.upper()}
        yield Step(mutation="closeIssue", input=said, fields=fields)


def _type(target: Target, _before: Native, after: Native) -> Iterator[Step]:
    said = {"issueId": target.issue, "issueTypeId": after.id if isinstance(after, Choice) else None}
    yield Step(mutation="updateIssueIssueType", input=said, fields=frozenset({"type"}))


def _milestone(target: Target, _before: Native, after: Native) -> Iterator[Step]:
    said = {"id": target.issue, "milestoneId": after.id if isinstance(after, Ref) else None}
    yield Step(mutation="updateIssue", input=said, fields=frozenset({"milestone"}))


def label_delta(before: Native, after: Native) -> tuple[frozenset[str], frozenset[str]]:
    """Return the label names to add and to remove, in lower case: GitHub does not tell cases apart."""
    old, new = (
        frozenset(choice.id.lower() for choice in side.members) if isinstance(side, Choices) else frozenset()
        for side in (before, after)
    )
    return new - old, old - new


def _labels(target: Target, before: Native, after: Native) -> Iterator[Step]:
    for names, mutation in zip(
        label_delta(before, after), ("addLabelsToLabelable", "removeLabelsFromLabelable"), strict=True
    ):
        # A label that is to go and is known no more has gone already.
        found = sorted(target.label_ids[name] for name in names if name in target.label_ids)
        if found:
            said = {"labelableId": target.issue, "labelIds": found}
            yield Step(mutation=mutation, input=said, fields=frozenset({"labels"}))


def _assignees(target: Target, before: Native, after: Native) -> Iterator[Step]:
    verbs = ("addAssigneesToAssignable", "removeAssigneesFromAssignable")
    # Removal first: at most ten people fit.
    for people, mutation in reversed(list(zip(set_delta(before, after), verbs, strict=True))):
        if people:
            said = {"assignableId": target.issue, "assigneeIds": sorted(person.id for person in people)}
            yield Step(mutation=mutation, input=said, fields=frozenset({"assignees"}))


def _parent(target: Target, before: Native, after: Native) -> Iterator[Step]:
    fields = frozenset({"parent"})
    if isinstance(after, Ref):
        said = {"issueId": issue_id(after, target, "parent"), "subIssueId": target.issue, "replaceParent": True}
        yield Step(mutation="addSubIssue", input=said, fields=fields)
    elif isinstance(before, Ref):
        yield Step(mutation="removeSubIssue", input={"issueId": before.id, "subIssueId": target.issue}, fields=fields)


def _depends_on(target: Target, before: Native, after: Native) -> Iterator[Step]:
    for refs, mutation in zip(set_delta(before, after), ("addBlockedBy", "removeBlockedBy"), strict=True):
        for ref in sorted(refs):
            said = {"issueId": target.issue, "blockingIssueId": issue_id(ref, target, "depends_on")}
            yield Step(mutation=mutation, input=said, fields=frozenset({"depends_on"}))


def issue_id(ref: Ref, target: Target, key: str) -> str:
    """
    Return the node id of an issue.

    Raises:
        RejectedError: it is a draft or a milestone, which GitHub cannot name there.
    """
    if ref.kind != ISSUE:
        raise RejectedError(
            f"a {ref.kind} cannot stand here, only an issue",
            where=f"{target.where} {key}",
            fix="convert the draft to an issue on GitHub",
        )
    return ref.id


def _project_field(target: Target, spec: ProjectField, after: Native) -> Iterator[Step]:
    fields = frozenset({spec.id})
    if target.item is None:
        yield from _refuse(target, spec.name, "it is not in the project, so it has no project fields")
        return
    said = {"projectId": target.project, "itemId": target.item, "fieldId": spec.id}
    if after is None:
        yield Step(mutation="clearProjectV2ItemFieldValue", input=said, fields=fields)
        return
    if isinstance(after, Ref) and spec.type is NativeType.REF and spec.iteration_of(after) is None:
        yield from _refuse(target, spec.name, "this iteration belongs to another field of the project")
    value = _field_value(spec, after)
    if value is None:
        yield from _refuse(target, spec.name, f"{type(after).__name__} does not fit a {spec.type} field")
        return
    chosen = after if isinstance(after, Choice | Ref) else None
    yield Step(mutation="updateProjectV2ItemFieldValue", input={**said, "value": value}, fields=fields, chosen=chosen)


def _field_value(spec: ProjectField, value: Native) -> dict[str, object] | None:
    match spec.type, value:
        case NativeType.TEXT, Text():
            return {"text": value.value}
        case NativeType.NUMBER, Number():
            return {"number": float(value.value)}
        case NativeType.DATE, Date():
            return {"date": value.value.isoformat()}
        case NativeType.CHOICE, Choice():
            return chosen_value(spec, value)
        case NativeType.REF, Ref(kind="iteration"):
            return chosen_value(spec, value)
        case _:
            return None


def chosen_value(spec: ProjectField, chosen: Choice | Ref) -> dict[str, object]:
    """Return the option or iteration to send: the one meant, under the id it has now."""
    if isinstance(chosen, Ref):
        return {"iterationId": spec.iteration_of(chosen)}
    return {"singleSelectOptionId": (spec.option_like(chosen) or chosen).id}


_ISSUE_FIELDS: Final[Mapping[str, Handler]] = {
    "state": _state,
    "type": _type,
    "milestone": _milestone,
    "labels": _labels,
    "assignees": _assignees,
    "parent": _parent,
    "depends_on": _depends_on,
}


def item_of(record: Record) -> str | None:
    """Return the project item a record lies in, from its aliases."""
    return next((alias.id for alias in record.aliases if alias.kind == "draft"), None)
