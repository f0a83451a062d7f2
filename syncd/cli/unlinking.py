"""`syncd unlink`."""

from __future__ import annotations

from syncd.cli.failing import DONE, HELD
from syncd.cli.finding import tell_warnings
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.engine.unlink import Parted, unlink


def unlink_record(common: Common, name: str, *, clean: bool) -> int:
    """Part a record from its item; 3 when something of ours is still on it."""
    return run_command(common, _unlink(common, name, clean=clean))


async def _unlink(common: Common, name: str, *, clean: bool) -> int:
    doing = "Parting it, and taking off what syncd put on it" if clean else "Asking the tools"
    async with open_for(common, doing, writes=True) as desk:
        done = await unlink(desk, name, clean=clean)
        tell_warnings(desk)
    data = {
        "ref": str(done.link.ref),
        "key": done.link.key,
        "parted_at": done.link.parted_at.isoformat() if done.link.parted_at else None,
        "is_new": done.is_new,
        "cleaned": clean and done.left is None,
        "left": done.left,
        "next": common.command("sync"),
    }
    emit(common, data, lambda: _text(done, common, clean=clean))
    return HELD if done.left else DONE


def _text(done: Parted, common: Common, *, clean: bool) -> str:
    what = "Parted" if done.is_new else "Parted before"
    again = common.command("match --from FILE")
    lines = [
        f"{what}: {done.link.ref.connection} {done.link.key}. It stays there as it is.",
        f"Nothing links it again but you: {again}",
    ]
    if done.left:
        lines.append(f"Still on it, our marker: {done.left}.")
    elif clean:
        lines.append("Nothing of syncd is on it any more.")
    return "\n".join([*lines, f"Next: {common.command('sync')}"])
