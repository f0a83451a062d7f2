"""Every GraphQL document we can send, before Linear's own schema; and what it costs there."""

from __future__ import annotations

import pytest
from graphql import OperationDefinitionNode, parse, validate

from syncd.connectors.linear import catalog, history, limits, queries, settings
from syncd.connectors.linear.families import FAMILIES
from syncd.sandbox.linear.limits import price
from tests.contracts.graphql import LINEAR, schema

pytestmark = pytest.mark.contracts

DOCUMENTS = {
    **{name: text for name, text in vars(queries).items() if isinstance(text, str) and text.startswith("query")},
    **{
        f"{group} {name}": text
        for group in ("LABELS", "READ", "ONE", "MORE", "EDGES", "SHOWN_HOMES")
        for name, text in getattr(queries, group).items()
    },
    **{f"listing {kind}": queries.listing(kind) for kind in FAMILIES},
    **{name: queries.mutation(name) for name in queries.MUTATIONS},
    "look": queries.look(FAMILIES),
}


def points_of(document: str, **variables: object) -> float:
    """Return what Linear would charge by its published scoring."""
    parsed = parse(document)
    operation = next(node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
    return price(schema(LINEAR), parsed, operation, variables)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_linear_would_accept_the_document(name: str) -> None:
    assert [error.message for error in validate(schema(LINEAR), parse(DOCUMENTS[name]))] == []


def test_all_documents_are_looked_at_and_none_deletes_a_record_people_made() -> None:
    assert len(DOCUMENTS) > 55
    assert not {"issueDelete", "projectDelete", "initiativeDelete", "commentDelete", "projectMilestoneDelete"} & set(
        queries.MUTATIONS
    )


@pytest.mark.parametrize("kind", FAMILIES)
def test_reading_and_listing_cost_no_more_than_we_reckon(kind: str) -> None:
    family = FAMILIES[kind]
    batch = settings.LinearOptions.model_fields["read_batch"].metadata[-1].le
    page = settings.LinearOptions.model_fields["list_page"].metadata[-1].le
    read = points_of(queries.READ[kind], first=batch)
    assert family.points * batch * 0.5 < read <= family.points * batch + 1 <= limits.QUERY_CAP
    assert points_of(queries.ONE[kind]) <= family.points
    assert points_of(queries.listing(kind), first=page) <= family.seen_points * page + 1 <= limits.QUERY_CAP


def test_the_first_look_of_a_scan_is_cheap() -> None:
    reckoned = sum(family.seen_points * queries.LOOK_PAGE + 1 for family in FAMILIES.values())
    assert points_of(queries.look(FAMILIES)) <= reckoned < 600


def test_nothing_else_is_above_the_cap_or_our_reckoning() -> None:
    assert points_of(queries.AROUND, teams=20) <= queries.AROUND_POINTS * 21 <= limits.QUERY_CAP
    page = catalog.PLACES_PAGE
    assert points_of(queries.PLACES, first=page) <= queries.PLACE_POINTS * page <= limits.QUERY_CAP
    page = catalog.LABELS_PAGE
    for text in queries.LABELS.values():
        assert points_of(text, first=page) <= queries.LABEL_POINTS * page <= limits.QUERY_CAP
    page = queries.EDGE_PAGE
    for text in queries.EDGES.values():
        assert points_of(text, first=page) <= queries.EDGE_POINTS * page <= limits.QUERY_CAP
    assert points_of(queries.WEBHOOKS, first=page) <= queries.WEBHOOK_POINTS * page <= limits.QUERY_CAP
    page = queries.MORE_PAGE
    for text in queries.MORE.values():
        assert points_of(text, first=page) <= queries.EDGE_POINTS * page + 2 <= limits.QUERY_CAP
    assert points_of(queries.HISTORY, first=history.BATCH) <= queries.HISTORY_POINTS * history.BATCH <= limits.QUERY_CAP
    for text in queries.SHOWN_HOMES.values():
        assert points_of(text) < 500
