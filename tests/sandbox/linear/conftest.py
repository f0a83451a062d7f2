from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncd.sandbox.portfolio import make_portfolio
from tests.sandbox.clock import START
from tests.sandbox.linear.client import Client


@pytest.fixture
def contracts() -> Path | None:
    """Return where the vendors' contracts lie; without them, behaviour is tested and shapes are not."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("SYNCD_CONTRACTS", root.parent / "shared" / "contracts"))
    return folder if (folder / "linear").is_dir() else None


@pytest.fixture
def client(contracts: Path | None) -> Client:
    """Return a client of a workspace with people and teams, and nothing planned."""
    return Client(contracts)


@pytest.fixture
def planted(contracts: Path | None) -> Client:
    """Return a client of the whole portfolio."""
    return Client(contracts, make_portfolio(None, START.date()))
