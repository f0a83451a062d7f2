"""Making a tool's `schema.graphql` executable: a resolver on every field, a reader for every scalar."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from operator import attrgetter, itemgetter

from graphql import GraphQLObjectType, GraphQLScalarType, GraphQLSchema, build_schema
from graphql.type import GraphQLAbstractType

SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def load_schema(
    package: str, resolver: Callable[[str, str], Callable[..., object]], scalars: Mapping[str, Callable[[object], str]]
) -> GraphQLSchema:
    """Return the schema in *package*; *resolver* gives a field's by its type's name and its own."""
    built = build_schema(files(package).joinpath("schema.graphql").read_text(encoding="utf-8"))
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                field.resolve = resolver(kind.name, name)
        elif isinstance(kind, GraphQLAbstractType):
            kind.resolve_type = _type_name
    for name, read in scalars.items():
        scalar = built.type_map[name]
        if isinstance(scalar, GraphQLScalarType):
            scalar.coerce_input_value = read  # how a scalar of a built schema learns to read
    return built


def held(name: str, *, by_key: bool) -> Callable[..., object]:
    """Return the resolver of what a thing holds under a field's name: by that key, or as the attribute."""
    get: Callable[..., object] = itemgetter(name) if by_key else attrgetter(snake(name))
    return lambda source, _info, **_args: get(source)


def snake(name: str) -> str:
    """Return a field's name as the attribute's: `dueDate` is `due_date`."""
    return SNAKE.sub("_", name).lower()


def _type_name(value: object, *_: object) -> str:
    name: str = value.typename  # type: ignore[attr-defined]  # everything behind an interface or union has one
    return name
