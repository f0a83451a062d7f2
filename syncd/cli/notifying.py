"""`syncd notify test`: whether messages arrive."""

from __future__ import annotations

from syncd.cli.failing import DONE, FAILED
from syncd.cli.opening import load_settings, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit, working
from syncd.engine.notify import send_tests
from syncd.errors import ConfigError
from syncd.settings.load import MAIN_FILE
from syncd.world import real_world


def try_targets(common: Common) -> int:
    """Send every target a test message; 1 when one did not take it."""
    return run_command(common, _test(common))


async def _test(common: Common) -> int:
    settings = load_settings(common)
    if not settings.notify:
        raise ConfigError(
            "it names nobody to tell",
            where=str(settings.folder / MAIN_FILE),
            fix="add notify: [{webhook: {url: {env: NAME}}}], or {smtp: {host: ..., from: ..., to: ...}}",
        )
    world = real_world()
    async with working("Sending", world):
        found = await send_tests(settings.notify, world)
    lines, data = [], []
    for target, error, remark in found:
        said = error.what if error else f"sent{f'; {remark}' if remark else ''}"
        lines += [f"{target.name}: {said}", *([f"  fix: {error.fix}"] if error and error.fix else [])]
        data.append({"target": target.name, "sent": error is None, "said": said, "fix": error.fix if error else None})
    emit(common, {"targets": data}, lambda: "\n".join(lines))
    return FAILED if any(error for _, error, _ in found) else DONE
