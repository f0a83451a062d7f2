"""The judge itself: it must find what is wrong, and let the recorded truth pass."""

from __future__ import annotations

import json

import pytest

from tests.contracts.graphql import Tally, schema_path
from tests.contracts.graphql import check_answer as judge_answer
from tests.contracts.graphql import check_document as judge_document

pytestmark = pytest.mark.contracts

OWN = Tally()
"""What is judged here says nothing about us, so it stays out of the session's tally."""


def check_document(query: str, variables: dict[str, object]) -> list[str]:
    return judge_document(query, variables, tally=OWN)


def check_answer(query: str, data: object) -> list[str]:
    return judge_answer(query, data, tally=OWN)


ITEM = "query($id: ID!) { node(id: $id) { __typename ... on ProjectV2Item { id isArchived type updatedAt } } }"
GOOD = {
    "__typename": "ProjectV2Item",
    "id": "i",
    "isArchived": False,
    "type": "ISSUE",
    "updatedAt": "2026-01-01T00:00:00Z",
}


def test_a_right_document_and_answer_pass() -> None:
    assert check_document(ITEM, {"id": "x"}) == []
    assert check_answer(ITEM, {"node": GOOD}) == []
    assert check_answer(ITEM, {"node": None}) == []


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query { nothing }", {}),
        ("query {", {}),
        (ITEM, {}),
        (ITEM, {"id": "x", "other": 1}),
        ("query($s: DateTime) { viewer { issues(filterBy: {since: $s}, first: 1) { totalCount } } }", {"s": "noon"}),
        (
            "mutation($i: CloseIssueInput!) { closeIssue(input: $i) { clientMutationId } }",
            {"i": {"issueId": 1, "x": 2}},
        ),
    ],
)
def test_a_wrong_document_or_variable_is_named(query: str, variables: dict[str, object]) -> None:
    assert check_document(query, variables)


@pytest.mark.parametrize(
    "change",
    [
        {"isArchived": None},
        {"type": "TASK"},
        {"updatedAt": "yesterday"},
        {"id": True},
        {"more": 1},
        {"__typename": "Nothing"},
        {"__typename": "Issue"},
    ],
)
def test_a_wrong_answer_is_named(change: dict[str, object]) -> None:
    assert check_answer(ITEM, {"node": GOOD | change})


def test_a_missing_key_is_named() -> None:
    assert check_answer(ITEM, {"node": {key: value for key, value in GOOD.items() if key != "type"}}) == [
        "data.node.type: missing"
    ]


def test_every_recorded_exchange_with_the_real_service_passes() -> None:
    """
    The schema is newer than most recordings, so this also proves the judge is hardly stricter than GitHub.

    Two documents carry a badly formed date: GitHub refused one and took the
    other, a moment where a day was promised. We never send either.
    """
    seen, odd_dates = 0, 0
    for path in sorted((schema_path().parent / "samples" / "graphql-recorded").glob("*.json")):
        for exchange in json.loads(path.read_text(encoding="utf-8")):
            answer = exchange["response"]["data"]
            asked = check_document(exchange["query"], exchange["variables"])
            if asked and all(problem.endswith("is no Date") for problem in asked):
                odd_dates += 1
                continue
            assert asked == [], path.name
            assert check_answer(exchange["query"], answer.get("data")) == [], path.name
            seen += 1
    assert (seen > 80, odd_dates) == (True, 2)
