"""`syncd demo`: the main job in an embedded sandbox, told in five short chapters."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from syncd.cli.demo_setup import FOLDER, write_config
from syncd.cli.demo_story import Stage, tell_story
from syncd.cli.demo_watch import watch
from syncd.cli.failing import DONE, FAILED
from syncd.cli.logs import configure_logs
from syncd.cli.opening import open_for
from syncd.cli.options import Common
from syncd.cli.streams import put
from syncd.engine.writer import writing
from syncd.errors import ConfigError


def run_demo(*, once: bool, verbose: int) -> int:
    """Play the demo; without *once* it goes on syncing until Ctrl-C."""
    configure_logs(verbose)
    try:
        from syncd.sandbox.serve import background
    except ImportError as exc:
        what = f"the demo needs a package that is not installed: {exc.name}"
        raise ConfigError(what, fix="install syncd[sandbox]") from exc
    with background(["jira", "github"]) as server:
        write_config(FOLDER, server.sandbox, server.url)
        common = Common(folder=FOLDER)
        stage = Stage(sandbox=server.sandbox, url=server.url, common=common, program=_program())
        try:
            return DONE if asyncio.run(_play(stage, once=once)) else FAILED
        except KeyboardInterrupt:
            put("\nStopped. The folder demo/ is yours to look at; the stand-ins are gone.")
    return DONE


async def _play(stage: Stage, *, once: bool) -> bool:
    async with open_for(stage.common, None) as desk:
        async with writing(desk.store, desk.world):
            is_quiet = await tell_story(stage, desk)
        if not once:
            await watch(stage, desk)
        return is_quiet


def _program() -> str:
    """Return how to call syncd from another terminal in this folder."""
    started = Path(sys.argv[0])
    if started.name != "syncd":
        return f"{sys.executable} -m syncd"
    if shutil.which("syncd") and Path(shutil.which("syncd") or "").resolve() == started.resolve():
        return "syncd"
    return str(started)
