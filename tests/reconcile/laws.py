"""Laws that need a history of their own kind: one writer, one edit at a time, known times, a changed mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.lens import Cannot
from syncd.model.native import MISSING, Missing, Native, Text
from syncd.model.policy import Hold, Leader, Newest, Order, Policy
from syncd.model.refs import ConnectionName, OpId
from syncd.reconcile.field import merge_field
from syncd.reconcile.state import FieldResult, FieldState, LinkField, Pending, Trouble
from tests.reconcile.generate import (
    ENUM,
    LABELS,
    NAMES,
    VALUES,
    WORD,
    Story,
    finish,
    lines,
    make_world,
    play,
    random_faults,
    random_table,
    random_value,
    shows,
)
from tests.reconcile.lenses import SetLens, TableLens, WordLens, exact, option, tags
from tests.reconcile.model import Faults, Switches, Tool, word

KINDS = ("enum", "words", "sets")
START: dict[str, Value] = {"enum": "v0", "words": "Start", "sets": frozenset({"a", "b"})}


def dice_for(law: str, seed: int) -> Random:
    """Return the dice of one case."""
    return Random(f"{law} {seed}")  # noqa: S311 - reproducible, not secret


def counter() -> Callable[[], str]:
    """Return a maker of words never used before."""
    count = 0

    def fresh() -> str:
        nonlocal count
        count += 1
        return f"Word{count}"

    return fresh


def office(dice: Random, kind: str, switches: Switches) -> Story:
    """Return an office in agreement, with coarse, case-changing and small tools but none that drops writes."""
    tools = []
    for name in NAMES[: dice.randint(2, 5)]:
        tool = Tool(name, WordLens(dice.choice(["keep", "lower", "upper"]), dice.random() < 0.5), None)
        if kind == "enum":
            table = exact(*VALUES) if dice.random() < 0.3 else random_table(dice)
            tool = Tool(name, table, option(dice.choice(list(table.reads))))
        elif kind == "sets":
            tool = Tool(name, SetLens(None, dice.choice([None, None, 1, 2]), keeps=switches.capacity_keep), tags())
        native = tool.lens.put(START[kind], tool.native)
        tool.native = tool.native if isinstance(native, Cannot) else tool.keep(native)
        tools.append(tool)
    policies: list[Policy] = [Hold(), Newest(), Order((ConnectionName("B"), ConnectionName("A")))]
    spec = {"enum": ENUM, "sets": LABELS}.get(kind, WORD)
    world = Story(tools, policy=dice.choice(policies), spec=spec, switches=switches)
    world.begin()
    world.settled_at(START[kind])
    return world


def serial(kind: str, seed: int, switches: Switches | None = None) -> None:
    """Each edit converges before the next: no conflict, no loser, one write per tool and edit, none undoes the edit."""
    dice = dice_for(f"serial {kind}", seed)
    world = office(dice, kind, switches or Switches())
    readers = [tool for tool in world.tools.values() if dice.random() < 0.1]
    for tool in readers:
        tool.direction = "read"
    fresh = counter()
    for _ in range(dice.randint(1, 6)):
        name = dice.choice(list(world.tools))
        if world.tools[name].direction == "read":
            continue
        before, sent = world.canonical, len(world.sent)
        native = _respelled(dice, world, name) or random_value(dice, world, name, fresh)
        shown = world.tools[name].native
        world.edit(name, native)
        value = world.shows(name)
        world.round()
        during = _in_the_window(dice, world, fresh, name) if kind != "sets" else None
        world.rounds(3)
        _is_serial(world, name, sent, during=during is not None)
        if during is not None:
            continue
        if kind == "sets":
            old = world.tools[name].lens.get(shown)
            assert isinstance(value, frozenset)
            assert isinstance(old, frozenset)
            assert value - old <= world.shows(name), "law: serial (an edit is undone)"  # type: ignore[operator]
        elif value != world.tools[name].lens.get(shown) and not _stands_for(world, name, before, native):
            assert world.canonical == value, "law: serial (the edit arrives)"
        assert world.rounds(1) == 0, "law: quiet"


def _respelled(dice: Random, world: Story, name: str) -> Native | None:
    native = world.tools[name].native
    if isinstance(native, Text) and dice.random() < 0.3:
        return word(native.value.swapcase())
    return None


def _stands_for(world: Story, name: str, value: object, native: Native) -> bool:
    """Return whether the tool showed that value when it showed *native*: such an edit changes nothing."""
    link = replace(world.link(name), observed=world.tools[name].keep(native))
    return isinstance(value, str) and shows(link, value)


def _in_the_window(dice: Random, world: Story, fresh: Callable[[], str], name: str) -> str | None:
    """Let one tool be edited right after our write to it, before we read back."""
    others = [other for other in world.tools if other != name and world.tools[other].direction == "both"]
    if not others or dice.random() < 0.6:
        return None
    other = dice.choice(others)
    world.edit(name, random_value(dice, world, name, fresh))
    count = len(world.sent)
    late = random_value(dice, world, other, fresh)
    if world.tools[other].keep(late) == world.tools[other].native:
        return other
    world.round(Faults(before_read_back={other: late}))
    assert len(world.sent) >= count
    return other


def _is_serial(world: Story, name: str, sent: int, *, during: bool) -> None:
    assert world.conflict is None, "law: serial (no conflict)"
    assert not world.ledger, "law: serial (nobody loses)"
    written = [tool for tool, _ in world.sent[sent:]]
    assert len(set(written)) == len(written) or during, "law: serial (one write each)"
    assert not {trouble for _, trouble in world.troubles()} & {Trouble.REFUSED}, "law: serial (nothing is refused)"
    assert name in world.tools


def single_writer(kind: str, seed: int, switches: Switches | None = None) -> None:
    """People edit in one tool only, whatever fails elsewhere: no conflict, no loser, and their value arrives."""
    dice = dice_for(f"single {kind}", seed)
    world = office(dice, kind, switches or Switches())
    for name, tool in world.tools.items():
        tool.drops = name != "A" and dice.random() < 0.15
    fresh = counter()
    for _ in range(dice.randint(2, 10)):
        if dice.random() < 0.5:
            world.edit("A", random_value(dice, world, "A", fresh))
        else:
            faults = random_faults(dice, world, fresh)
            world.round(replace(faults, before_write={}, before_read_back={}))
        assert world.conflict is None, "law: single writer (no conflict)"
        assert not world.ledger, "law: single writer (nobody loses)"
    mine = world.shows("A")
    finish(world)
    assert world.conflict is None, "law: single writer (no conflict)"
    assert not world.ledger, "law: single writer (nobody loses)"
    assert world.shows("A") == mine or kind == "sets", "law: single writer (not overwritten)"
    if kind == "words":
        assert world.canonical is not UNSET
        assert str(world.canonical).casefold() == str(mine).casefold(), "law: single writer (the value arrives)"


def additions(seed: int, switches: Switches | None = None) -> None:
    """Remove in one tool what somebody adds in another that lags: it stays everywhere, and the removal is on record."""
    dice = dice_for("additions", seed)
    tools = [Tool(name, SetLens(), tags("a", "b")) for name in NAMES[: dice.randint(2, 5)]]
    world = Story(tools, spec=LABELS, switches=switches or Switches())
    world.begin()
    world.settled_at(frozenset({"a", "b"}))
    one, other = dice.sample(list(world.tools), 2)
    late = dice.choice(["c", "d"])
    world.edit(one, tags("a", "b", late))
    world.round(Faults(fail=frozenset(world.tools)))
    edits = [(one, tags(*dice.sample(["a", "b"], dice.randint(0, 2)))), (other, tags("a", "b", late))]
    for name, native in dice.sample(edits, 2):
        world.edit(name, native)
    world.rounds(4)
    assert isinstance(world.canonical, frozenset)
    assert late in world.canonical, "law: add wins"
    assert any(isinstance(value, frozenset) and late in value for value in world.lost()), "law: add wins (on record)"
    assert all(world.shows(name) == world.canonical for name in world.tools), "law: converge"


class Timed(Story):
    """A story that knows the true time of every edit."""

    edited_at: dict[Value, datetime]

    def edit(self, name: str, native: Native) -> None:
        """Let a person set the field to a value never used before, at a known time."""
        super().edit(name, native)
        value = self.shows(name)
        assert not isinstance(value, Missing)
        self.edited_at[value] = self.clock

    def check_merge(self, state: FieldState, result: FieldResult) -> None:
        """Check that an edit happened within its interval, and that none later than the winner's lost."""
        super().check_merge(state, result)
        for link in state.links:
            reading = MISSING if isinstance(link.observed, Missing) else link.lens.get(link.observed)
            if link.edited is not None and not isinstance(reading, Missing) and reading in self.edited_at:
                true = self.edited_at[reading]
                assert link.edited.not_before <= true <= link.edited.not_after, "law: newest (interval)"
        for loser in result.losers:
            if loser.value in self.edited_at and not isinstance(result.canonical, Unset):
                latest = self.edited_at[result.canonical]
                assert self.edited_at[loser.value] <= latest, "law: newest (truly newest)"


def newest(seed: int, switches: Switches | None = None) -> int:
    """Play edits, comments and polls under `newest`; return how many conflicts were settled by time."""
    dice = dice_for("newest", seed)
    tools = [Tool(name, WordLens(), word("Start")) for name in NAMES[: dice.randint(2, 4)]]
    for tool in tools:
        tool.skew_s = dice.uniform(-20, 20)
    world = Timed(tools, policy=Newest(), spec=WORD, switches=switches or Switches())
    world.edited_at = {}
    world.begin()
    world.settled_at("Start")
    fresh = counter()
    for _ in range(dice.randint(3, 12)):
        roll, name = dice.random(), dice.choice(list(world.tools))
        if roll < 0.4:
            world.edit(name, word(fresh()))
        elif roll < 0.55:
            world.touch(name)
        elif roll < 0.65:
            world.tick(dice.choice([5, 90, 600]))
        else:
            down = frozenset(each for each in world.tools if dice.random() < 0.3)
            fail = frozenset(each for each in world.tools if dice.random() < 0.3)
            world.round(Faults(down=down, fail=fail))
    return len([loser for loser in world.ledger if loser.rule == "newest"])


def remapping(seed: int, switches: Switches | None = None) -> None:
    """Change a table, which is no edit: nobody loses, nothing conflicts, and only what was listed is written."""
    dice = dice_for("remap", seed)
    world = office(dice, "enum", switches or Switches())
    policies: list[Policy] = [Hold(), Leader(ConnectionName("A")), Leader(ConnectionName("B"))]
    world.policy = dice.choice(policies)
    world.rounds(2)
    if dice.random() < 0.5:
        world.edit("A", random_value(dice, world, "A", counter()))
        world.rounds(2)
    ledger, sent = len(world.ledger), len(world.sent)
    name = dice.choice(list(world.tools))
    old = world.tools[name].lens
    assert isinstance(old, TableLens)
    reads = {native: dice.choice(VALUES) if dice.random() < 0.4 else value for native, value in old.reads.items()}
    writes = {value: native for native, value in reversed(reads.items())}
    fallbacks = {value: native for value, native in old.writes.items() if value not in writes}
    lagging = {
        link.link
        for link in world.state().links
        if (base := world.memory[link.link].base) is not None and base.meant != world.canonical
    }
    listed = world.remap(name, TableLens(reads, {**fallbacks, **writes}))
    assert listed is not None
    allowed: set[str] = {each.link for each in listed.due} | lagging
    if listed.adopted:
        allowed |= set(world.memory)
    world.rounds(3)
    assert len(world.ledger) == ledger, "law: remap (nobody loses)"
    assert world.conflict is None, "law: remap (no conflict)"
    assert {tool for tool, _ in world.sent[sent:]} <= allowed, "law: remap (only what was listed)"


def first_contact(kind: str, seed: int, switches: Switches | None = None) -> None:
    """Nobody edits: no stated value is overwritten and no element removed, whatever the order of appearance."""
    dice = dice_for(f"first {kind}", seed)
    world = make_world(dice, kind, switches or Switches())
    world.policy = Hold() if dice.random() < 0.5 else Newest()
    before = {}
    for name, tool in world.tools.items():
        tool.mode, tool.drops, tool.linked = "write", False, False
        world.memory[name].base = None
        before[name] = world.shows(name)
    world.canonical = UNSET
    for name in dice.sample(list(world.tools), len(world.tools)):
        world.tools[name].linked = True
        for _ in range(dice.randint(0, 3)):
            world.round(approving=dice.random() < 0.5)
    finish(world)
    for name, value in before.items():
        now = world.shows(name)
        if isinstance(value, frozenset):
            assert isinstance(now, frozenset)
            assert value <= now, "law: first contact (no element is removed)"
        elif value is not None:
            assert now == value, "law: first contact (nothing is overwritten)"
    assert not world.ledger, "law: first contact (nobody loses)"


def prefix(kind: str, seed: int) -> None:
    """Run any part of a plan and forget having run it: the new plan lies within the rest."""
    dice = dice_for(f"prefix {kind}", seed)
    world = play(kind, seed)
    for tool in world.tools.values():
        tool.drops = False
    fresh = counter()
    for name in dice.sample(list(world.tools), 2):
        world.edit(name, random_value(dice, world, name, fresh))
    world.round(Faults(fail=frozenset(world.tools)))
    state = world.state()
    plan = {due[0]: due for due in lines(merge_field(state, world.clock))}
    tools = world.tools
    leaves_a_trace = [name for name in sorted(plan) if tools[name].keep(plan[name][1]) != tools[name].native]
    done = {name for name in leaves_a_trace if dice.random() < 0.5}
    observed = tuple(
        _run_and_forgotten(world, link, plan.get(link.link), run=link.link in done) for link in state.links
    )
    again = {due[0]: due for due in lines(merge_field(replace(state, links=observed), world.clock))}
    assert again.keys() <= plan.keys() - done, "law: prefix"
    assert all(again[name][2] == plan[name][2] for name in again), "law: prefix (same values)"


def _run_and_forgotten(world: Story, link: LinkField, due: tuple[str, Native, Value] | None, *, run: bool) -> LinkField:
    """Return a link after a write of which only the journal tells that it was sent."""
    if due is None or not run:
        return link
    _, want, value = due
    pending = Pending(OpId("op"), want, value, world.tools[link.link].native, world.clock)
    now = world.tools[link.link].keep(want)
    later = world.clock + timedelta(seconds=5)
    return replace(link, observed=now, pending=None if now == want else pending, read_after=later)
