"""Every engine test runs with each kind of store."""

from __future__ import annotations

import pytest

from tests.databases import Stores


@pytest.fixture(autouse=True)
def on_each_store(stores: Stores) -> None:
    """Let `make_bench` keep what it knows in a store of each kind."""
    assert stores.kind
