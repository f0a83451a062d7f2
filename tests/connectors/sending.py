"""Sending a write as the engine does: what had to make a label first is sent once more."""

from __future__ import annotations

from syncd.connectors.protocol import Connector, Outcome, Refused, Write
from syncd.errors import ReadTooOldError


def is_late(outcome: Outcome) -> bool:
    """Return whether nothing was sent, since what it goes by is to be read again first."""
    return isinstance(outcome, Refused) and isinstance(outcome.error, ReadTooOldError)


async def sent(connector: Connector, write: Write) -> Outcome:
    """Return how a write ended."""
    [outcome] = await connector.write([write])
    if is_late(outcome):
        [outcome] = await connector.write([write])
    return outcome
