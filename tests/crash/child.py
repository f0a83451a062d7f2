"""
In the process that is killed: the command line as it is, with a hook at every point of the protocol.

A point is the moment after a commit, after a file got another name, or after a
write request was carried out and before its answer is looked at. What a kill before one of them leaves is
what a kill after the one before it leaves.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TextIO

import httpx
import pytest

from syncd.cli import main
from syncd.sandbox.jira.standin import READING_POSTS
from syncd.store.store import Store, Transaction
from syncd.world import World, real_world
from tests.crash.clock import Moment
from tests.simulation.bugs import BUGS

COMMIT, REQUEST, FILE = "commit", "request", "file"


@dataclass(frozen=True)
class Order:
    """What a process is to do, and where it is killed."""

    folder: str
    environment: Mapping[str, str]
    moment: Moment
    commands: Sequence[Sequence[str]]
    dies_at: tuple[str, int] | None = None
    """At which point of which kind, counted from 1: several tools are at work at once, in any order."""
    points: str = ""
    """A file to write the points to."""
    bug: str = ""
    """By name, a bug to bring back (`tests.simulation.bugs`): the harness must find it."""


class Points:
    """Counts the points; notes them, or dies at one."""

    def __init__(self, order: Order) -> None:
        self._dies_at = order.dies_at
        self._note: TextIO | None = Path(order.points).open("a") if order.points else None  # noqa: SIM115 - until we end
        self._count: Counter[str] = Counter()

    def pass_(self, what: str) -> None:
        """Pass a point."""
        self._count[what] += 1
        if self._note is not None:
            self._note.write(f"{what}\n")
            self._note.flush()
        if (what, self._count[what]) == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def run(order: Order) -> None:
    """Do what is ordered, and end as the command does."""
    os.environ.update(order.environment)
    sink = os.open(str(Path(order.folder) / "told"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    if order.bug:
        BUGS[order.bug](pytest.MonkeyPatch())
    _hook(Points(order))
    _tell_time(order.moment)
    codes = [main([*command, "-c", order.folder]) for command in order.commands]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(max(codes))


def _tell_time(moment: Moment) -> None:
    """Give every command the time of the scene, those that are imported later too."""
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] == "syncd" and hasattr(module, "real_world"):
            module.real_world = lambda: _world(moment)  # type: ignore[attr-defined]


def _world(moment: Moment) -> World:
    """Return the world as it is, but for its time, and certificates: nobody shows any, and they take long to load."""
    return replace(real_world(), now=moment.now, transport=lambda: httpx.AsyncHTTPTransport(verify=False))


def _hook(points: Points) -> None:
    transaction = Store.transaction

    @asynccontextmanager
    async def watched(self: Store) -> AsyncIterator[Transaction]:
        caller = _caller()
        async with transaction(self) as tx:
            yield tx
        points.pass_(f"{COMMIT} {caller}")

    Store.transaction = watched  # type: ignore[method-assign]
    send = httpx.AsyncClient.send

    async def sent(self: httpx.AsyncClient, request: httpx.Request, **named: object) -> httpx.Response:
        answer = await send(self, request, **named)  # type: ignore[arg-type]
        if _is_write(request):
            points.pass_(f"{REQUEST} {_operation(request)}")
        return answer

    httpx.AsyncClient.send = sent  # type: ignore[method-assign]
    _hook_files(points)


def _hook_files(points: Points) -> None:
    """Pass a point after each step that gives a file another name."""
    link, replaced = os.link, Path.replace

    def linked(source: Path, name: Path) -> None:
        link(source, name)
        points.pass_(f"{FILE} linked")

    def renamed(self: Path, target: Path) -> Path:
        found = replaced(self, target)
        points.pass_(f"{FILE} renamed")
        return found

    os.link = linked  # type: ignore[assignment]
    Path.replace = renamed  # type: ignore[assignment, method-assign]


def _is_write(request: httpx.Request) -> bool:
    if request.url.path.endswith("/graphql"):
        return b'"mutation' in request.content.replace(b": ", b":")
    return request.method != "GET" and not request.url.path.endswith(tuple(READING_POSTS))


def _operation(request: httpx.Request) -> str:
    """Return what a request asks for, with numbers left out: the same for every item."""
    tool = request.url.path.split("/")[1]
    if not request.url.path.endswith("/graphql"):
        path = re.sub("(?<=s/)[0-9]+|[0-9]{2,}", "{id}", request.url.path)
        return f"{request.method} {path}" + (_part(request) if tool == "redmine" and request.method == "PUT" else "")
    names = re.findall(r"\b([a-z][A-Za-z0-9]+)\s*\(\s*(?:input|id|issueId)\s*:", json.loads(request.content)["query"])
    return f"{tool} {','.join(sorted(set(names)))}"


def _part(request: httpx.Request) -> str:
    """Return what of an issue a request changes: Redmine takes comments and links where it takes fields."""
    changed = json.loads(request.content).get("issue", {})
    return " " + ",".join(sorted(changed)) if changed else ""


def _caller() -> str:
    """Return where in syncd, but for the store itself, a transaction was asked for."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if "syncd" in path.parts and path.parent.name != "store" and "tests" not in path.parts:
            return f"{path.stem}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "somewhere"
