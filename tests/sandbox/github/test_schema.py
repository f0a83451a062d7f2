"""Our SDL is a subset of GitHub's: each type, field, argument, value and nullability is the official one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    parse,
    validate,
)
from graphql.utilities.print_schema import print_input_value

from syncd.connectors.github import queries
from syncd.sandbox.github.schema import MUTATIONS, RESOLVERS, schema
from tests.contracts import graphql

pytestmark = pytest.mark.contracts

OURS = sorted(name for name in schema().type_map if not name.startswith("__"))


@pytest.mark.parametrize("name", OURS)
def test_every_type_is_the_official_one_or_a_part_of_it(name: str) -> None:
    mine, official = schema().type_map[name], graphql.schema().type_map.get(name)

    assert official is not None
    assert type(mine) is type(official)
    match mine:
        case GraphQLObjectType() | GraphQLInterfaceType():
            assert isinstance(official, GraphQLObjectType | GraphQLInterfaceType)
            assert {one.name for one in mine.interfaces} <= {one.name for one in official.interfaces}
            assert list(unlike_fields(mine, official)) == []
        case GraphQLInputObjectType():
            assert isinstance(official, GraphQLInputObjectType)
            assert list(unlike_inputs(mine.fields, official.fields)) == []
        case GraphQLEnumType():
            assert isinstance(official, GraphQLEnumType)
            assert list(mine.values) == list(official.values)
        case GraphQLUnionType():
            assert isinstance(official, GraphQLUnionType)
            assert {one.name for one in mine.types} <= {one.name for one in official.types}


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


def test_the_subset_check_can_fail() -> None:
    """A field, a nullability, an argument and a default that are not GitHub's are all told."""
    wrong = build_schema("type Query { viewer: String, nodes(ids: Int = 1, page: Int): [String]!, nonsense: Int }")
    official = build_schema("type Query { viewer: String!, nodes(ids: Int = 2): [String]! }")
    assert wrong.query_type is not None
    assert official.query_type is not None

    assert list(unlike_fields(wrong.query_type, official.query_type)) == [
        "viewer: String is officially String!",
        "nodes(ids: default 1 is officially 2)",
        "nodes(page is not official)",
        "nonsense is not official",
    ]


def test_every_resolver_and_mutation_belongs_to_a_field() -> None:
    kinds = schema().type_map
    for name in RESOLVERS:
        kind, _, field = name.partition(".")
        found = kinds[kind]
        assert isinstance(found, GraphQLObjectType)
        assert field in found.fields
    mutation = schema().mutation_type
    assert mutation is not None
    assert set(mutation.fields) == set(MUTATIONS)


def test_every_recorded_query_github_ran_is_understood() -> None:
    folder = graphql.schema_path().parent / "samples" / "graphql-recorded"
    exchanges = [exchange for path in folder.glob("*.json") for exchange in json.loads(path.read_text())]
    texts = {exchange["query"] for exchange in exchanges if "data" in exchange["response"]["data"]}

    assert len(texts) >= 20
    assert [error.message for text in texts for error in validate(schema(), parse(text))] == []


def test_every_document_of_the_connector_is_understood() -> None:
    texts = [text for text in vars(queries).values() if isinstance(text, str) and text.startswith("query ")]
    texts += [*queries.MORE.values(), queries.mutations(list(queries.INPUTS)), queries.users_by_login(2)]

    assert len(texts) >= 15
    assert [error.message for text in texts for error in validate(schema(), parse(text))] == []
