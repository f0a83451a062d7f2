"""
The published GraphQL schemas as judges: of every document we send, and of every answer we (or our stand-ins) give.

They are `contracts/github/schema.graphql` and `contracts/linear/schema.graphql`
(see each PROVENANCE.md). Building one takes about two seconds, so it is built
once a session. Whoever names no vendor means GitHub.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    is_abstract_type,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

GITHUB, LINEAR = "github", "linear"
"""The vendors, by the folder of their contract."""
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ANY = re.compile(".*", re.DOTALL)
SPAN = re.compile(r"-?P[0-9YMWDTHS]+")
_FORMATS = {
    "DateTime": DATE_TIME,
    "DateTimeOrDuration": re.compile(f"{DATE_TIME.pattern}|{SPAN.pattern}"),
    "Date": DATE,
    "TimelessDate": DATE,
    "TimelessDateOrDuration": re.compile(f"{DATE.pattern}|{SPAN.pattern}"),
    "URI": re.compile(r"\S+://\S+|/\S*"),
    "UUID": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "BigInt": re.compile(r"-?\d+"),
}
_STRICT = ("DateTime", "DateTimeOrDuration", "Date", "TimelessDate", "TimelessDateOrDuration", "UUID")
"""The scalars that are held to their form also on the way in."""


@dataclass(slots=True)
class Tally:
    """What was put before the schema in this session, for the terminal summary."""

    requests: int = 0
    answers: int = 0
    problems: list[str] = field(default_factory=list)
    exceptions: dict[str, str] = field(default_factory=dict)


TALLY = Tally()


def schema_path(vendor: str = GITHUB) -> Path:
    """Return where a vendor's schema lies; skip the test when it is not there."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("SYNCD_CONTRACTS", root.parent / "shared" / "contracts"))
    path = folder / vendor / "schema.graphql"
    if not path.exists():
        pytest.skip(
            f"no vendor schemas at {folder}; set SYNCD_CONTRACTS to the folder that holds {vendor}/schema.graphql"
        )
    return path


@lru_cache(maxsize=2)
def schema(vendor: str = GITHUB) -> GraphQLSchema:
    """Return a vendor's schema, with its date scalars made strict on the way in."""
    built = build_schema(schema_path(vendor).read_text(encoding="utf-8"), assume_valid=True, assume_valid_sdl=True)
    for name in _STRICT:
        scalar = built.type_map.get(name)
        if isinstance(scalar, GraphQLScalarType):
            _be_strict(scalar, _FORMATS[name])
    return built


def _be_strict(scalar: GraphQLScalarType, shape: re.Pattern[str]) -> None:
    def parse_value(value: object) -> object:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise GraphQLError(f"{value!r} is no {scalar.name}")
        return value

    # graphql-core calls it `parse_value` before 3.3 and `coerce_input_value` since.
    for attribute in ("parse_value", "coerce_input_value"):
        if hasattr(scalar, attribute):
            setattr(scalar, attribute, parse_value)


@lru_cache(maxsize=256)
def _document(query: str, vendor: str) -> tuple[DocumentNode | None, tuple[str, ...]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (str(error),)
    return document, tuple(error.message for error in validate(schema(vendor), document))


def check_document(
    query: str, variables: Mapping[str, object] | None = None, *, tally: Tally = TALLY, vendor: str = GITHUB
) -> list[str]:
    """Return what the vendor would refuse in this document and these variables; empty when it would accept them."""
    tally.requests += 1
    document, problems = _document(query, vendor)
    if document is None or problems:
        tally.problems.extend(problems)
        return list(problems)
    operation = _operation(document)
    given = dict(variables or {})
    declared = {node.variable.name.value for node in operation.variable_definitions or ()}
    found = [f"variable ${name} is not declared" for name in sorted(set(given) - declared)]
    coerced = get_variable_values(schema(vendor), operation.variable_definitions or (), given)
    if isinstance(coerced, list):
        found += [error.message for error in coerced]
    tally.problems.extend(found)
    return found


def check_answer(query: str, data: object, *, tally: Tally = TALLY, vendor: str = GITHUB) -> list[str]:
    """
    Return where the answer's `data` does not fit the query's types: missing or extra keys, nulls, enums, scalars.

    `None` as a whole is accepted (an error took it all). An object whose type
    is abstract and which has no `__typename` fits when any possible type does.
    """
    tally.answers += 1
    if data is None:
        return []
    document, problems = _document(query, vendor)
    if document is None or problems:
        return list(problems)
    operation = _operation(document)
    root = {
        OperationType.QUERY: schema(vendor).query_type,
        OperationType.MUTATION: schema(vendor).mutation_type,
    }[operation.operation]
    assert root is not None
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found = list(_Answer(schema(vendor), fragments).fits(root, (operation.selection_set,), data, "data"))
    tally.problems.extend(found)
    return found


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    return next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))


@dataclass(frozen=True, slots=True)
class _Answer:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]

    def fits(
        self, kind: GraphQLOutputType, selections: Sequence[SelectionSetNode], value: object, at: str
    ) -> Iterator[str]:
        """Yield every misfit of *value* with *kind*."""
        if isinstance(kind, GraphQLNonNull):
            if value is None:
                yield f"{at}: null where {kind} was promised"
            else:
                yield from self.fits(kind.of_type, selections, value, at)
        elif value is None:
            return
        elif isinstance(kind, GraphQLList):
            if not isinstance(value, list):
                yield f"{at}: {type(value).__name__} where {kind} was promised"
                return
            for index, member in enumerate(value):
                yield from self.fits(kind.of_type, selections, member, f"{at}[{index}]")
        elif isinstance(kind, GraphQLEnumType):
            if value not in kind.values:
                yield f"{at}: {value!r} is not one of {kind.name}"
        elif isinstance(kind, GraphQLScalarType):
            yield from _scalar(kind, value, at)
        else:
            yield from self._object(kind, selections, value, at)

    def _object(
        self, kind: GraphQLOutputType, selections: Sequence[SelectionSetNode], value: object, at: str
    ) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: {type(value).__name__} where an object was promised"
            return
        if isinstance(kind, GraphQLObjectType):
            yield from self._fields(kind, selections, value, at)
            return
        assert is_abstract_type(kind)
        possible = self.schema.get_possible_types(kind)
        named = [option for option in possible if option.name == value.get("__typename", option.name)]
        if not named:
            yield f"{at}: {value['__typename']} is no {kind}"
            return
        misfits = [list(self._fields(option, selections, value, at)) for option in named]
        yield from min(misfits, key=len)

    def _fields(
        self, kind: GraphQLObjectType, selections: Sequence[SelectionSetNode], value: dict[str, object], at: str
    ) -> Iterator[str]:
        asked: dict[str, list[FieldNode]] = {}
        optional: set[str] = set()
        for selection in selections:
            self._collect(kind, selection, asked, optional)
        yield from (f"{at}.{name}: not asked for" for name in value.keys() - asked.keys())
        for name, nodes in asked.items():
            if name not in value:
                if name not in optional:
                    yield f"{at}.{name}: missing"
                continue
            field_name = nodes[0].name.value
            if field_name == "__typename":
                if value[name] != kind.name:
                    yield f"{at}.{name}: {value[name]!r} where {kind.name} was promised"
                continue
            inner = [node.selection_set for node in nodes if node.selection_set]
            yield from self.fits(kind.fields[field_name].type, inner, value[name], f"{at}.{name}")

    def _collect(
        self,
        kind: GraphQLObjectType,
        selection_set: SelectionSetNode,
        asked: dict[str, list[FieldNode]],
        optional: set[str],
    ) -> None:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                name = node.alias.value if node.alias else node.name.value
                asked.setdefault(name, []).append(node)
                if node.directives:
                    optional.add(name)
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                condition, inner = fragment.type_condition.name.value, fragment.selection_set
            else:
                assert isinstance(node, InlineFragmentNode)
                condition = node.type_condition.name.value if node.type_condition else kind.name
                inner = node.selection_set
            if condition == kind.name or kind in self._possible(condition):
                self._collect(kind, inner, asked, optional)

    def _possible(self, name: str) -> Sequence[GraphQLObjectType]:
        kind = self.schema.type_map[name]
        return self.schema.get_possible_types(kind) if is_abstract_type(kind) else ()


def _scalar(kind: GraphQLScalarType, value: object, at: str) -> Iterator[str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "Boolean": isinstance(value, bool),
        "Int": isinstance(value, int) and number and abs(value) < 2**31,
        "Float": number,
        "JSON": True,
        "JSONObject": isinstance(value, dict),
    }.get(kind.name, isinstance(value, str) and bool(_FORMATS.get(kind.name, _ANY).fullmatch(value)))
    if not fits:
        yield f"{at}: {value!r} is no {kind.name}"
