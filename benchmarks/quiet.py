"""B2: cycles in which nothing changed, of a daemon that goes on; what they cost, and what they ask."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.installation import BOTH, install
from benchmarks.measure import Server, run, serving
from syncd.engine.cycle import sync
from syncd.engine.desk import Desk
from syncd.engine.open import open_desk, refresh
from syncd.engine.plans import apply, make_plan
from syncd.engine.pull import pull
from syncd.engine.tools import tools
from syncd.model.refs import ConnectionName
from syncd.sandbox.portfolio import PROJECTS
from syncd.settings.load import load
from syncd.store.store import open_store
from syncd.world import real_world

CYCLES: Final = 3
PAGE: Final = 100
MOST_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The cheapest of some quiet cycles."""

    jira: int
    github: int
    projects: int
    pages: int
    writes: int
    cpu_s: float
    incremental_s: float
    """Processor time less that of reading GitHub alone."""


def quiet_cycle(items: int, folder: Path) -> Quiet:
    """Bring two tools of *items* each into agreement, then measure cycles in which nothing is left to do."""
    with serving(["jira", "github"], items, mode="written") as server:
        install(folder, server.tools, BOTH)
        (folder / "server.json").write_text(json.dumps({"base": server.base, "tools": dict(server.tools)}))
        told = json.loads(run([sys.executable, "-m", "benchmarks.quiet", str(folder)]).output.rpartition("\n")[2])
    return Quiet(projects=len(PROJECTS), pages=math.ceil(items / PAGE), **told)


async def _child(folder: Path) -> dict[str, float]:
    said = json.loads((folder / "server.json").read_text())
    server, world = Server(said["base"], said["tools"]), real_world()
    settings = load(folder, tools(), os.environ)
    async with (
        await open_store(settings.store, world) as store,
        open_desk(settings, "all", store, world, tools()) as desk,
    ):
        await agree(desk)
        cycles = [await _cycle(desk, server) for _ in range(CYCLES)]
    return min(cycles, key=lambda one: one["cpu_s"])


async def agree(desk: Desk) -> None:
    """Let everything that is due be written, approved or not, until a cycle has nothing to write."""
    for _ in range(MOST_ROUNDS):
        await refresh(desk)
        plan = await make_plan(desk)
        if not plan.lines:
            return
        await refresh(desk)
        await apply(desk, plan.plan_id, approve=True)


async def _cycle(desk: Desk, server: Server) -> dict[str, float]:
    server.counts()
    started = time.process_time()
    await refresh(desk)
    cycle = await sync(desk)
    cpu_s = time.process_time() - started
    counts = server.counts()
    started = time.process_time()
    await pull(desk, desk.accounts[ConnectionName("github-eng")])
    github_s = time.process_time() - started
    server.counts()
    return {
        "jira": sum(count for name, count in counts.items() if " /jira/" in name),
        "github": sum(count for name, count in counts.items() if " /github/" in name),
        "writes": sum(cycle.pushed.counts.values()),
        "cpu_s": cpu_s,
        "incremental_s": cpu_s - github_s,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_child(Path(sys.argv[1])))))
