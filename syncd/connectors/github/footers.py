"""What stood below the bodies we read last."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

REMEMBERED: Final = 1_000


class Footers:
    """Remembers the links below the bodies read last, so that writing a body need not look for them first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    def note(self, node_id: str, footer: str) -> None:
        """Remember what stands below one body; empty for nothing."""
        self._known[node_id] = footer
        self._known.move_to_end(node_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def get(self, node_id: str) -> str | None:
        """Return what stands below one body; `None` when that is not known."""
        return self._known.get(node_id)
