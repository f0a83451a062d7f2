"""One fresh project per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connectors.redmine.site import Site, make_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Lend a real Redmine with a project of our own."""
    made = await make_site()
    yield made
    await made.close()
