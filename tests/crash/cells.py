"""Which kills there are: told by the protocol itself, in a run nobody kills."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from tempfile import NamedTemporaryFile

from tests import databases
from tests.crash.casts import THREE, Cast
from tests.crash.scene import KILLED, SYNC, Scene, scene


@dataclass(frozen=True)
class Cell:
    """One kill: after which step of the protocol, and which one of its kind."""

    what: str
    nth: int

    def __str__(self) -> str:
        return f"{self.what} #{self.nth}"


def points(kind: str, cast: Cast) -> Sequence[str]:
    """Return the points of the protocol, by watching one run of a scene."""
    with scene(kind, cast) as watched, NamedTemporaryFile("r", suffix=".txt") as note:
        watched.act()
        assert watched.syncd(SYNC, points=note.name) == 0, watched.told()
        return note.read().splitlines()


@cache
def cells(kind: str = databases.SQLITE, cast: Cast = THREE) -> Sequence[Cell]:
    """Return every point of the protocol, told by a run once in a process."""
    return numbered(points(kind, cast))


def numbered(points: Sequence[str]) -> Sequence[Cell]:
    """Return a cell for each point: every commit, every write and every file that got another name."""
    return [Cell(what, points[:number].count(what)) for number, what in enumerate(points, 1)]


def try_cell(cell: Cell, kind: str = databases.SQLITE, cast: Cast = THREE, bug: str = "") -> bool:
    """Kill there, start anew, and judge; return whether the kill came (a run may take another turn, and end)."""
    with scene(kind, cast) as one:
        one.act()
        one.bug = bug
        ended = one.syncd(SYNC, dies_at=(cell.what, cell.nth))
        _judge(one, str(cell))
    return ended == KILLED


@cache
def lasts_s(kind: str = databases.SQLITE, cast: Cast = THREE) -> float:
    """Return how long a run takes on this machine that nobody kills."""
    with scene(kind, cast) as one:
        one.act()
        began_s = time.monotonic()
        assert one.syncd(SYNC) == 0, one.told()
        return time.monotonic() - began_s


def try_moment(share: float, kind: str = databases.SQLITE, cast: Cast = THREE) -> bool:
    """Kill after that share of the time a run takes, wherever that is, start anew, and judge."""
    seconds = share * lasts_s(kind, cast)
    with scene(kind, cast) as one:
        one.act()
        ended = one.kill_after(seconds)
        _judge(one, f"after {seconds:.3f} s")
    return ended == KILLED


def _judge(one: Scene, where: str) -> None:
    try:
        one.recover()
        one.judge()
    except AssertionError as exc:
        raise AssertionError(f"killed at {where}: {exc}") from exc
