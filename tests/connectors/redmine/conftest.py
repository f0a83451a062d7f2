"""One fresh project per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connectors.redmine.site import REAL, STAND_IN, Site, make_site


@pytest.fixture(params=[STAND_IN, pytest.param(REAL, marks=pytest.mark.redmine)])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Lend a Redmine with a project of our own: the stand-in, and the real one where there is one."""
    made = await make_site(request.param)
    yield made
    await made.close()
