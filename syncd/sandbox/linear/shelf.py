"""Keeps the things of one kind, found by id, in the order they were made and in the order they were updated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from syncd.sandbox.linear.nodes import Node

N = TypeVar("N", bound=Node)


class Shelf(Generic[N]):
    """
    All things of one kind.

    Times never go back, so the order of touching is the order of `updated_at`,
    and a page is found without sorting. A thing touched again leaves a hole
    where it was: an entry counts only while `touch` points at it.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        """What Linear calls such a thing when there is none: `Issue`."""
        self.by_id: dict[str, N] = {}
        self._touched: list[N | None] = []

    def add(self, node: N) -> N:
        """Keep a thing under its id."""
        self.by_id[node.id] = node
        self.touch(node)
        return node

    def touch(self, node: N) -> None:
        """Move a thing to the end of the order of updates."""
        if node.touch >= 0:
            self._touched[node.touch] = None
        node.touch = len(self._touched)
        self._touched.append(node)

    def drop(self, node: N) -> None:
        """Forget a thing: its id resolves to nothing."""
        if self.by_id.pop(node.id, None) is not None:
            self._touched[node.touch] = None

    def __iter__(self) -> Iterator[N]:
        """Yield all of them, oldest first."""
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def latest_first(self, before: N | None = None) -> Iterator[N]:
        """Yield them by update, latest first, after the place where *before* stands now."""
        stop = len(self._touched) if before is None else before.touch
        return (node for index in range(stop - 1, -1, -1) if (node := self._touched[index]) is not None)

    def earliest_first(self, after: N | None = None) -> Iterator[N]:
        """Yield them by update, earliest first, after the place where *after* stands now."""
        start = 0 if after is None else after.touch + 1
        return (node for index in range(start, len(self._touched)) if (node := self._touched[index]) is not None)
