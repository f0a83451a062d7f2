"""`syncd undo`."""

from __future__ import annotations

from syncd.cli.failing import DONE, FAILED, HELD
from syncd.cli.finding import tell_warnings
from syncd.cli.naming import names_of
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.plans import done_lines, missed_of
from syncd.cli.settling import OPERATOR
from syncd.engine.desk import Desk
from syncd.engine.undo import MADE, Undone, undo
from syncd.report.trail import LeftView, UndoView, undo_json, undo_text


def undo_run(common: Common, name: str, *, dry_run: bool) -> int:
    """Take a run back; 1 when a write failed, 3 when something it wrote could not be taken back."""
    return run_command(common, _undo(common, name, dry_run=dry_run))


async def _undo(common: Common, name: str, *, dry_run: bool) -> int:
    doing = "Reading what that run wrote" if dry_run else "Taking back what that run wrote"
    async with open_for(common, doing, writes=not dry_run) as desk:
        done = await undo(desk, name, OPERATOR, dry_run=dry_run)
        view = await _view(desk, done, common, dry_run=dry_run)
        tell_warnings(desk)
    emit(common, undo_json(view), lambda: undo_text(view))
    if any(each.failed for each in view.missed):
        return FAILED
    return HELD if view.missed or any(each.why != MADE for each in view.left) else DONE


async def _view(desk: Desk, done: Undone, common: Common, *, dry_run: bool) -> UndoView:
    lines = done.cycle.lines if dry_run else done_lines(done.cycle)
    values = [value for line in lines for write in line.writes for value in (write.before, write.value)]
    next_ = common.command(f"undo {done.target.id}" if dry_run else "sync")
    return UndoView(
        run=done.target.id,
        dry_run=dry_run,
        lines=lines,
        missed=missed_of(done.cycle),
        left=[
            LeftView(connection=each.ref.connection, key=each.key, field=each.field, why=each.why) for each in done.left
        ],
        again=[
            (done.again[line.digest], line.key, write.field)
            for line in lines
            if line.digest in done.again
            for write in line.writes
        ],
        undo=done.cycle.run,
        next=[next_] if lines else [],
        names=await names_of(desk, values),
    )
