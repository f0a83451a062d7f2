"""The comparison itself: it must find what is not the vendor's."""

from __future__ import annotations

from graphql import build_schema

from tests.contracts.subset import unlike, unlike_fields


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


def test_a_type_of_another_sort_or_with_other_values_is_told() -> None:
    wrong = build_schema("enum A { X Y } input B { a: Int } type Query { a: A b(b: B): Int }")
    official = build_schema("enum A { X Z } type B { a: Int } type Query { a: A b: B }")

    assert list(unlike(wrong.type_map["A"], official.type_map["A"])) == ["values ['X', 'Y'] are officially ['X', 'Z']"]
    assert list(unlike(wrong.type_map["B"], official.type_map["B"])) == ["B is officially GraphQLObjectType"]
    assert list(unlike(wrong.type_map["B"], None)) == ["B is officially NoneType"]
