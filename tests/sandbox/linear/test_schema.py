"""Our SDL is a subset of Linear's: each type, field, argument, value and nullability is the official one."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType

from syncd.sandbox.linear.resolvers import RESOLVERS
from syncd.sandbox.linear.schema import MUTATIONS, schema
from tests.contracts import graphql
from tests.contracts.subset import unlike

pytestmark = pytest.mark.contracts

OURS = sorted(name for name in schema().type_map if not name.startswith("__"))


@pytest.mark.parametrize("name", OURS)
def test_every_type_is_the_official_one_or_a_part_of_it(name: str) -> None:
    assert list(unlike(schema().type_map[name], graphql.schema(graphql.LINEAR).type_map.get(name))) == []


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
