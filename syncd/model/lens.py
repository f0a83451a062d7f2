"""
The contract between a field's native and canonical side (merge-semantics.md section 1).

`mapping` builds lenses, `reconcile` uses them; neither imports the other.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Protocol

from syncd.model.canonical import Value
from syncd.model.native import Missing, Native


class Cannot(Enum):
    """The type of `CANNOT`."""

    CANNOT = "cannot"
    """The tool has no way to say this value."""
    NOT_LINKED = "not_linked"
    """The value points at something not (yet) linked there: the write is deferred, not refused."""


CANNOT: Final = Cannot.CANNOT
NOT_LINKED: Final = Cannot.NOT_LINKED


class Lens(Protocol):
    """
    One field of one link, both ways, already bound to its place (project, repository, people, links).

    Laws, for every native value n a tool can hold and canonical value c:
    `get(put(get(n), n)) == get(n)`; `put(get(n), n) == n`;
    `put(c, put(c, n)) == put(c, n)` unless it is `CANNOT`.
    """

    def get(self, native: Native) -> Value | Missing:
        """Return what *native* means, or `MISSING` when no rule covers it (the field is then frozen)."""
        ...

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """
        Return how the tool says *value*, keeping whatever of *native_now* may be kept.

        Never a stand-in: a value the tool has no word for is `CANNOT`, unless
        the mapping declares the fallback.
        """
        ...

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether *a* and *b* differ only by the tool's normalising (case, space, grain)."""
        ...
