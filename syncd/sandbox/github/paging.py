"""
Pages of a connection, and their cursors.

Recorded answers show project items paged by *offset* (`endCursor` is the count
so far in base64: `MTAw` is 100), so an item that leaves while somebody pages
shifts the rest: the next page starts one too late. Issues are paged by a
place in their order, which does not shift.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from syncd.sandbox.github.state import Refusal

T = TypeVar("T")
MAX_PAGE = 100
Args: TypeAlias = dict[str, object]
"""A connection field's arguments: first, after, last, before."""


@dataclass(slots=True, kw_only=True)
class Connection(Generic[T]):
    """One page. *places* are the nodes' cursors before encoding, *count* the size of the whole, told when asked."""

    nodes: list[T]
    places: Sequence[int]
    count: Callable[[], int]
    has_next_page: bool = False
    has_previous_page: bool = False

    @property
    def page_info(self) -> Connection[T]:
        """The page itself tells."""
        return self

    @property
    def total_count(self) -> int:
        """How many there are in all pages."""
        return self.count()

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first node."""
        return encode(self.places[0]) if self.places else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last node."""
        return encode(self.places[-1]) if self.places else None

    @property
    def edges(self) -> list[Edge[T]]:
        """The nodes with their cursors."""
        return [Edge(node=node, cursor=encode(place)) for node, place in zip(self.nodes, self.places, strict=True)]


@dataclass(slots=True, kw_only=True)
class Edge(Generic[T]):
    """A node and its cursor."""

    node: T
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which page is asked for: *size* nodes after or before a place, from either end."""

    size: int
    after: int | None
    before: int | None
    backwards: bool


@dataclass(slots=True, kw_only=True)
class Order(Generic[T]):
    """
    Numbered places with holes, in which a number stays that entry's place for ever.

    Places are *low* up to below *high*; *at* gives what is there, *keep* says whether it is listed.
    """

    at: Callable[[int], T | None]
    high: int
    keep: Callable[[int, T], bool]
    descending: bool = False
    low: int = 0

    def listed(self, indexes: Iterable[int]) -> Iterable[tuple[int, T]]:
        """Yield what counts among these indexes."""
        for index in indexes:
            entry = self.at(index)
            if entry is not None and self.keep(index, entry):
                yield index, entry


def encode(place: int) -> str:
    """Return the cursor that stands for *place*."""
    return base64.b64encode(str(place).encode()).decode().rstrip("=")


def decode(cursor: object, name: str) -> int | None:
    """Return the place a cursor stands for; `None` stands for none, anything odd is refused."""
    if cursor is None:
        return None
    text = str(cursor)
    try:
        return int(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (ValueError, binascii.Error):
        raise Refusal(
            "INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor for `{name}`."
        ) from None


def window(args: Args, name: str) -> Window:
    """Read the paging arguments of the connection *name*; none, too many or too much are refused."""
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise Refusal(
            "MISSING_PAGINATION_BOUNDARIES",
            f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.",
        )
    side, size = ("first", first) if first is not None else ("last", last)
    if not isinstance(size, int) or size < 0:
        raise Refusal("ARGUMENT_ERROR", f"`{side}` on the `{name}` connection cannot be less than zero.")
    if size > MAX_PAGE:
        raise Refusal(
            "EXCESSIVE_PAGINATION",
            f"Requesting {size} records on the `{name}` connection exceeds the `{side}` limit of {MAX_PAGE} records.",
        )
    return Window(
        size=size,
        after=decode(args.get("after"), name),
        before=decode(args.get("before"), name),
        backwards=first is None,
    )


def by_offset(entries: Sequence[T], args: Args, name: str) -> Connection[T]:
    """Return one page of a plain sequence; a cursor is how many came before and with its node."""
    asked = window(args, name)
    total = len(entries)
    start = min(max(asked.after or 0, 0), total)
    stop = total if asked.before is None else max(min(asked.before - 1, total), start)
    if asked.backwards:
        start = max(start, stop - asked.size)
    else:
        stop = min(stop, start + asked.size)
    return Connection(
        nodes=list(entries[start:stop]),
        places=range(start + 1, stop + 1),
        count=lambda: total,
        has_next_page=stop < total,
        has_previous_page=start > 0,
    )


def by_place(order: Order[T], args: Args, name: str) -> Connection[T]:
    """Return one page of an order with holes; a cursor is the entry's index, which never moves."""
    asked = window(args, name)
    low, high = order.low, order.high
    behind, ahead = (asked.before, asked.after) if order.descending else (asked.after, asked.before)
    span = range(low if behind is None else max(low, behind + 1), high if ahead is None else min(high, ahead))
    downwards = order.descending != asked.backwards
    picked: list[tuple[int, T]] = []
    more = False
    for hit in order.listed(reversed(span) if downwards else span):
        if len(picked) == asked.size:
            more = True
            break
        picked.append(hit)
    if asked.backwards:
        picked.reverse()
    return Connection(
        nodes=[entry for _, entry in picked],
        places=[index for index, _ in picked],
        count=lambda: sum(1 for _ in order.listed(range(low, high))),
        has_next_page=asked.before is not None if asked.backwards else more,
        has_previous_page=more if asked.backwards else asked.after is not None,
    )
