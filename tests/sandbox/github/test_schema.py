"""Our SDL is a subset of GitHub's: each type, field, argument, value and nullability is the official one."""

from __future__ import annotations

import json

import pytest
from graphql import GraphQLObjectType, parse, validate

from syncd.connectors.github import mutations, queries
from syncd.sandbox.github.schema import MUTATIONS, RESOLVERS, schema
from tests.contracts import graphql
from tests.contracts.subset import unlike

pytestmark = pytest.mark.contracts

OURS = sorted(name for name in schema().type_map if not name.startswith("__"))


@pytest.mark.parametrize("name", OURS)
def test_every_type_is_the_official_one_or_a_part_of_it(name: str) -> None:
    assert list(unlike(schema().type_map[name], graphql.schema().type_map.get(name))) == []


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
    texts += [*queries.MORE.values(), mutations.document(list(mutations.INPUTS)), queries.users_by_login(2)]

    assert len(texts) >= 15
    assert [error.message for text in texts for error in validate(schema(), parse(text))] == []
