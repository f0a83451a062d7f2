"""GraphQL requests before they are run: read, parsed and validated once per text, and what they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    parse,
    validate,
)
from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse

from syncd.sandbox.log import Judgement, RequestKind

KEPT_DOCUMENTS = 256


class Ask(BaseModel):
    """A request's body."""

    query: str
    variables: dict[str, object] | None = None
    operationName: str | None = None  # noqa: N815 - the wire's name


class Answered(Exception):  # noqa: N818 - a way out, not a failure
    """The request is answered before anything is carried out."""

    def __init__(self, response: JSONResponse) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document, ready to run; *problems* when it is not."""

    document: DocumentNode | None
    problems: tuple[GraphQLError, ...]
    operations: Mapping[str | None, OperationDefinitionNode]
    fields: frozenset[str]
    """Every field name it mentions."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation of that name, or the only one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name)


@lru_cache(maxsize=KEPT_DOCUMENTS)
def prepare(text: str, schema: GraphQLSchema) -> Prepared:
    """Parse a document and validate it against *schema*, once."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return Prepared(document=None, problems=(error,), operations={}, fields=frozenset())
    operations = {
        node.name.value if node.name else None: node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    bodies = [
        node.selection_set
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    return Prepared(
        document=document,
        problems=tuple(validate(schema, document)),
        operations=operations,
        fields=frozenset(name for body in bodies for name in _names(body)),
    )


def _names(selections: SelectionSetNode) -> Iterator[str]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            yield from _names(node.selection_set)


def root_fields(prepared: Prepared, operation: OperationDefinitionNode) -> list[str]:
    """Return the names of an operation's own fields, aliases resolved, in order."""
    fragments = {
        node.name.value: node
        for node in (prepared.document.definitions if prepared.document else ())
        if isinstance(node, FragmentDefinitionNode)
    }
    found = []
    for node in operation.selection_set.selections:
        if isinstance(node, FieldNode):
            found.append(node.name.value)
        elif isinstance(node, FragmentSpreadNode):
            found += list(_names(fragments[node.name.value].selection_set))
    return found


def page_size(node: FieldNode, variables: Mapping[str, object]) -> int | None:
    """Return how many a field asks for by `first` or `last`; `None` when it does not say."""
    for argument in node.arguments or ():
        if argument.name.value in {"first", "last"}:
            value = argument.value
            if isinstance(value, IntValueNode):
                return int(value.value)
            given = variables.get(value.name.value) if isinstance(value, VariableNode) else None
            return given if isinstance(given, int) else None
    return None


def locations(problem: GraphQLError) -> list[dict[str, int]]:
    """Return where in the document a problem is, as answers tell it."""
    return [{"line": place.line, "column": place.column} for place in problem.locations or ()]


def strings(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def read_ask(body: bytes) -> Ask | None:
    """Return a request's body if it is one."""
    try:
        return Ask.model_validate_json(body)
    except ValidationError:
        return None


def judge_graphql(body: bytes, schema: GraphQLSchema) -> Judgement:
    """Say what the GraphQL request in *body* is for: its mutations or its name, and every text it hands over."""
    ask = read_ask(body)
    if ask is None:
        return Judgement(kind=RequestKind.READ, operation="POST /graphql")
    writes, operation = _meaning(ask.query, ask.operationName, schema)
    return Judgement(
        kind=RequestKind.WRITE if writes else RequestKind.READ,
        operation=operation,
        items=frozenset(text for text in strings(ask.variables) if "\n" not in text),
    )


@lru_cache(maxsize=KEPT_DOCUMENTS)
def _meaning(query: str, name: str | None, schema: GraphQLSchema) -> tuple[bool, str]:
    """Return whether it is a mutation, and its mutations or its name."""
    prepared = prepare(query, schema)
    operation = prepared.operation(name)
    if operation is None:
        return False, "POST /graphql"
    if operation.operation is OperationType.MUTATION:
        return True, ", ".join(root_fields(prepared, operation))
    return False, f"query {operation.name.value}" if operation.name else "query"
