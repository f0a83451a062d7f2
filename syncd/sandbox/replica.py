"""A copy of a tool that falls behind: what a read gets from a server that has not heard of the last writes yet."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields
from datetime import datetime, timedelta

from starlette.applications import Starlette

from syncd.sandbox.standin import StandIn
from syncd.world import World


class Replica:
    """What one stand-in held before a write, for some seconds after it."""

    def __init__(self, standin: StandIn, world: World) -> None:
        self._standin = standin
        self._world = world
        self._until: datetime | None = None
        self._app: Starlette | None = None

    def fall_behind(self, seconds: float) -> None:
        """Stay as everything is now, for so many seconds; one that is behind already catches up when it would have."""
        if self.app() is None:
            self._app = Starlette(routes=list(self._copy().routes()))
            self._until = self._world.now() + timedelta(seconds=seconds)

    def app(self) -> Starlette | None:
        """Return what answers as things were; `None` while nothing is behind."""
        if self._until is None or self._world.now() >= self._until:
            self._app = None
        return self._app

    def _copy(self) -> StandIn:
        """Return a copy that lives in the same time."""
        shared = [self._world, *(getattr(self._world, each.name) for each in fields(self._world))]
        shared += [one.__self__ for one in shared if hasattr(one, "__self__")]
        return deepcopy(self._standin, {id(one): one for one in shared})
