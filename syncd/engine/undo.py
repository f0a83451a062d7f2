"""Taking back what one run wrote: fresh reads, one decision for each field, and the journal as for any write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.engine.commit import commit, plan_ops
from syncd.engine.cycle import Cycle, finish_run, start_run
from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.judge import Judgement, lines_of
from syncd.engine.load import load_items, states_of
from syncd.engine.pauses import silence
from syncd.engine.pull import by_connection, reread
from syncd.engine.push import ASLEEP, push_updates
from syncd.engine.recover import recover
from syncd.engine.targets import look_for_targets
from syncd.errors import ConfigError, RemoteError
from syncd.model.native import Missing, refs_in
from syncd.model.refs import ConnectionName, LinkId, Ref, RunId
from syncd.reconcile.plan import Line, Verb, in_order
from syncd.reconcile.state import EntityState, FieldResult
from syncd.reconcile.undo import Reversal, Wrote, undo_field
from syncd.store.rows import AuditRow, LinkRow, RunRow

MADE = "that run made it, and syncd never deletes: close or delete it there"
ARCHIVED = (
    "that run archived it because it was deleted elsewhere, and syncd brings nothing back: "
    "take it out of the archive there, or give it its status back, and it goes on being synced"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something of the run that stays as it is."""

    ref: Ref
    key: str
    field: str | None
    """`None`: the whole record."""
    why: str


@dataclass(slots=True, kw_only=True)
class Undone:
    """What became of a run that was taken back; of a dry run, what would."""

    target: RunRow
    cycle: Cycle
    left: list[Left] = field(default_factory=list)
    again: dict[str, ConnectionName] = field(default_factory=dict)
    """By digest of a line, the leader whose value the next cycle writes again."""


@dataclass(slots=True)
class _Writes:
    """What a run wrote, gathered from its audit; links home are not among it: they follow what is linked."""

    fields: dict[Ref, dict[str, Wrote]] = field(default_factory=dict)
    made: list[AuditRow] = field(default_factory=list)
    archived: list[AuditRow] = field(default_factory=list)

    @property
    def whole(self) -> list[tuple[AuditRow, str]]:
        """Return the records that stay as they are, and why."""
        return [*((row, MADE) for row in self.made), *((row, ARCHIVED) for row in self.archived)]


async def undo(desk: Desk, name: str, by: str, *, dry_run: bool) -> Undone:
    """
    Revert the writes of the run whose id begins with *name*, where a fresh read shows that they still stand.

    Without *dry_run*, what was decided is committed with its intents and then
    written; a kill leaves writes that the next cycle settles or goes on with.
    The brakes do not count it: a person named the run.

    Raises:
        ConfigError: there is no such run, or it wrote nothing.
        StoreError: its audit cannot be trusted.
    """
    target = await find_run(desk, name)
    await desk.store.audit.check_chain(target.id)
    writes = await _writes_of(desk, target.id)
    if not writes.fields and not writes.whole:
        raise ConfigError(
            f"the run {target.id} wrote nothing that can be taken back",
            fix="run syncd log to see which runs wrote what",
        )
    cycle = Cycle(run=await start_run(desk, f"undo {target.id}"))
    done = Undone(target=target, cycle=cycle)
    try:
        if not dry_run:
            await recover(desk, cycle.run)
        judgements = await _decide(desk, done, writes, by)
        if not dry_run:
            await _carry_out(desk, cycle, judgements)
    except BaseException:
        await finish_run(desk, cycle, "stopped")
        raise
    await finish_run(desk, cycle, "shown" if dry_run else "done")
    return done


async def find_run(desk: Desk, name: str) -> RunRow:
    """Return the portfolio's run whose id begins with *name*. Raises `ConfigError`: none does, or several do."""
    found = [row for row in await desk.store.runs.find(name) if row.portfolio == desk.portfolio.name]
    if len(found) == 1 and name:
        return found[0]
    what = f'there is no run "{name}"' if not found else f'"{name}" begins {len(found)} runs'
    raise ConfigError(what, fix="run syncd log, and give an id that it shows")


async def _writes_of(desk: Desk, run: RunId) -> _Writes:
    writes = _Writes()
    made: dict[Ref, AuditRow] = {}
    archived: dict[Ref, AuditRow] = {}
    async for row in desk.store.audit.of_run(run):
        if row.verb == Verb.CREATE:
            made.setdefault(row.ref, row)
        elif row.verb == Verb.ARCHIVE:
            archived.setdefault(row.ref, row)
        elif row.field is not None and row.ref not in made:
            fields = writes.fields.setdefault(row.ref, {})
            first = fields.get(row.field)
            fields[row.field] = Wrote(first.before if first else row.before, row.after)
    writes.made, writes.archived = list(made.values()), list(archived.values())
    return writes


async def _decide(desk: Desk, done: Undone, writes: _Writes, by: str) -> list[Judgement]:
    links = await desk.store.links.by_refs([*writes.fields, *(row.ref for row, _ in writes.whole)])
    done.left += [
        Left(ref=row.ref, key=links[row.ref].key if row.ref in links else row.ref.id, field=None, why=why)
        for row, why in writes.whole
    ]
    unread = await _read(desk, [ref for ref in writes.fields if ref in links])
    unread |= {ref: "it is not linked any more" for ref in writes.fields if ref not in links}
    unread |= {ref: ASLEEP for ref, link in links.items() if ref in writes.fields and link.entity in desk.resting}
    for ref, why in unread.items():
        key = links[ref].key if ref in links else ref.id
        done.left += [Left(ref=ref, key=key, field=name, why=why) for name in sorted(writes.fields[ref])]
    mine = {link.id: link for ref, link in links.items() if ref in writes.fields and ref not in unread}
    items = await look_for_targets(desk, await load_items(desk, sorted({link.entity for link in mine.values()})))
    await _know_targets(desk, writes)
    states = states_of(desk, items)
    judgements = [_judge(desk, done, item, states[item.entity.id], mine, writes, by) for item in items]
    done.cycle.compared = len(items)
    done.cycle.lines = in_order(line for each in judgements for line in each.lines)
    return judgements


async def _know_targets(desk: Desk, writes: _Writes) -> None:
    """Let the lenses know what the values before and after refer to: nothing may refer to it now."""
    held = [
        native for fields in writes.fields.values() for each in fields.values() for native in (each.before, each.after)
    ]
    refs = {ref for native in held if not isinstance(native, Missing) for ref in refs_in(native)}
    desk.links.add((await desk.store.links.by_refs(sorted(refs))).values())


async def _read(desk: Desk, refs: Sequence[Ref]) -> dict[Ref, str]:
    """Read *refs* anew; return those that could not be, and why."""
    unread: dict[Ref, str] = {}
    for connection, mine in by_connection(refs).items():
        account = desk.accounts.get(connection)
        if account is None or not account.is_ready:
            why = f"{connection} does not answer: it is not configured" if account is None else silence(account)
            unread |= dict.fromkeys(mine, why)
            continue
        try:
            answers = await reread(desk, account, mine)
        except RemoteError as exc:
            unread |= dict.fromkeys(mine, f"{connection} does not answer: {exc.what}")
            continue
        unread |= {
            ref: f"it cannot be read: {answer.what}"
            for ref, answer in answers.items()
            if isinstance(answer, RemoteError)
        }
    return unread


def _judge(
    desk: Desk,
    done: Undone,
    item: Item,
    state: EntityState,
    mine: Mapping[LinkId, LinkRow],
    writes: _Writes,
    by: str,
) -> Judgement:
    """Decide about every field of one entity that the run wrote."""
    results: dict[str, FieldResult] = {}
    lines: list[Line] = []
    sides = [side.link for side in item.sides if side.link.id in mine]
    for name in sorted({name for link in sides for name in writes.fields[link.ref]}):
        wrote = {link.id: writes.fields[link.ref][name] for link in sides if name in writes.fields[link.ref]}
        found = state.fields.get(name)
        if found is None:
            reversal = Reversal(left=dict.fromkeys(wrote, "it is not a mapped field any more, or only observed"))
        else:
            reversal = undo_field(found, wrote, desk.world.now(), by)
            shown = FieldResult(name=name, canonical=found.canonical, provenance=found.provenance, due=reversal.due)
            due = lines_of(item, found, reversal.decided or shown, item.title)
            lines += due
            if reversal.leader is not None:
                done.again |= {line.digest: reversal.leader for line in due}
            if reversal.decided is not None:
                results[name] = reversal.decided
        done.left += _left(mine, name, reversal.left)
    return Judgement(item=item, results=results, lines=tuple(lines), seen=results)


def _left(mine: Mapping[LinkId, LinkRow], name: str, left: Mapping[LinkId, str]) -> Iterable[Left]:
    return [Left(ref=mine[one].ref, key=mine[one].key, field=name, why=why) for one, why in sorted(left.items())]


async def _carry_out(desk: Desk, cycle: Cycle, judgements: Sequence[Judgement]) -> None:
    """Commit every decision with its intents, then write; the next cycle looks at all of it again."""
    intents = plan_ops(desk, cycle.run, judgements)
    async with desk.store.transaction() as tx:
        await commit(tx, desk, cycle.run, judgements, intents, how="command")
        await tx.dirty.mark([each.item.entity.id for each in judgements])
    await push_updates(desk, cycle.run, intents, cycle.pushed)
