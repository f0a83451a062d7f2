"""The demo goes on: a cycle every few seconds, and a line for whatever arrives."""

from __future__ import annotations

from typing import Final

from syncd.cli.demo_setup import JIRA
from syncd.cli.demo_story import Stage, find_pair
from syncd.cli.finding import findings_of
from syncd.cli.streams import put, say
from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.open import refresh
from syncd.engine.writer import writing
from syncd.errors import StoreError
from syncd.report.plan import item_of
from syncd.report.values import show, show_change

PAUSE_S: Final = 3.0


async def watch(stage: Stage, desk: Desk) -> None:
    """Sync until interrupted. Between cycles the store is free, so that commands from elsewhere may write."""
    _, jira, github = await find_pair(desk)
    put("\n--- Your turn (Ctrl-C ends) ---")
    put("From another terminal, in this folder, edit as a person would and watch it arrive:")
    put(f'  {stage.program} sandbox set jira {jira} summary "Said in Jira" --url {stage.url}')
    put(f'  {stage.program} sandbox set github {github} Status "In progress" --url {stage.url}')
    put(f"See why: {stage.program} explain {jira} -c {stage.common.folder}")
    told: set[str] = set()
    while True:
        await _round(desk, stage, told)
        await desk.world.sleep(PAUSE_S)


async def _round(desk: Desk, stage: Stage, told: set[str]) -> None:
    try:
        async with writing(desk.store, desk.world):
            await refresh(desk)
            await _tell(desk, stage, await sync(desk), told)
    except StoreError as exc:
        say(str(exc))  # a command from another terminal is writing; the next round comes soon


async def _tell(desk: Desk, stage: Stage, cycle: Cycle, told: set[str]) -> None:
    """Print one line for each change that arrived, and for each conflict once."""
    findings = await findings_of(desk, cycle, stage.common)
    clock = desk.world.now().strftime("%H:%M:%S")
    done = set(cycle.pushed.done)
    for line in cycle.lines:
        if line.digest in done:
            for write in line.writes:
                change = show_change(write.before, write.value, findings.names)
                put(f"{clock}  {line.place.connection}  {item_of(line)}  {write.field}  {change}")
    for held in findings.held:
        if held.name not in told:
            told.add(held.name)
            sides = ", ".join(f"{who} {show(value, findings.names)}" for who, value in held.sides)
            put(f"{clock}  held: {held.field} of {held.key}: {sides}")
            command = f"conflicts resolve {held.name} --take {JIRA} -c {stage.common.folder}"
            put(f"{' ' * len(clock)}  settle it: {stage.program} {command}")
    for name, why in findings.unreachable:
        say(f"warning: {name}: {why}")
