"""Boards and sprints, and what the Sprint field of an issue holds: the one it is in, after those it was in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

CLOSED: Final = "closed"


@dataclass(slots=True, kw_only=True)
class Board:
    """A board of one project; only `scrum` boards have sprints."""

    id: int
    project: str
    name: str
    type: str = "scrum"


@dataclass(slots=True, kw_only=True)
class Sprint:
    """A sprint of one board: `future`, `active` or `closed`."""

    id: int
    board: int
    name: str
    state: str = "future"
    start: datetime | None = None
    end: datetime | None = None
    complete: datetime | None = None
    goal: str = ""


def joined(sprints: Mapping[int, Sprint], held: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Return what the field holds once an issue was put into *wanted*: closed sprints it was in are never forgotten."""
    closed = [one for one in held if one in sprints and sprints[one].state == CLOSED]
    return [*closed, *(one for one in wanted if one not in closed)]
