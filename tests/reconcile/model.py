"""
A small office to play the merge in: tools, rounds, faults, and what the engine keeps.

One field of one entity, one link per tool unless said otherwise. The model
drives `merge_field` and `after_write` as the engine does: observe, settle and
merge, commit the decision, and for each due write: guard, journal, send, read
back, account. `Switches` turns single rules off, to show that a test notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from syncd.errors import HeldError
from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import MISSING, Missing, Native, Text
from syncd.model.policy import Hold, Interval, Policy, Provenance
from syncd.model.refs import ConnectionName, LinkId, OpId
from syncd.reconcile.field import merge_field
from syncd.reconcile.joining import approve, choose
from syncd.reconcile.remap import Remapped, remap
from syncd.reconcile.state import (
    NEEDS_APPROVAL,
    Base,
    Conflict,
    Due,
    FieldResult,
    FieldState,
    LinkField,
    Loser,
    Pending,
    Refusal,
    Trouble,
)
from syncd.reconcile.written import WriteOutcome, WriteResult, after_write
from tests.reconcile.lenses import WordLens, option

EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TEXT = FieldSpec(type=FieldType.TEXT)


@dataclass(frozen=True)
class Switches:
    """Every rule on. A mutant switches one off."""

    meant: bool = True
    settle: bool = True
    judged: bool = True
    loose_first: bool = True
    stale_guard: bool = True
    add_wins: bool = True
    capacity_keep: bool = True
    echo: bool = True
    refused: bool = True
    interval: bool = True
    native_base: bool = True
    guard: bool = True


@dataclass
class Tool:
    """One tool and its side of the field, with its quirks, as its people see it."""

    name: str
    lens: Lens
    native: Native
    mode: str = "write"
    direction: str = "both"
    drops: bool = False
    """It answers politely and keeps its value."""
    hidden: bool = False
    """The field is not permitted to us: absent from the payload."""
    default: bool = False
    skew_s: float = 0.0
    automation: Callable[[Native], Native] | None = None
    """What the tool itself makes of a value once it is set."""
    updated_at: datetime = EPOCH
    indexed: Native = None
    """What its search index still shows."""
    writes: list[Native] = field(default_factory=list)
    linked: bool = True

    def keep(self, native: Native) -> Native:
        """Return a value as this tool stores it."""
        return self.lens.spelled(native) if isinstance(self.lens, WordLens) and isinstance(native, Text) else native


@dataclass
class Memory:
    """What we keep about one link."""

    observed: Native | Missing = MISSING
    fresh: bool = False
    read_after: datetime | None = None
    base: Base | None = None
    base_reading: Value | Missing = MISSING
    pending: Pending | None = None
    refused: Refusal | None = None
    edited: Interval | None = None
    edited_native: Native | Missing = MISSING
    old_updated_at: datetime = EPOCH
    old_read_at: datetime = EPOCH
    undone: int = 0


@dataclass(frozen=True)
class Faults:
    """What goes wrong in one round."""

    down: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    """Read through an index that lags."""
    fail: frozenset[str] = frozenset()
    """The request is refused for now, and surely not carried out."""
    lost_applied: frozenset[str] = frozenset()
    lost_unapplied: frozenset[str] = frozenset()
    crash_after: int | None = None
    """Killed after that many writes, the last one unconfirmed."""
    before_write: Mapping[str, Native] = field(default_factory=dict)
    """A person edits between our observing and our writing."""
    before_read_back: Mapping[str, Native] = field(default_factory=dict)
    """A person edits between our writing and our reading back."""


FAIR = Faults()


class World:
    """The tools, what we keep, and the ledger."""

    def __init__(
        self,
        tools: Iterable[Tool],
        *,
        policy: Policy | None = None,
        spec: FieldSpec = TEXT,
        canonical: Value | Unset = UNSET,
        switches: Switches | None = None,
    ) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self.memory = {name: Memory() for name in self.tools}
        self.policy, self.spec = policy or Hold(), spec
        self.canonical, self.provenance = canonical, Provenance()
        self.switches = switches or Switches()
        self.ledger: list[Loser] = []
        self.conflict: Conflict | None = None
        self.result: FieldResult | None = None
        self.clock = EPOCH
        self.ops = 0
        self.sent: list[tuple[str, Native]] = []
        self.on_write: Callable[[str, Due, LinkField], None] | None = None
        self.on_merge: Callable[[FieldState, FieldResult], None] | None = None
        for tool in self.tools.values():
            tool.indexed = tool.native

    def settled_at(self, value: Value) -> World:
        """Start with every tool in agreement about *value*, as an office that has long been running."""
        self.canonical = value
        for name, tool in self.tools.items():
            if tool.mode == "write":
                self.memory[name].base = Base(tool.native, value)
                self.memory[name].base_reading = tool.lens.get(tool.native)
                self.memory[name].observed = tool.native
        return self

    def tick(self, seconds: float = 60.0) -> None:
        """Let time pass."""
        self.clock += timedelta(seconds=seconds)

    def edit(self, name: str, native: Native) -> None:
        """Let a person set the field in a tool."""
        self.tick()
        tool = self.tools[name]
        tool.native = tool.keep(native)
        tool.updated_at = self.clock + timedelta(seconds=tool.skew_s)

    def touch(self, name: str) -> None:
        """Let a person change something else about the item."""
        self.tick()
        self.tools[name].updated_at = self.clock + timedelta(seconds=self.tools[name].skew_s)

    # -- a round ---------------------------------------------------------------

    def round(self, faults: Faults = FAIR, *, approving: bool = False) -> FieldResult:
        """Run one cycle over every tool; return what the merge said."""
        self.tick()
        for name in self.tools:
            self._observe(name, faults)
        state = self.state()
        result = self._merge(state)
        if approving and any(due.reason in NEEDS_APPROVAL for due in result.due):
            result = self._approve(state, result)
        self._commit(result)
        self.result = result
        done = 0
        for due in result.due:
            if due.reason in NEEDS_APPROVAL:
                continue
            if faults.crash_after is not None and done >= faults.crash_after:
                break
            crash = faults.crash_after is not None and done == faults.crash_after - 1
            done += self._write(due, faults, crash=crash)
        return result

    def rounds(self, count: int) -> int:
        """Run fair rounds; return how many writes were made."""
        before = len(self.sent)
        for _ in range(count):
            self.round()
        return len(self.sent) - before

    def _observe(self, name: str, faults: Faults) -> None:
        tool, memory = self.tools[name], self.memory[name]
        memory.fresh = False
        memory.read_after = None
        if name in faults.down or not tool.linked:
            return
        shown: Native | Missing = tool.native
        if name in faults.stale:
            shown = tool.indexed
            hint = memory.base is not None and shown != memory.base.shown
            if hint and self.switches.stale_guard:
                shown, memory.read_after = tool.native, self.clock
        else:
            tool.indexed = tool.native
            memory.read_after = self.clock
        memory.fresh = True
        if tool.hidden:
            memory.observed = MISSING
            return
        memory.observed = shown
        self._time_edit(tool, memory, shown)

    def _remember_old(self, tool: Tool, memory: Memory) -> None:
        """Remember until when the value of now was surely there; an index that lags says nothing about that."""
        if memory.read_after is not None:
            memory.old_updated_at, memory.old_read_at = tool.updated_at, self.clock

    def _time_edit(self, tool: Tool, memory: Memory, shown: Native | Missing) -> None:
        if memory.base is None or shown == memory.base.shown:
            memory.edited, memory.edited_native = None, MISSING
            self._remember_old(tool, memory)
            return
        if memory.edited is None or memory.edited_native != shown:
            skew = timedelta(seconds=30)
            before = max(memory.old_updated_at - skew, memory.old_read_at)
            after = min(tool.updated_at + skew, self.clock)
            if not self.switches.interval:
                before = after = tool.updated_at
            memory.edited, memory.edited_native = Interval(min(before, after), after), shown
        self._remember_old(tool, memory)

    def state(self) -> FieldState:
        """Return what the merge is told now."""
        links = tuple(self.link(name) for name, tool in self.tools.items() if tool.linked)
        return FieldState(
            name="field",
            spec=self.spec,
            policy=self.policy,
            canonical=self.canonical,
            provenance=self.provenance,
            links=links,
        )

    def link(self, name: str) -> LinkField:
        """Return one tool's side as the merge is told it now."""
        tool, memory = self.tools[name], self.memory[name]
        base = memory.base
        if base is not None and not self.switches.native_base and not isinstance(memory.base_reading, Missing):
            native = tool.lens.put(memory.base_reading, None)
            base = base if isinstance(native, Cannot) else Base(native, base.meant)
        return LinkField(
            link=LinkId(name),
            connection=ConnectionName(name.split("/", maxsplit=1)[0]),
            lens=tool.lens,
            observed=memory.observed,
            base=base,
            voice=tool.mode == "write" and tool.direction in {"read", "both"},
            writable=tool.mode == "write" and tool.direction in {"write", "both"},
            mirror=tool.direction == "write",
            fresh=memory.fresh,
            read_after=memory.read_after,
            edited=memory.edited,
            pending=memory.pending,
            refused=memory.refused if self.switches.refused else None,
            default=tool.default,
        )

    def _merge(self, state: FieldState) -> FieldResult:
        if not self.switches.settle:
            state = replace(state, links=tuple(replace(link, pending=None) for link in state.links))
            for memory in self.memory.values():
                memory.pending = None
        result = merge_field(state, self.clock)
        if self.on_merge is not None:
            self.on_merge(state, result)
        return self._weaken(state, result)

    def _weaken(self, state: FieldState, result: FieldResult) -> FieldResult:
        """Undo what a switched-off rule would have done."""
        losers = {loser.link for loser in result.losers if loser.rule != "command"}
        if not self.switches.judged:
            result = replace(result, bases={k: base for k, base in result.bases.items() if k not in losers})
        if not self.switches.meant:
            lenses = {link.link: link.lens for link in state.links}
            result = replace(
                result,
                bases={
                    k: Base(base.shown, value)
                    for k, base in result.bases.items()
                    if not isinstance(value := lenses[k].get(base.shown), Missing)
                },
            )
        if not self.switches.add_wins and isinstance(result.canonical, frozenset):
            beaten = [loser.value for loser in result.losers if loser.rule == "add_wins"]
            removed = frozenset(e for value in beaten if isinstance(value, frozenset) for e in value)
            if removed:
                result = replace(result, canonical=result.canonical - removed, due=())
        return result

    def _approve(self, state: FieldState, result: FieldResult) -> FieldResult:
        shown = {link: reading for link, reading in self.readings(state).items() if self.memory[link].base is None}
        shown |= {d.link: self.readings(state)[d.link] for d in result.due if d.reason in NEEDS_APPROVAL}
        return approve(state, self.clock, shown=shown)

    def readings(self, state: FieldState) -> dict[LinkId, Value]:
        """Return what each readable link that takes part reads as."""
        found: dict[LinkId, Value] = {}
        for link in state.links:
            reading = MISSING if isinstance(link.observed, Missing) else link.lens.get(link.observed)
            if not isinstance(reading, Missing) and (link.voice or link.writable):
                found[link.link] = reading
        return found

    def _commit(self, result: FieldResult) -> None:
        """Keep the decision, before the first request."""
        self.canonical, self.provenance = result.canonical, result.provenance
        self.ledger += result.losers
        self.conflict = result.conflict
        for link, base in result.bases.items():
            self._rebase(self.memory[link], self.tools[link], base)
        for name, memory in self.memory.items():
            if memory.pending is not None and memory.pending.op in result.settled:
                memory.pending = None
            if memory.refused is not None and memory.refused.value != self.canonical:
                memory.refused, memory.undone = None, 0
            assert name in self.tools

    def _rebase(self, memory: Memory, tool: Tool, base: Base) -> None:
        memory.base, memory.base_reading = base, tool.lens.get(base.shown)

    # -- a write ---------------------------------------------------------------

    def _write(self, due: Due, faults: Faults, *, crash: bool) -> bool:
        """Carry out one write as the protocol has it; return whether a request was sent."""
        name = str(due.link)
        tool, memory = self.tools[name], self.memory[name]
        if name in faults.down or name in faults.fail:
            return False
        if name in faults.before_write:
            self.edit(name, faults.before_write[name])
        pre = tool.native
        if self.switches.guard and self._moved(tool, memory, pre):
            return False
        if self.on_write is not None:
            self.on_write(name, due, self.link(name))
        want = tool.lens.put(due.value, pre)
        assert not isinstance(want, Cannot), "what is due can be said"
        self.ops += 1
        memory.pending = Pending(OpId(f"op{self.ops}"), want, due.value, pre, self.clock)
        self.tick(1)
        self.sent.append((name, want))
        tool.writes.append(want)
        if name in faults.lost_unapplied:
            return True
        echo = self._apply(tool, want)
        if name in faults.lost_applied or crash:
            return True
        if name in faults.before_read_back:
            self.edit(name, faults.before_read_back[name])
        self.tick(1)
        self._account(due, want, pre, echo)
        return True

    def _moved(self, tool: Tool, memory: Memory, pre: Native) -> bool:
        if memory.base is None or tool.hidden:
            return True
        return tool.lens.get(pre) != tool.lens.get(memory.base.shown)

    def _apply(self, tool: Tool, want: Native) -> Native:
        if tool.drops:
            return tool.native
        tool.native = echo = tool.keep(want)
        if tool.automation is not None:
            tool.native = tool.automation(tool.native)
        tool.updated_at = self.clock + timedelta(seconds=tool.skew_s)
        return echo

    def _account(self, due: Due, want: Native, pre: Native, echo: Native) -> None:
        name = str(due.link)
        tool, memory = self.tools[name], self.memory[name]
        result: WriteResult
        if not self.switches.loose_first and tool.native == pre:
            result = WriteResult(
                outcome=WriteOutcome.DROPPED,
                base=Base(pre, memory.base.meant if memory.base else UNSET),
                refused=Refusal(due.value, "unchanged"),
            )
        else:
            result = after_write(
                self.link(name),
                want=want,
                pre=pre,
                echo=echo if self.switches.echo else MISSING,
                read_back=tool.native,
                value=due.value,
                now=self.clock,
                undone=memory.undone if tool.automation else 0,
            )
        memory.pending = None if result.settled else memory.pending
        if result.base is not None:
            self._rebase(memory, tool, result.base)
        if result.outcome is WriteOutcome.MOVED:
            memory.undone += 1
        memory.refused = result.refused or memory.refused
        memory.edited, memory.edited_native = None, MISSING
        memory.old_updated_at, memory.old_read_at = tool.updated_at, self.clock
        memory.observed = tool.native

    # -- people at the keyboard ------------------------------------------------

    def resolve(self, value: Value, *, shown: Mapping[str, Value] | None = None) -> bool:
        """Let a person choose; return whether that was accepted. Without *shown* they saw the latest readings."""
        state = self.state()
        seen = {LinkId(k): v for k, v in shown.items()} if shown is not None else self.readings(state)
        try:
            result = choose(state, value, self.clock, "the admin", shown=seen)
        except HeldError:
            return False
        self._commit(result)
        return True

    def remap(self, name: str, lens: Lens) -> Remapped | None:
        """Exchange a tool's lens; `None` when a write of unknown outcome forbids it."""
        try:
            done = remap(self.state(), {LinkId(name): lens}, self.clock)
        except HeldError:
            return None
        self.tools[name].lens = lens
        self.canonical, self.provenance = done.state.canonical, done.state.provenance
        for link in done.state.links:
            self.memory[link.link].base = link.base
        return done

    # -- looking ---------------------------------------------------------------

    def shows(self, name: str) -> Value | Missing:
        """Return what a tool reads as now."""
        tool = self.tools[name]
        return tool.lens.get(tool.native)

    def contending(self) -> set[tuple[str, Value]]:
        """Return who contends with what; the canonical value itself is "="."""
        assert self.conflict is not None, "there is a conflict"
        return {(each.link or "=", each.value) for each in self.conflict.contenders}

    def lost(self) -> list[Value]:
        """Return the values in the ledger, oldest first."""
        return [loser.value for loser in self.ledger]

    def troubles(self) -> set[tuple[str, Trouble]]:
        """Return which tool has what trouble, as last reported."""
        assert self.result is not None, "a round was run"
        return {(str(note.link), note.trouble) for note in self.result.notices}


def words(*names: str, native: str | None = "x", case: str = "keep") -> list[Tool]:
    """Return tools that hold one line of text, all showing the same."""
    return [Tool(name, WordLens(case), Text(native) if native is not None else None) for name in names]


def table(name: str, lens: Lens, status: str | None) -> Tool:
    """Return a tool that holds one of its own statuses."""
    return Tool(name, lens, option(status) if status is not None else None)


def word(text: str) -> Text:
    """Return a line of text as the tools hold it."""
    return Text(text)
