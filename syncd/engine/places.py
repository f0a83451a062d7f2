"""Where an entity can have a record only once."""

from __future__ import annotations

from typing import Final

from syncd.model.canonical import Kind
from syncd.model.native import Record
from syncd.store.rows import LinkRow

PER_CONTAINER: Final = frozenset({Kind.MILESTONE, Kind.ITERATION})
"""Kinds of which one entity may be many records of a connection, one in each container."""


def place_of(record_or_link: Record | LinkRow, kind: Kind) -> str:
    """Return where there can be only one record of an entity: its connection, or for what has dates its container."""
    connection = record_or_link.ref.connection
    return f"{connection}/{record_or_link.container}" if kind in PER_CONTAINER else connection
