"""The demo's chapters: drift, a plan, its application, a real conflict, and quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from syncd.cli.demo_setup import GITHUB, JIRA
from syncd.cli.naming import reading_of
from syncd.cli.options import Common
from syncd.cli.plans import outcome_of, plan_view
from syncd.cli.settling import OPERATOR, conflict_views
from syncd.cli.streams import put
from syncd.cli.verifying import verify_view
from syncd.engine.choices import Take, find_question, resolve
from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.load import load_items
from syncd.engine.open import refresh
from syncd.engine.plans import apply, make_plan
from syncd.engine.verify import verify
from syncd.errors import HeldError
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.plan import Line, Verb
from syncd.report.outcome import outcome_text
from syncd.report.plan import plan_text
from syncd.report.questions import conflict_text
from syncd.report.table import columns, count
from syncd.report.values import show
from syncd.report.verify import verify_text

if TYPE_CHECKING:
    from syncd.sandbox.app import Sandbox

PLAN_LINES: Final = 12
FOLLOWED: Final = (
    (Kind.INITIATIVE, "target_on"),
    (Kind.MILESTONE, "due_on"),
    (Kind.TASK, "due_on"),
    (Kind.TASK, "status"),
)
"""The kinds of drift of which one item each is shown before and after."""
ROUNDS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the demo plays with."""

    sandbox: Sandbox
    url: str
    common: Common
    program: str
    """How to call syncd from another terminal."""


async def tell_story(stage: Stage, desk: Desk) -> bool:
    """Play all chapters, and say whether in the end every tool agrees and a sync writes nothing."""
    cycle = await make_plan(desk)
    await _tell_drift(stage, desk)
    view = await plan_view(desk, cycle, stage.common)
    _chapter(2, "What would be written: syncd plan")
    put(plan_text(replace(view, findings=replace(view.findings, left_alone=())), PLAN_LINES))
    await _apply(stage, desk, cycle)
    await _play_conflict(stage, desk)
    return await _prove_quiet(stage, desk)


def _chapter(number: int, title: str) -> None:
    put(f"\n--- {number}. {title} ---")


async def _tell_drift(stage: Stage, desk: Desk) -> None:
    counts = [count(len(await desk.store.entities.ids(desk.portfolio.name, kind)), kind) for kind in Kind]
    _chapter(1, "Two tools that drifted apart")
    put(f"A Jira site ({JIRA}, the project office) and a GitHub project ({GITHUB}, engineering) hold one portfolio:")
    put(f"{', '.join(counts)}. Dates and statuses were edited on one side only.")
    put(f"Both are local stand-ins at {stage.url}; the configuration is in {stage.common.folder}/.")


async def _apply(stage: Stage, desk: Desk, cycle: Cycle) -> None:
    followed = _followed(cycle.lines)
    before = await _held_by(desk, followed)
    await refresh(desk)
    applied = await apply(desk, cycle.plan_id)
    _chapter(3, f"Approved by a person: syncd apply {cycle.plan_id}")
    put("First contact only proposes. Approving is what a person does; here the demo does it.")
    put(outcome_text(await outcome_of(desk, applied.cycle, stage.common)).split("\n\n")[-1])
    after = await _held_by(desk, followed)
    rows = [("", "", JIRA, GITHUB, "after, in both")]
    for line, old, new in zip(followed, before, after, strict=True):
        told = " | ".join(dict.fromkeys(new))
        rows.append((line.title, line.writes[0].field, *old, told))
    put(columns(rows))


def _followed(lines: Sequence[Line]) -> list[Line]:
    found = []
    for kind, field in FOLLOWED:
        fitting = [
            line
            for line in lines
            if line.verb is Verb.UPDATE
            and line.kind is kind
            and line.writes[0].field == field
            and line.writes[0].before is not None
        ]
        found += fitting[:1]
    return found


async def _held_by(desk: Desk, lines: Sequence[Line]) -> list[tuple[str, str]]:
    """Return what Jira and GitHub hold, line by line, as last read."""
    items = {item.entity.id: item for item in await load_items(desk, [line.entity for line in lines])}
    return [_pair(desk, items[line.entity], line.writes[0].field) for line in lines]


def _pair(desk: Desk, item: Item, field: str) -> tuple[str, str]:
    held = {side.connection: show(reading_of(desk, item, side, field)) for side in item.sides}
    return held.get(ConnectionName(JIRA), "-"), held.get(ConnectionName(GITHUB), "-")


async def find_pair(desk: Desk) -> tuple[EntityId, str, str]:
    """Return a task that lives in both tools: its id and its keys in Jira and GitHub."""
    ids = await desk.store.entities.ids(desk.portfolio.name, Kind.TASK)
    links = await desk.store.links.by_entities(ids)
    pairs = []
    for one, found in links.items():
        keys = {link.ref.connection: link.key for link in found}
        if len(keys) == len(found) == len(desk.accounts):
            pairs.append((keys[ConnectionName(JIRA)], keys[ConnectionName(GITHUB)], one))
    if not pairs:
        raise HeldError("no task lives in both tools", where="the demo's sandbox", fix="start the demo again")
    jira, github, one = min(pairs, key=lambda pair: (len(pair[0]), pair[0]))
    return one, jira, github


async def _play_conflict(stage: Stage, desk: Desk) -> None:
    from syncd.sandbox.client import set_value

    _, jira, github = await find_pair(desk)
    _chapter(4, "Two people, one field: syncd sync")
    set_value(stage.url, "jira", jira, "priority", "Highest", by="ada")
    set_value(stage.url, "github", github, "Priority", "Low", by="ben")
    put(f'Ada sets the priority of {jira} to "Highest" in Jira; Ben sets {github}, the same task, to "Low" in GitHub.')
    conflict = await _sync_until_held(desk)
    rows = [row for row in await desk.store.conflicts.open_list(desk.portfolio.name) if row.id == conflict]
    (view,) = await conflict_views(desk.store, desk.portfolio.name, rows, stage.common)
    put(conflict_text(view))
    question = await find_question(desk, conflict)
    await refresh(desk)
    cycle = await resolve(desk, question, Take(connection=ConnectionName(JIRA)), OPERATOR)
    chosen = next(command for command in view.next if command.endswith(f"--take {JIRA}{_suffix(stage)}"))
    put(f"The operator takes Ada's: {chosen}")
    put(outcome_text(await outcome_of(desk, cycle, stage.common)).split("\n\n")[-1])


def _suffix(stage: Stage) -> str:
    return stage.common.command("").removeprefix("syncd ")


async def _sync_until_held(desk: Desk) -> str:
    for _ in range(ROUNDS):
        await refresh(desk)
        cycle = await sync(desk)
        if cycle.opened:
            return cycle.opened[0].id
    raise HeldError("the conflict did not show", where="the demo", fix="start the demo again")


async def _prove_quiet(stage: Stage, desk: Desk) -> bool:
    await refresh(desk)
    await sync(desk)
    _chapter(5, "Quiet: syncd verify, and one more syncd sync")
    await refresh(desk)
    verified = await verify(desk)
    put(verify_text(await verify_view(desk, verified, stage.common)))
    mark = stage.sandbox.log.mark()
    await refresh(desk)
    cycle = await sync(desk, full=True)
    written = stage.sandbox.log.objects_written(mark)
    reads = len(stage.sandbox.log.since(mark)) - len(stage.sandbox.log.writes(mark))
    put(f"The stand-ins' own log of that sync: {count(reads, 'read')}, {count(written, 'write')}.")
    return verified.agrees and not written and not cycle.waiting
