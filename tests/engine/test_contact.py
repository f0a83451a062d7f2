"""What most stories begin with, a copy of a first contact, is one that was lived through, and nobody else's."""

from __future__ import annotations

import gc
import re
from enum import Enum
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Protocol

import pytest

from syncd.engine.cycle import Cycle
from syncd.sandbox.standin import StandIn
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed, live_through, state_of
from tests.engine.test_linear import linear_bench

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[^']*")
"""Two lives differ in these, by milliseconds: every look at the clock moves it, and the tools are read at once."""


class Make(Protocol):
    """Makes a bench."""

    def __call__(self, folder: Path, *, items: int) -> Bench:
        """Make it, with so many items."""
        ...


maker = pytest.mark.parametrize(("make", "approvals"), [(make_bench, 1), (linear_bench, 2)])


def in_hand(bench: Bench) -> dict[int, object]:
    """Return all that the bench's own part of the world could change, by identity."""
    found: dict[int, object] = {}
    open_ends: list[object] = [bench.sandbox, bench.clock, bench.world]
    while open_ends:
        one = open_ends.pop()
        if id(one) in found or isinstance(one, type | ModuleType | BuiltinFunctionType | Enum | re.Pattern):
            continue
        if isinstance(one, FunctionType):  # what it closes over is its own; its module is everybody's
            open_ends.extend(one.__closure__ or ())
            continue
        found[id(one)] = one
        open_ends.extend(gc.get_referents(one))
    return found


def can_change(one: object) -> bool:
    """Say whether something is a container or an object of the stand-ins or of these tests."""
    ours = type(one).__module__.startswith(("syncd.", "tests.", "random"))
    frozen = getattr(getattr(one, "__dataclass_params__", None), "frozen", False)
    return isinstance(one, dict | list | set | bytearray) or (ours and not frozen)


async def life(bench: Bench) -> list[object]:
    """Edit, add, sync and plan, and return all that can be seen of it."""
    told: list[object] = []
    jira = bench.sandbox.tools["jira"]
    for step, act in enumerate(("edit", "add", "full")):
        if act == "edit":
            jira.set("ENG-3", "summary", "Renamed by Ada", by="ada")
        elif act == "add":
            jira.add("Story", "ENG", {"title": "New story"}, by="ada")
        bench.clock.pass_(600)
        told.append(_said(await bench.sync(full=step == 2)))
    jira.set("ENG-4", "summary", "Planned", by="ada")
    bench.clock.pass_(600)
    told.append(_said(await bench.plan()))
    verified = await bench.verify()
    told.append((verified.entities, verified.fields, verified.unread, verified.differences, verified.missing))
    for name, tool in bench.sandbox.tools.items():  # reads of two tools overlap as they come: only writes are in order
        told.append([(entry.path, entry.status, entry.objects) for entry in bench.sandbox.log.writes(tool=name)])
        told.append([INSTANT.sub("", repr(tool.show(row["key"]))) for row in rows_of(tool)])
    told.append((bench.world.random.random(), bench.world.new_id()))
    return told


def rows_of(tool: StandIn) -> list[dict[str, str]]:
    rows = tool.show()
    assert isinstance(rows, list)
    return rows


def _said(cycle: Cycle) -> tuple[object, ...]:
    return cycle.run, cycle.plan_id, cycle.lines, cycle.waiting, cycle.opened


@maker
async def test_a_copy_lives_on_as_the_one_that_lived_through_it(tmp_path: Path, make: Make, approvals: int) -> None:
    first, copy, lived = (make(tmp_path / name, items=6) for name in ("first", "copy", "lived"))
    await agreed(first, approvals)
    before = copy.sandbox
    await agreed(copy, approvals)
    await live_through(lived, approvals)
    assert copy.sandbox is not before
    assert await life(copy) == await life(lived)


@maker
async def test_two_copies_share_nothing_that_can_change(tmp_path: Path, make: Make, approvals: int) -> None:
    one, other = [await agreed(make(tmp_path / name, items=6), approvals) for name in ("one", "other")]
    first, second = in_hand(one), in_hand(other)
    assert len(first) > 1000
    assert {type(first[each]) for each in first.keys() & second.keys() if can_change(first[each])} == set()


async def test_what_happens_to_one_copy_happens_to_no_other(tmp_path: Path) -> None:
    first, one, other = [await agreed(make_bench(tmp_path / name, items=6)) for name in ("first", "one", "other")]
    begun = state_of(other)
    told = await life(one)
    assert state_of(other) == begun
    assert first.sandbox.log.entries() == other.sandbox.log.entries()
    assert await life(other) == told
    later = await agreed(make_bench(tmp_path / "later", items=6))
    assert state_of(later) == begun


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("mapping", "create: {task: {from: jira-pmo, in: [{github-eng: {repository: api}}]}}\n"),
        ("people", "zoe@acme.example,,zoe\n"),
    ],
)
async def test_whoever_begins_otherwise_gets_no_copy(tmp_path: Path, what: str, more: str) -> None:
    await agreed(make_bench(tmp_path / "one", items=6))
    other = make_bench(tmp_path / "other", items=6)
    setattr(other, what, getattr(other, what) + more)
    before = other.sandbox
    await agreed(other)
    assert other.sandbox is before


async def test_an_edit_or_a_fault_before_first_contact_makes_it_another(tmp_path: Path) -> None:
    await agreed(make_bench(tmp_path / "one", items=6))
    edited, stormy = make_bench(tmp_path / "edited", items=6), make_bench(tmp_path / "stormy", items=6)
    edited.sandbox.tools["jira"].set("ENG-3", "summary", "Another", by="ada")
    stormy.sandbox.faults.add("jira:502:count=1")
    before = edited.sandbox, stormy.sandbox
    await agreed(edited)
    await agreed(stormy)
    assert (edited.sandbox, stormy.sandbox) == before
