"""Whether a stand-in's own schema is a part of the vendor's: each type, field, argument, value and nullability."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
)
from graphql.utilities.print_schema import print_input_value


def unlike(mine: GraphQLNamedType, official: GraphQLNamedType | None) -> Iterator[str]:
    """Yield everything in which one of our types is no part of the official one of that name."""
    if official is None or type(mine) is not type(official):
        yield f"{mine.name} is officially {type(official).__name__}"
        return
    if isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(official, GraphQLObjectType | GraphQLInterfaceType)
        known = {one.name for one in official.interfaces}
        yield from (f"{one.name} is no official interface" for one in mine.interfaces if one.name not in known)
        yield from unlike_fields(mine, official)
    elif isinstance(mine, GraphQLInputObjectType):
        assert isinstance(official, GraphQLInputObjectType)
        yield from unlike_inputs(mine.fields, official.fields)
    elif isinstance(mine, GraphQLEnumType):
        assert isinstance(official, GraphQLEnumType)
        if list(mine.values) != list(official.values):
            yield f"values {list(mine.values)} are officially {list(official.values)}"
    elif isinstance(mine, GraphQLUnionType):
        assert isinstance(official, GraphQLUnionType)
        members = {one.name for one in official.types}
        yield from (f"{one.name} is no official member" for one in mine.types if one.name not in members)


def unlike_fields(
    mine: GraphQLObjectType | GraphQLInterfaceType, official: GraphQLObjectType | GraphQLInterfaceType
) -> Iterator[str]:
    for name, field in mine.fields.items():
        if name not in official.fields:
            yield f"{name} is not official"
            continue
        if str(field.type) != str(official.fields[name].type):
            yield f"{name}: {field.type} is officially {official.fields[name].type}"
        for problem in unlike_inputs(field.args, official.fields[name].args):
            yield f"{name}({problem})"


def unlike_inputs(mine: object, official: object) -> Iterator[str]:
    assert isinstance(mine, dict)
    assert isinstance(official, dict)
    for name, value in mine.items():
        if name not in official:
            yield f"{name} is not official"
        elif str(value.type) != str(official[name].type):
            yield f"{name}: {value.type} is officially {official[name].type}"
        elif default_of(value) != default_of(official[name]):
            yield f"{name}: default {default_of(value)} is officially {default_of(official[name])}"
    for name, value in official.items():
        if isinstance(value.type, GraphQLNonNull) and name not in mine:
            yield f"{name} is required officially"


def default_of(value: GraphQLArgument | GraphQLInputField) -> str:
    return print_input_value("it", GraphQLArgument(value.type, default=value.default)).partition(" = ")[2]
