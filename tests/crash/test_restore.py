"""Killed in the middle of `syncd store restore`: there is a whole store at every moment, and it can be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from tests.crash.cells import Cell, numbered
from tests.crash.scene import KILLED, SYNC, Scene, scene

CHECK = ("store", "check")
HELD = 3
"""Something waits for a person: what an old copy would write over newer records."""
PARTS = 2


def restore_of(one: Scene) -> Sequence[str]:
    """Back the store up, let people act and syncd follow; return the command that puts the backup in place."""
    file = one.folder / "backup.db"
    assert one.syncd(("store", "backup", str(file))) == 0, one.told()
    one.act()
    for seconds in (60.0, 7300.0):
        one.clock.pass_(seconds)
        assert one.syncd(SYNC) == 0, one.told()
    return ("store", "restore", str(file))


@cache
def cells_of_restore() -> Sequence[Cell]:
    """Return where a restore can be killed, by watching one."""
    with scene() as watched, NamedTemporaryFile("r", suffix=".txt") as note:
        command = restore_of(watched)
        assert watched.syncd(command, points=note.name) == 0, watched.told()
        return numbered(note.read().splitlines())


def try_restore(cell: Cell) -> None:
    """Kill a restore there; then look through the store, try again, and see that nothing is made or lost."""
    with scene() as one:
        command = restore_of(one)
        titles = {tool: sorted(one.titles(tool)) for tool in ("jira", "github", "linear")}
        assert one.syncd(command, dies_at=(cell.what, cell.nth)) == KILLED, f"{cell} never came"
        assert one.syncd(CHECK) == 0, f"killed at {cell}: {one.told()}"
        for again in ((), command):
            if again:
                one.clock.pass_(300.0)
                assert one.syncd(again) == 0, f"killed at {cell}, and tried again: {one.told()}"
                assert one.syncd(CHECK) == 0, one.told()
            mark = one.sandbox.log.mark()
            one.clock.pass_(60.0)
            assert one.syncd(SYNC) in {0, HELD}, f"killed at {cell}: {one.told()}"
            wrote = [f"{each.tool} {each.operation}" for each in one.sandbox.log.writes(mark) if each.objects]
            assert not wrote, f"killed at {cell}: {wrote}"
            assert {tool: sorted(one.titles(tool)) for tool in titles} == titles
        left = {path.name for path in Path(one.store.removeprefix("sqlite:///")).parent.iterdir()}
        assert not {name for name in left if ".restor" in name}, left


def test_a_restore_killed_between_its_two_files_leaves_a_whole_store() -> None:
    between = [cell for cell in cells_of_restore() if cell.what.startswith("file")]
    assert between, "the points have moved"
    for cell in between:
        try_restore(cell)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_restore_killed_at_any_point_can_be_tried_again(part: int) -> None:
    for cell in cells_of_restore()[part::PARTS]:
        try_restore(cell)
