from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.redmine.peer import Peer


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """Yield a stand-in with a small portfolio, and its main account."""
    made = Peer()
    yield made
    await made.client.aclose()
