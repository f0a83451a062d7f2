"""
One cycle: read the tools, decide, brake, commit, write.

`plan`, `sync`, `apply` and the polling loop are this one story with another
approval; what differs is only which lines may be carried out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from structlog.contextvars import bind_contextvars, unbind_contextvars

from syncd.connectors._together import together
from syncd.engine import old_copy
from syncd.engine.adopt import Adopted, adopt
from syncd.engine.archive import archive_ops, push_archives
from syncd.engine.commit import Intent, commit, ids_of, is_plain, outstanding, plan_ops
from syncd.engine.creates import due_lines, push_creates
from syncd.engine.desk import Account, Desk
from syncd.engine.flight import land, open_ops
from syncd.engine.graph import Known, know_graph, moved_in_graph
from syncd.engine.home import owing, show_homes
from syncd.engine.insist import worn
from syncd.engine.items import Item
from syncd.engine.job import Job, job_under_way
from syncd.engine.judge import Approval, Judgement, judge
from syncd.engine.load import load_items, states_of
from syncd.engine.open import describe
from syncd.engine.pauses import check_running, heed, is_paused, rests, without_resting
from syncd.engine.portions import dirty, dirty_among
from syncd.engine.pull import Pulled, pull
from syncd.engine.push import Pushed, push_updates
from syncd.engine.recover import recover
from syncd.engine.removal import Removals, due_removals
from syncd.engine.shown import keep_plan
from syncd.engine.targets import look_for_targets
from syncd.engine.traces import FAILED, cycle_span, note, span
from syncd.errors import UnsafePlanError
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, RunId
from syncd.reconcile.brakes import WINDOW_H, Limits, Recent, check_safe
from syncd.reconcile.plan import Line, Verb, in_order, plan_id
from syncd.reconcile.state import EntityResult
from syncd.store.rows import ConflictRow, PlanState, RunRow


@dataclass(slots=True, kw_only=True)
class Cycle:
    """What one cycle found, decided and did."""

    run: RunId
    beside: Job | None = None
    """The backfill that another process is at: all but what this cycle itself came upon is left to it."""
    is_partial: bool = False
    """It is about some items only (`engine/hints.py`)."""
    took_s: float = 0.0
    """How long it took, once it is over."""
    adopted: Adopted = field(default_factory=Adopted)
    records: int = 0
    """Records the tools reported."""
    compared: int = 0
    """Entities decided about."""
    lines: tuple[Line, ...] = ()
    """Every write that is due, in order; carried out or not."""
    waiting: frozenset[str] = frozenset()
    """Digests of the lines that need an approval this cycle does not have."""
    resting: Mapping[ConnectionName, int] = field(default_factory=dict)
    """How many writes wait until their connection is resumed."""
    unmade: frozenset[EntityId] = frozenset()
    """Entities for which a create rule wants a record: looked at again until it is there."""
    stale: set[EntityId] = field(default_factory=set)
    """Entities decided that nobody had looked at since the store was restored."""
    owing: set[EntityId] = field(default_factory=set)
    """Entities decided at once whose records do not show their counterparts yet."""
    seen: dict[EntityId, tuple[Item, EntityResult]] = field(default_factory=dict)
    """Every entity with something a person should know: conflicts, questions, troubles."""
    removals: Removals = field(default_factory=Removals)
    """What follows from deletions."""
    homes: Mapping[ConnectionName, int] = field(default_factory=dict)
    """Records that do not show their counterparts as they should, in a plan."""
    opened: tuple[ConflictRow, ...] = ()
    pushed: Pushed = field(default_factory=Pushed)

    @property
    def plan_id(self) -> str:
        """Return the id of the plan these lines make."""
        return plan_id(self.lines)


async def read_tools(desk: Desk, run: RunId, *, full: bool = False, writes: bool = True) -> Cycle:
    """
    Settle what an earlier run left open, read every connection, and link what is new.

    *full*, and a mapping other than last time's, make every entity dirty. Who
    does not write settles nothing: what looks left open may be another's write
    under way.
    """
    cycle = Cycle(run=run)
    desk.lost.clear()
    desk.touched.clear()
    cycle.beside = await job_under_way(desk)
    if full or (cycle.beside is None and await is_remapped(desk)):
        everything = await desk.store.entities.ids(desk.portfolio.name)
        async with desk.store.transaction() as tx:
            await tx.dirty.mark(everything)  # before the cursors tell of the new mapping: a kill would forget it
    if writes:
        await recover(desk, run)
    unread = await old_copy.begin(desk)
    unbegun = frozenset() if cycle.beside is None else await cycle.beside.unbegun(desk)
    ready = [account for account in desk.accounts.values() if account.is_ready and account.name not in unbegun]
    told = await together(_read(desk, account) for account in ready)
    cycle.records = sum(each.records for each in told)
    await describe(desk, [account for account in ready if account.doubts and account.is_ready])
    if cycle.beside is None or cycle.beside.is_linked:
        cycle.adopted = await adopt(desk)
    if read := sorted(name for name, account in desk.accounts.items() if name in unread and account.pulled):
        async with desk.store.transaction() as tx:
            await tx.restored.read(read)
    return cycle


async def _read(desk: Desk, account: Account) -> Pulled:
    with span("read", connection=account.name):
        told = await pull(desk, account)
        note(records=told.records)
        if account.error is not None:
            note(outcome=FAILED, error=type(account.error).__name__)
        return told


async def is_remapped(desk: Desk) -> bool:
    """Whether the mapping, or what a tool offers for it (its fields and their options), is another than last time."""
    read = [name for name, account in desk.accounts.items() if not is_paused(account)]
    cursors = {name: await desk.store.cursors.get(name) for name in read}
    return any(cursor is None or cursor.query != desk.digest_of(name) for name, cursor in cursors.items())


Keep = Callable[[Sequence[Judgement]], Awaitable[None]]


async def decide(
    desk: Desk,
    cycle: Cycle,
    portions: AsyncIterable[Sequence[EntityId]],
    approval: Approval,
    *,
    preview: bool = False,
    keep: Keep | None = None,
) -> list[Judgement]:
    """
    Decide about the entities of *portions*, and note what a person should know.

    What *keep* takes at once is not returned: decisions that lead to no write
    and that nobody has to be told of. All others wait for the brakes. Nothing
    else is held from one portion to the next.
    """
    with span("decide"):
        judgements = await _decide(desk, cycle, portions, approval, preview=preview, keep=keep)
        note(compared=cycle.compared, lines=len(cycle.lines), waiting=len(cycle.waiting))
        return judgements


async def _decide(
    desk: Desk,
    cycle: Cycle,
    portions: AsyncIterable[Sequence[EntityId]],
    approval: Approval,
    *,
    preview: bool,
    keep: Keep | None,
) -> list[Judgement]:
    judgements: list[Judgement] = []
    lines: list[Line] = []
    waiting: set[str] = set()
    again: set[EntityId] = set()
    moved: Known = {}
    resting: Counter[ConnectionName] = Counter()
    await heed(desk)
    check_running(desk)
    undecidable = await _archived_perhaps(desk) | await _doubtful(desk) | desk.resting
    desk.links.hold()
    async for portion in portions:
        ids = await old_copy.without_unread(desk, [one for one in portion if one not in undecidable])
        items = await look_for_targets(desk, await load_items(desk, ids))
        stale = await desk.store.restored.of_entities([item.entity.id for item in items])
        cycle.stale |= stale.keys()
        states = states_of(desk, items, preview=preview)
        graph = await know_graph(desk, items, states, moved)
        late = old_copy.moved_since(items, stale)
        decided = judge(items, states, graph, approval, desk.world.now(), late)
        if tired := await worn(desk, decided):
            decided = judge(items, states, graph, approval, desk.world.now(), late, tired)
        decided = [without_resting(desk, each) for each in decided]
        creates, later = await due_lines(desk, decided, graph, asked=cycle.adopted.asked, preview=preview)
        removed = await due_removals(desk, decided, states, preview=preview)
        made = [replace(line, late=line.entity in stale) for line in (*creates, *removed.lines)]
        own = [line for line in made if not rests(desk, line)]
        resting.update(line.place.connection for each in decided for line in each.resting)
        resting.update(line.place.connection for line in made if rests(desk, line))
        lines += [line for each in decided for line in (*each.lines, *each.waiting)]
        lines += own
        waiting |= {line.digest for each in decided for line in each.waiting}
        waiting |= {line.digest for line in own if not approval.permits(line)}
        again |= {line.entity for line in creates} | later | removed.later
        cycle.removals.add(removed)
        cycle.compared += len(decided)
        plain = {each.item.entity.id for each in decided if keep and is_plain(each)} - again - removed.entities
        if keep and plain:
            await keep([each for each in decided if each.item.entity.id in plain])
        held = [each for each in decided if each.item.entity.id not in plain]
        judgements += held
        moved |= moved_in_graph(held)
        if held:
            desk.links.hold()  # what is written later is told in their terms
        else:
            desk.links.drop()
    cycle.lines = in_order(_once(lines))
    cycle.waiting = frozenset(waiting)
    cycle.resting = resting
    cycle.unmade = frozenset(again)
    cycle.seen = {each.item.entity.id: (each.item, each.seen) for each in judgements if _is_telling(each)}
    return judgements


async def _archived_perhaps(desk: Desk) -> set[EntityId]:
    """Return the entities of which a record may be archived by us, until that was looked up, if anybody can look."""
    return {op.entity for op in await open_ops(desk) if op.verb == Verb.ARCHIVE}


async def _doubtful(desk: Desk) -> set[EntityId]:
    """Return the entities of which a record speaks against what its tool told, while that tool cannot be asked anew."""
    refs = [ref for account in desk.accounts.values() for ref in sorted(account.doubts)]
    return {link.entity for link in (await desk.store.links.by_refs(refs)).values()}


def _once(lines: Iterable[Line]) -> list[Line]:
    return list({line.digest: line for line in lines}.values())


def _is_telling(each: Judgement) -> bool:
    return any(result.conflict is not None or result.notices for result in each.seen.values())


async def brake(desk: Desk, lines: Sequence[Line], plan: str) -> None:
    """
    Refuse the whole plan when it would change too much, counted over the last 24 hours.

    Raises:
        UnsafePlanError: see `syncd.reconcile.brakes.check_safe`.
    """
    since = desk.world.now() - timedelta(hours=WINDOW_H)
    items = tuple(kind for kind in Kind if kind is not Kind.COMMENT)
    limits = Limits(**desk.portfolio.limits.model_dump())
    said = {line.place.connection for line in lines if line.kind is Kind.COMMENT}
    others = {line.place.connection for line in lines if line.kind is not Kind.COMMENT}
    check_safe(
        lines,
        {name: await _recent(desk, name, since, items) for name in sorted(others)},
        dict.fromkeys(said | others, limits),
        plan=plan,
        comments={name: await _recent(desk, name, since, (Kind.COMMENT,)) for name in sorted(said)},
    )


async def _recent(desk: Desk, name: ConnectionName, since: datetime, kinds: Sequence[Kind]) -> Recent:
    writes = await desk.store.audit.recent_changes(name, since, kinds)
    linked = await desk.store.links.count(name, kinds)
    open_ = Counter(op.verb for op in await desk.store.journal.open(name)) if Kind.TASK in kinds else Counter[str]()
    return Recent(
        archived=writes.archived + open_[Verb.ARCHIVE],
        updated=writes.updated + open_[Verb.UPDATE],
        created=writes.created,
        linked=linked,
    )


async def carry_out(
    desk: Desk,
    cycle: Cycle,
    judgements: Sequence[Judgement],
    approval: Approval,
    taken: Mapping[EntityId, int],
) -> None:
    """Commit every decision with its intents, then write."""
    await write(desk, cycle, await settle(desk, cycle, judgements, approval, taken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is committed and to be written now."""

    updates: Sequence[Intent]
    creates: Sequence[Line]
    archives: Sequence[Intent]
    touched: Sequence[EntityId]
    """Entities whose records may have to show other counterparts."""


async def settle(
    desk: Desk,
    cycle: Cycle,
    judgements: Sequence[Judgement],
    approval: Approval,
    taken: Mapping[EntityId, int],
) -> Due:
    """Commit every decision with its intents, in one transaction, and return what is to be written."""
    intents = plan_ops(desk, cycle.run, judgements)
    ended = [line for line in cycle.lines if line.verb is Verb.ARCHIVE and approval.permits(line)]
    archives = archive_ops(desk, cycle.run, ended, [each.item for each in judgements])
    open_ = {each.item.entity.id for each in judgements if outstanding(each)} | cycle.unmade
    open_ |= await owing(desk, ids_of(judgements))
    async with desk.store.transaction() as tx:
        changes = await commit(tx, desk, cycle.run, judgements, [*intents, *archives])
        await tx.tombstones.save(cycle.removals.stones)
        asked = await tx.conflicts.sync(desk.portfolio.name, cycle.removals.questions, how="withdrawal")
        await tx.dirty.clear({entity: taken[entity] for entity in ids_of(judgements) if entity in taken})
        await tx.dirty.mark(sorted(open_))
        held = {line.entity for line in cycle.lines if line.digest in cycle.waiting} | cycle.unmade
        await tx.restored.settle(sorted(cycle.stale & set(ids_of(judgements)) - held))
    cycle.opened = (*changes.opened, *asked.opened)
    creates = [line for line in cycle.lines if line.verb is Verb.CREATE and approval.permits(line)]
    touched = [*ids_of(judgements), *(line.entity for line in creates), *cycle.owing]
    return Due(updates=intents, creates=creates, archives=archives, touched=touched)


async def write(desk: Desk, cycle: Cycle, due: Due) -> None:
    """Write what was committed: updates, creates (parents first), archives, links home."""
    await heed(desk)  # what was paused since is not written
    await push_updates(desk, cycle.run, due.updates, cycle.pushed)
    await push_creates(desk, cycle.run, due.creates, cycle.pushed)
    if due.archives:
        with span("write", verb=Verb.ARCHIVE, writes=len(due.archives)):
            await push_archives(desk, cycle.run, due.archives, cycle.pushed)
    await show_homes(desk, cycle.run, due.touched, cycle.pushed.counts)


async def start_run(desk: Desk, command: str) -> RunId:
    """Record that a run begins. Raises `HeldError` when the portfolio is paused."""
    check_running(desk)
    run = RunId(desk.world.new_id())
    bind_contextvars(portfolio=desk.portfolio.name, run=run)  # in every line that is logged for it
    async with desk.store.transaction() as tx:
        await tx.runs.start(RunRow(id=run, command=command, portfolio=desk.portfolio.name, started_at=desk.world.now()))
    return run


async def finish_run(desk: Desk, cycle: Cycle, outcome: str) -> None:
    """Record how a run ended."""
    counts = Counter(cycle.pushed.counts)
    counts.update(records=cycle.records, compared=cycle.compared, lines=len(cycle.lines), waiting=len(cycle.waiting))
    async with desk.store.transaction() as tx:
        await tx.runs.finish(cycle.run, desk.world.now(), outcome, counts)
    note(run=cycle.run, outcome=outcome, **counts)
    unbind_contextvars("run")


def keeper(desk: Desk, cycle: Cycle, taken: dict[EntityId, int]) -> Keep:
    """Return what keeps decisions that lead to no write at once, and forgets them."""

    async def keep(plain: Sequence[Judgement]) -> None:
        late = await owing(desk, ids_of(plain))
        cycle.owing |= late
        async with desk.store.transaction() as tx:
            await commit(tx, desk, cycle.run, plain, ())
            await tx.restored.settle(sorted(cycle.stale & set(ids_of(plain))))
            await tx.dirty.clear({entity: taken[entity] for entity in ids_of(plain) if entity not in late})
        for entity in ids_of(plain):
            del taken[entity]

    return keep


@cycle_span("whole")
async def sync(
    desk: Desk, *, full: bool = False, command: str = "sync", begun: Callable[[Cycle], None] = lambda _cycle: None
) -> Cycle:
    """
    Run one cycle and carry out all that needs no approval, within the brakes.

    *begun* is told of it at once: who cancels it finds there what was done.

    Raises:
        UnsafePlanError: a brake refused the plan; nothing was written, and nothing committed that leads to a write.
    """
    run = await start_run(desk, command)
    cycle = await read_tools(desk, run, full=full)
    begun(cycle)
    try:
        taken: dict[EntityId, int] = {}
        approval = Approval()
        due = dirty(desk, taken) if cycle.beside is None else dirty_among(desk, sorted(desk.touched), taken)
        judgements = await decide(desk, cycle, due, approval, keep=keeper(desk, cycle, taken))
        await brake_or_keep(desk, tuple(line for line in cycle.lines if line.digest not in cycle.waiting))
        await carry_out(desk, cycle, judgements, approval, taken)
    except BaseException:
        await land(desk)
        await finish_run(desk, cycle, "stopped")
        raise
    await finish_run(desk, cycle, "done")
    return cycle


async def brake_or_keep(desk: Desk, due: tuple[Line, ...]) -> None:
    """Keep what a brake refuses as a plan, so that a person can look at it and let exactly that pass."""
    try:
        await brake(desk, due, plan_id(due))
    except UnsafePlanError:
        await keep_plan(desk, due, PlanState.REFUSED)
        raise
