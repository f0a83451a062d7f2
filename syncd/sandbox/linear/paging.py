"""
Pages of a connection; a cursor is the id of the thing it points at.

The next page starts after where that thing stands *now*. Ordered by update,
latest first, a thing edited while somebody pages moves to the front: if the
cursor pointed at it, pages repeat; if not, it is missed until the next poll.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from syncd.sandbox.linear.nodes import Node
from syncd.sandbox.linear.shelf import Shelf
from syncd.sandbox.linear.state import Refusal

N = TypeVar("N", bound=Node)
DEFAULT_PAGE, MAX_PAGE = 50, 250
Args: TypeAlias = dict[str, object]
"""A connection field's arguments: first, after, last, before, filter, orderBy, includeArchived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Generic[N]):
    """A node and its cursor."""

    node: N
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Generic[N]):
    """One page."""

    nodes: Sequence[N]
    has_next_page: bool = False
    has_previous_page: bool = False

    @property
    def page_info(self) -> Connection[N]:
        """The page itself tells."""
        return self

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first node."""
        return self.nodes[0].id if self.nodes else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last node."""
        return self.nodes[-1].id if self.nodes else None

    @property
    def edges(self) -> list[Edge[N]]:
        """The nodes with their cursors."""
        return [Edge(node=node, cursor=node.id) for node in self.nodes]


def size_of(args: Args) -> int:
    """Return how many a page may hold, or refuse as Linear does: at least 1, at most 250."""
    for name in ("first", "last"):
        asked = args.get(name)
        if asked is None:
            continue
        if not isinstance(asked, int) or not 0 < asked <= MAX_PAGE:
            raise Refusal("Argument Validation Error", told=f"{name} must be from 1 to {MAX_PAGE}.")
        return asked
    return DEFAULT_PAGE


def page(ordered: Callable[[N | None], Iterable[N]], find: Callable[[str], N | None], args: Args) -> Connection[N]:
    """Return one page; *ordered* yields what comes after a thing (or all), *find* what a cursor points at."""
    size, after, before = size_of(args), _at(find, args.get("after")), _at(find, args.get("before"))
    if args.get("last") is not None:
        return _backwards(_until(ordered(after), before), size, ends_early=before is not None)
    found = list(islice(_until(ordered(after), before), size + 1))
    return Connection(nodes=found[:size], has_next_page=len(found) > size, has_previous_page=after is not None)


def _backwards(nodes: Iterable[N], size: int, *, ends_early: bool) -> Connection[N]:
    found = list(nodes)
    return Connection(nodes=found[-size:], has_next_page=ends_early, has_previous_page=len(found) > size)


def _until(nodes: Iterable[N], end: N | None) -> Iterator[N]:
    for node in nodes:
        if node is end:
            return
        yield node


def _at(find: Callable[[str], N | None], cursor: object) -> N | None:
    if cursor is None:
        return None
    found = find(str(cursor))
    if found is None:
        raise Refusal("Argument Validation Error", told="The cursor is not valid.")
    return found


def shelf_order(shelf: Shelf[N], *, by_update: bool, newest_first: bool) -> Callable[[N | None], Iterator[N]]:
    """Return the order of all things of a kind."""
    if by_update:
        return shelf.latest_first if newest_first else shelf.earliest_first
    return lambda after: _after(reversed(list(shelf)) if newest_first else iter(shelf), after)


def list_order(nodes: Iterable[N], *, by_update: bool, newest_first: bool) -> Callable[[N | None], Iterator[N]]:
    """Return the order of a few things that belong to another, given as they were made."""
    ordered = sorted(nodes, key=lambda node: node.touch) if by_update else list(nodes)
    if newest_first:
        ordered.reverse()
    return lambda after: _after(ordered, after)


def _after(nodes: Iterable[N], after: N | None) -> Iterator[N]:
    waiting = after is not None
    for node in nodes:
        if not waiting:
            yield node
        elif node is after:
            waiting = False
