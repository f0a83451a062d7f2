"""A rig for every test, closed at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connectors.linear.rig import Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.client.aclose()
