"""Every GraphQL document we can send, before GitHub's own schema."""

from __future__ import annotations

import pytest
from graphql import parse, validate

from syncd.connectors.github import mutations, queries
from tests.contracts.graphql import schema

pytestmark = pytest.mark.contracts

DOCUMENTS = {
    **{name: text for name, text in vars(queries).items() if isinstance(text, str) and text.startswith("query")},
    **{f"MORE_{name}": text for name, text in queries.MORE.items()},
    **{name: mutations.document([name]) for name in mutations.INPUTS},
    "two mutations at once": mutations.document(["createIssue", "closeIssue"]),
    "people": queries.users_by_login(3),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_github_would_accept_the_document(name: str) -> None:
    assert [error.message for error in validate(schema(), parse(DOCUMENTS[name]))] == []


def test_all_documents_are_looked_at() -> None:
    assert len(DOCUMENTS) > 35
    assert not [text for text in DOCUMENTS.values() if "email" in text]
