"""What a parsed query means on this site: which indexed states of issues it matches, and in which order."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from syncd.sandbox.jira.adf import to_text
from syncd.sandbox.jira.jql import Both, Clause, Either, Empty, Function, Node, Not, Operand, Query, Word
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.schema import (
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    STATUSES_BY_ID,
    TYPES_BY_NAME,
    FieldKind,
)
from syncd.sandbox.jira.state import Issue, Json, Site, User


class State(NamedTuple):
    """One issue as the index holds it."""

    issue: Issue
    key: str
    values: Json


Test = Callable[[State], bool]
ALIASES: Final = {
    "key": "key",
    "issuekey": "key",
    "issue": "key",
    "id": "key",
    "type": "issuetype",
    "fixversion": "fixVersions",
    "affectedversion": "versions",
    "component": "components",
    "due": "duedate",
    "updateddate": "updated",
    "createddate": "created",
    "resolved": "resolutiondate",
}
_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DATE_FORMATS: Final = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_ORDERED: Final = frozenset({FieldKind.INSTANT, FieldKind.DATE, FieldKind.NUMBER, FieldKind.PRIORITY})
_UNSEARCHABLE: Final = frozenset({FieldKind.LINKS, FieldKind.SUBTASKS, FieldKind.COMMENTS})


def compile_query(site: Site, viewer: User, query: Query) -> Test:
    """Return the test a query is; raises Jira's 400 for fields, operators and values that are not there."""
    if query.where is None:
        text = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        raise JiraProblem(400, text)
    return _Compiler(site, viewer).node(query.where)


def sort_states(site: Site, query: Query, states: list[State]) -> list[State]:
    """Return *states* in the query's order; newest first when it names none, as the site does."""
    ordered = sorted(states, key=lambda state: state.issue.id, reverse=True)
    for name, descending in reversed(query.order):
        field = _find_field(site, name)
        ordered.sort(key=lambda state: _sort_key(field, state), reverse=descending)
    return ordered


def _find_field(site: Site, name: str) -> str:
    """Return the id of the field called *name* in JQL, or `statusCategory` or `key`; raises the 400."""
    known = {"statuscategory": "statusCategory", **ALIASES}
    for field in site.fields.values():
        known[field.id.casefold()] = field.id
        if field.is_custom:
            known.setdefault(field.name.casefold(), field.id)
            known[f"cf[{field.id.removeprefix('customfield_')}]"] = field.id
    found = known.get(name)
    if found is None or (found in site.fields and site.fields[found].kind in _UNSEARCHABLE):
        raise JiraProblem(400, f"Field '{name}' does not exist or you do not have permission to view it.")
    return found


def _sort_key(field: str, state: State) -> tuple[bool, Any]:
    if field == "key":
        project, _, number = state.key.rpartition("-")
        return False, (project, int(number))
    value = state.values.get("status" if field == "statusCategory" else field)
    return value is None, value if isinstance(value, float | datetime) else str(value)


def _named(site: Site, field: str) -> list[tuple[Any, ...]] | None:
    """Return the stored value and every name of each thing a field may hold; `None` when it is not a closed set."""
    options = site.fields[field].options
    sets: dict[FieldKind, Callable[[], list[tuple[Any, ...]]]] = {
        FieldKind.PROJECT: lambda: [(one.key, one.key, str(one.id), one.name) for one in site.projects.values()],
        FieldKind.TYPE: lambda: [(one.id, one.id, one.name) for one in TYPES_BY_NAME.values()],
        FieldKind.STATUS: lambda: [(one.id, one.id, one.name) for one in STATUSES],
        FieldKind.PRIORITY: lambda: [(number, number, name) for number, name in PRIORITIES],
        FieldKind.RESOLUTION: lambda: [(number, number, name) for number, name in RESOLUTIONS],
        FieldKind.USER: lambda: [(one, one) for one in site.users],
        FieldKind.COMPONENTS: lambda: [(one.id, one.id, one.name) for one in site.components.values()],
        FieldKind.VERSIONS: lambda: [(one.id, one.id, one.name) for one in site.versions.values()],
        FieldKind.SPRINT: lambda: [(one.id, str(one.id), one.name) for one in site.sprints.values()],
        FieldKind.OPTION: lambda: [(one.id, one.id, one.value) for one in options],
        FieldKind.OPTIONS: lambda: [(one.id, one.id, one.value) for one in options],
    }
    kind = site.fields[field].kind
    return sets[kind]() if kind in sets else None


class _Compiler:
    """Turns a tree into a test, resolving every name first."""

    def __init__(self, site: Site, viewer: User) -> None:
        self._site = site
        self._viewer = viewer

    def _kind(self, field: str) -> FieldKind | None:
        known = self._site.fields.get(field)
        return known.kind if known else None

    def node(self, node: Node) -> Test:
        match node:
            case Both(parts):
                tests = [self.node(part) for part in parts]
                return lambda state: all(test(state) for test in tests)
            case Either(parts):
                tests = [self.node(part) for part in parts]
                return lambda state: any(test(state) for test in tests)
            case Not(part):
                inner = self.node(part)
                return lambda state: not inner(state)
            case Clause():
                return self._clause(node)

    def _clause(self, clause: Clause) -> Test:
        field = _find_field(self._site, clause.field)
        if clause.operator in {"is", "is not"} or clause.operands == (Empty(),):
            if clause.operands != (Empty(),) or clause.operator not in {"is", "is not", "=", "!="}:
                raise self._bad_operator(clause)
            wanted = clause.operator in {"is", "="}
            return lambda state: (state.values.get(field) in (None, [], "")) is wanted
        if clause.operator in {"~", "!~"}:
            return self._text(clause, field)
        if clause.operator in {"=", "!=", "in", "not in"} and field not in {"created", "updated", "resolutiondate"}:
            return self._equality(clause, field)
        if field == "key":
            return self._key_range(clause)
        if self._kind(field) not in _ORDERED:
            raise self._bad_operator(clause)
        return self._order(clause, field)

    def _key_range(self, clause: Clause) -> Test:
        """
        Compare keys by number, within the bound's own project.

        Here the bound need not exist. The real site is said to answer nothing
        when it does not (CData's Jira driver documentation, "KeyColumnOperators").
        """
        compare = _COMPARE.get(clause.operator)
        bound = re.fullmatch(r"(.+)-(\d+)", self._text_of(clause.operands[0], clause).upper())
        if compare is None or bound is None or bound[1] not in self._site.projects:
            raise self._bad_operator(clause)
        project, number = f"{bound[1]}-", int(bound[2])
        start = len(project)
        return lambda state: state.key.startswith(project) and compare(int(state.key[start:]), number)

    @staticmethod
    def _bad_operator(clause: Clause) -> JiraProblem:
        text = f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        return JiraProblem(400, text)

    def _text(self, clause: Clause, field: str) -> Test:
        if self._kind(field) not in {FieldKind.TEXT, FieldKind.ADF}:
            raise self._bad_operator(clause)
        words = re.findall(r"\w+", " ".join(self._texts(clause)).casefold())
        wanted = clause.operator == "~"

        def test(state: State) -> bool:
            value = state.values.get(field)
            text = to_text(value) if isinstance(value, dict) else str(value or "")
            held = set(re.findall(r"\w+", text.casefold()))
            return all(word in held for word in words) is wanted

        return test

    def _equality(self, clause: Clause, field: str) -> Test:
        wanted = {self._resolve(clause, field, one) for one in clause.operands if not isinstance(one, Empty)}
        with_empty = Empty() in clause.operands
        is_in = clause.operator in {"=", "in"}

        def test(state: State) -> bool:
            held = self._held(state, field)
            if not held:
                return is_in and with_empty  # as in Jira, `!=` and `not in` never match an empty field
            return bool(held & wanted) is is_in

        return test

    @staticmethod
    def _held(state: State, field: str) -> set[Any]:
        if field == "key":
            return {state.issue.id}
        if field == "statusCategory":
            return {STATUSES_BY_ID[state.values["status"]].category}
        value = state.values.get(field)
        if value is None:
            return set()
        return set(value) if isinstance(value, list) else {value}

    def _resolve(self, clause: Clause, field: str, operand: Operand) -> Any:  # noqa: ANN401 - any stored form
        text = self._text_of(operand, clause)
        if field in {"key", "parent"}:
            return self._issue(clause, text)
        known = self._known(field)
        if known is None:
            return float(text) if self._kind(field) is FieldKind.NUMBER and _is_number(text) else text
        found = known.get(text.casefold())
        if found is None:
            raise JiraProblem(400, f"The value '{text}' does not exist for the field '{clause.field}'.")
        return found

    def _issue(self, clause: Clause, text: str) -> int:
        try:
            return self._site.find_issue(text).id
        except JiraProblem:
            raise JiraProblem(400, f"An issue with key '{text}' does not exist for field '{clause.field}'.") from None

    def _known(self, field: str) -> dict[str, Any] | None:
        """Return every name and id a field's values go by, folded; `None` when any text will do."""
        site = self._site
        if field == "statusCategory":
            names = {"to do": "new", "in progress": "indeterminate", "done": "done"}
            return names | {one: one for one in ("new", "indeterminate")}
        pairs = _named(site, field)
        return None if pairs is None else {name.casefold(): value for value, *names in pairs for name in names}

    def _order(self, clause: Clause, field: str) -> Test:
        compare = _COMPARE.get(clause.operator)
        if compare is None or len(clause.operands) != 1:
            raise self._bad_operator(clause)
        kind = self._kind(field)
        text = self._text_of(clause.operands[0], clause)
        bound: Any
        if kind is FieldKind.PRIORITY:
            bound = -int(self._resolve(clause, field, clause.operands[0]))
            return lambda state: bool(state.values.get(field)) and compare(-int(state.values[field]), bound)
        if kind is FieldKind.NUMBER:
            if not _is_number(text):
                raise JiraProblem(400, f"The value '{text}' for field '{clause.field}' is not a number.")
            bound = float(text)
        else:
            bound = self._moment(clause, text)
            if kind is FieldKind.DATE:
                bound = bound.astimezone(self._viewer.zone).date().isoformat()
        return lambda state: state.values.get(field) is not None and compare(state.values[field], bound)

    def _moment(self, clause: Clause, text: str) -> datetime:
        """Return the moment a literal names, or raise the 400 for one that is no date, or beyond all dates."""
        try:
            found = self._read_moment(text)
        except (OSError, OverflowError, ValueError):
            found = None
        if found is None:
            raise JiraProblem(
                400,
                f"Date value '{text}' for field '{clause.field}' is invalid. Valid formats include: "
                "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d'.",
            )
        return found

    def _read_moment(self, text: str) -> datetime | None:
        """Return the moment a literal names: epoch milliseconds, or minutes in the *account's* zone."""
        zone, now = self._viewer.zone, self._site.now()
        if re.fullmatch(r"-?\d{5,}", text):
            return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
        relative = re.fullmatch(r"([+-]?)(\d+)([mhdw])", text)
        if relative:
            amount = timedelta(seconds=int(relative[2]) * _UNITS[relative[3]])
            return now + amount if relative[1] == "+" else now - amount
        if text == "now()":
            return now
        if text == "startofday()":
            return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for form in _DATE_FORMATS:
            try:
                return datetime.strptime(text, form).replace(tzinfo=zone)
            except ValueError:
                continue
        return None

    def _texts(self, clause: Clause) -> list[str]:
        return [self._text_of(one, clause) for one in clause.operands]

    def _text_of(self, operand: Operand, clause: Clause) -> str:
        match operand:
            case Word(text):
                return text
            case Function("currentuser", ()):
                return self._viewer.account_id
            case Function(("now" | "startofday") as name, ()):
                return f"{name}()"
            case Function(name):
                raise JiraProblem(400, f"Unable to find JQL function '{name}'.")
        raise self._bad_operator(clause)


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    "<": lambda a, b: bool(a < b),
    ">=": lambda a, b: bool(a >= b),
    "<=": lambda a, b: bool(a <= b),
}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
