"""
Random histories of an office, and the laws every one of them must keep (merge-semantics.md section 8).

A case is played from its seed alone, so `play(kind, seed)` repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.lens import Cannot
from syncd.model.native import Missing, Native
from syncd.model.policy import Hold, Leader, Newest, Order, Policy
from syncd.model.refs import ConnectionName
from syncd.reconcile.contact import first_and_alone
from syncd.reconcile.field import advance, merge_at_length, merge_field
from syncd.reconcile.state import NEEDS_APPROVAL, Due, FieldResult, FieldState, LinkField, Trouble
from tests.reconcile.lenses import SetLens, TableLens, WordLens, option, tags
from tests.reconcile.model import FAIR, Faults, Switches, Tool, World, word

NAMES = "ABCDE"
VALUES = ("v0", "v1", "v2", "v3", "v4")
ENUM = FieldSpec(type=FieldType.CHOICE, options=VALUES)
WORD = FieldSpec(type=FieldType.TEXT)
LABELS = FieldSpec(type=FieldType.LABELS)
ELEMENTS = ("a", "b", "c", "d")
NAMED = {Trouble.UNDECIDED, Trouble.REFUSED, Trouble.CANNOT, Trouble.READ_ONLY, Trouble.NOT_LINKED}


class Story(World):
    """A world that writes down who edited what in sight of what, and checks every merge and every write."""

    parents: dict[str, set[str]]
    """By folded text: what its author had in front of them."""
    added: set[str]
    removed: set[str]
    approved: bool = False

    def round(self, faults: Faults = FAIR, *, approving: bool = False) -> FieldResult:
        """Run one cycle; remember whether somebody approved that what is empty be filled."""
        self.approved |= approving
        return super().round(faults, approving=approving)

    def begin(self) -> None:
        """Start watching."""
        self.parents, self.added, self.removed = {}, set(), set()
        self.on_merge, self.on_write = self.check_merge, self.check_write

    def edit(self, name: str, native: Native) -> None:
        """Let a person set the field, and remember what they saw."""
        before = self.shows(name)
        super().edit(name, native)
        after = self.shows(name)
        if isinstance(before, frozenset) and isinstance(after, frozenset):
            self.added |= after - before
            self.removed |= before - after
        elif after != before:
            self.parents.setdefault(str(after).casefold(), set()).add(str(before).casefold())

    def check_merge(self, state: FieldState, result: FieldResult) -> None:
        """Check that a merge does not depend on order, is stable once committed, and holds nothing needlessly."""
        alone = first_and_alone(state, self.clock)
        assert alone is None or alone == merge_at_length(state, self.clock), "law: the short way is the long way"
        backwards = replace(state, links=tuple(reversed(state.links)))
        assert merge_field(backwards, self.clock) == result, "law: order"
        again = merge_field(advance(state, result), self.clock)
        assert again.canonical == result.canonical, "law: stable (canonical)"
        assert again.provenance == result.provenance, "law: stable (provenance)"
        assert lines(again) == lines(result), "law: stable (plan)"
        assert again.conflict == result.conflict, "law: stable (conflict)"
        assert (again.losers, again.bases, again.settled) == ((), {}, frozenset()), "law: stable (once only)"
        if result.conflict is not None:
            links = {link.link: link for link in state.links}
            heads = [(links[each.link], each.value) for each in result.conflict.contenders if each.link is not None]
            if len(heads) == len(result.conflict.contenders):
                needless = any(all(shows(link, value) for link, _ in heads) for _, value in heads)
                assert not needless, "law: no needless conflict"

    def check_write(self, name: str, due: Due, link: LinkField) -> None:
        """Check that only a writable link with a base is written, and only what it was accounted for."""
        assert link.base is not None, "law: guarded (base)"
        assert link.writable, "law: guarded (writable)"
        shown = link.lens.get(link.base.shown)
        assert self.shows(name) == shown, "law: guarded (moved since)"
        assert due.reason not in NEEDS_APPROVAL, "law: guarded (approval)"


def lines(result: FieldResult) -> list[tuple[str, Native, Value]]:
    """Return a plan without its reasons, which tell history."""
    return [(due.link, due.want, due.value) for due in result.due]


def shows(link: LinkField, value: Value) -> bool:
    """Return whether a link already shows a value as well as it can."""
    if isinstance(link.observed, Missing):
        return False
    native = link.lens.put(value, link.observed)
    return not isinstance(native, Cannot) and link.lens.get(native) == link.lens.get(link.observed)


# -- making an office ------------------------------------------------------------


def random_table(dice: Random) -> TableLens:
    """Return a lawful table of 1 to 5 natives: what is not named is said by another, or by a quarter not at all."""
    natives = [f"n{i}" for i in range(dice.randint(1, 5))]
    reads = {native: dice.choice(VALUES) for native in natives}
    writes = {value: native for native, value in reversed(reads.items())}
    for value in VALUES:
        if value not in writes and dice.random() < 0.75:
            writes[value] = dice.choice(natives)
    return TableLens(reads, writes)


def random_policy(dice: Random, names: str, kind: str) -> Policy:
    """Return any policy that makes sense for that kind of field."""
    policies: list[Policy] = [
        Hold(),
        Hold(),
        Leader(ConnectionName(dice.choice(names))),
        Newest(),
        Order(tuple(ConnectionName(name) for name in dice.sample(names, 2))),
    ]
    return dice.choice(policies if kind != "sets" else [Hold()])


def random_tool(dice: Random, name: str, kind: str, switches: Switches) -> Tool:
    """Return a tool with its quirks: one in eight read-only or a mirror, one in ten dropping what it is sent."""
    tool: Tool
    match kind:
        case "enum":
            table = random_table(dice)
            tool = Tool(name, table, option(dice.choice(list(table.reads))))
        case "sets":
            domain = frozenset(dice.sample(ELEMENTS, 3)) if dice.random() < 0.3 else None
            capacity = dice.choice([None, None, 1, 2])
            tool = Tool(name, SetLens(domain, capacity, keeps=switches.capacity_keep), tags())
        case _:
            tool = Tool(name, WordLens(dice.choice(["keep", "keep", "lower", "upper"]), dice.random() < 0.5), None)
    if dice.random() < 0.125:
        tool.direction = dice.choice(["read", "write"])
    tool.drops = dice.random() < 0.1
    tool.skew_s = dice.uniform(-20, 20)
    return tool


def random_value(dice: Random, world: Story, name: str, fresh: Callable[[], str]) -> Native:
    """Return what a person might set in that tool: something new, or what another tool shows."""
    lens = world.tools[name].lens
    if isinstance(lens, TableLens):
        return option(dice.choice(list(lens.reads)))
    if isinstance(lens, SetLens):
        shown = lens.get(world.tools[name].native)
        element = dice.choice([e for e in ELEMENTS if lens.domain is None or e in lens.domain])
        changed = shown ^ {element} if isinstance(shown, frozenset) else frozenset()
        kept = lens.put(changed, tags(element))
        return kept if not isinstance(kept, Cannot) else tags()
    if dice.random() < 0.25:
        return world.tools[dice.choice(list(world.tools))].native
    return word(fresh())


def _start(dice: Random, kind: str) -> Value:
    match kind:
        case "enum":
            return dice.choice(VALUES)
        case "sets":
            return frozenset(dice.sample(ELEMENTS, 2))
        case _:
            return dice.choice(["Start", "Start", "Other", None])


def make_world(dice: Random, kind: str, switches: Switches) -> Story:
    """Return an office of 2 to 5 tools, a third of them without a common past."""
    names = NAMES[: dice.randint(2, 5)]
    spec = {"enum": ENUM, "sets": LABELS}.get(kind, WORD)
    tools = [random_tool(dice, name, kind, switches) for name in names]
    world = Story(tools, policy=random_policy(dice, names, kind), spec=spec, switches=switches)
    world.begin()
    strangers = dice.random() < 1 / 3
    common = _start(dice, kind)
    for tool in tools:
        value = _start(dice, kind) if strangers and dice.random() < 0.5 else common
        native = tool.lens.put(value, tool.native)
        tool.native = tool.native if isinstance(native, Cannot) else tool.keep(native)
        tool.indexed = tool.native
    if not strangers:
        world.settled_at(common)
    if dice.random() < 0.25:
        for tool in tools:
            if dice.random() < 1 / 3:
                tool.mode = "observe"
                world.memory[tool.name].base = None
    return world


def random_faults(dice: Random, world: Story, fresh: Callable[[], str]) -> Faults:
    """Return what goes wrong in one round; often nothing."""
    if dice.random() < 0.4:
        return FAIR

    def some(share: float) -> frozenset[str]:
        return frozenset(name for name in world.tools if dice.random() < share)

    def edits(share: float) -> Mapping[str, Native]:
        return {name: random_value(dice, world, name, fresh) for name in world.tools if dice.random() < share}

    return Faults(
        down=some(0.15),
        stale=some(0.15),
        fail=some(0.15),
        lost_applied=some(0.1),
        lost_unapplied=some(0.1),
        crash_after=dice.choice([None, None, None, 0, 1, 2]),
        before_write=edits(0.1),
        before_read_back=edits(0.1),
    )


# -- playing it --------------------------------------------------------------------


def play(kind: str, seed: int, switches: Switches | None = None) -> Story:
    """Play one case to its end and check every law on the way; return the world it ended in."""
    dice = Random(f"{kind} {seed}")  # noqa: S311 - reproducible, not secret
    world = make_world(dice, kind, switches or Switches())
    count = 0

    def fresh() -> str:
        nonlocal count
        count += 1
        return f"Word{count}"

    started_together = all(memory.base is not None for memory in world.memory.values())
    switched = False
    for _ in range(dice.randint(1, 10)):
        switched |= _step(dice, world, kind, fresh)
    finish(world)
    if kind == "words":
        nothing_is_lost(world)
    if kind == "sets":
        no_element_is_lost(world, removals=started_together and not switched)
    return world


def _step(dice: Random, world: Story, kind: str, fresh: Callable[[], str]) -> bool:
    """Let one thing happen; return whether a tool's mode was switched."""
    roll, name = dice.random(), dice.choice(list(world.tools))
    if roll < 0.45:
        world.edit(name, random_value(dice, world, name, fresh))
    elif roll < 0.5:
        world.touch(name)
    elif roll < 0.9:
        world.round(random_faults(dice, world, fresh), approving=dice.random() < 0.25)
    elif roll < 0.94:
        _resolve(dice, world)
    elif roll < 0.97:
        tool = world.tools[name]
        tool.mode = "observe" if tool.mode == "write" else "write"
        return True
    elif kind == "enum":
        _change_table(dice, world, name)
    return False


def _change_table(dice: Random, world: Story, name: str) -> None:
    lens, table = world.tools[name].lens, random_table(dice)
    assert isinstance(lens, TableLens)
    unnamed = {native: dice.choice(VALUES) for native in lens.reads}
    world.remap(name, replace(table, reads={**unnamed, **table.reads}))


def _resolve(dice: Random, world: Story) -> None:
    if world.conflict is None or any(memory.pending for memory in world.memory.values()):
        return
    value = dice.choice(world.conflict.contenders).value
    if world.resolve(value) and isinstance(value, str):
        world.parents.setdefault(value.casefold(), set())


def finish(world: Story) -> None:
    """Let faults stop: within three rounds everything is written, then nothing is, and every side is accounted for."""
    for tool in world.tools.values():
        tool.mode = "write"
    for _ in range(3):
        world.round(approving=True)
    before = len(world.sent)
    world.round(approving=True)
    result = world.round()
    assert len(world.sent) == before, "law: quiet"
    if result.conflict is not None:
        return
    named = {note.link for note in result.notices if note.trouble in NAMED}
    for link in world.state().links:
        if link.writable and link.link not in named and not isinstance(world.canonical, Unset):
            tool = world.tools[link.link]
            native = tool.lens.put(world.canonical, tool.native)
            close = not isinstance(native, Cannot) and (
                shows(link, world.canonical) or tool.lens.loose(native, tool.native)
            )
            assert close, f"law: converge ({link.link})"


def nothing_is_lost(world: Story) -> None:
    """Check that every edit is canonical, open, in the ledger, in an undecided tool, or was seen and replaced."""
    alive = {str(value).casefold() for value in world.lost()}
    if world.canonical is not UNSET:
        alive.add(str(world.canonical).casefold())
    assert world.result is not None
    if world.result.conflict is not None:
        alive |= {str(each.value).casefold() for each in world.result.conflict.contenders}
    alive |= {str(world.shows(name)).casefold() for name, memory in world.memory.items() if memory.base is None}
    if world.approved:
        alive.add("none")
    work = list(alive)
    while work:
        for seen in world.parents.get(work.pop(), set()):
            if seen not in alive:
                alive.add(seen)
                work.append(seen)
    lost = set(world.parents) - alive - {"none"}
    assert not lost, f"law: no lost edit ({sorted(lost)})"


def no_element_is_lost(world: Story, *, removals: bool) -> None:
    """Check that what people only added is there, and what they only removed is gone or in the ledger."""
    assert world.result is not None
    voices = {name for name, tool in world.tools.items() if tool.direction != "write"}
    if len(voices) < len(world.tools) or any(note.trouble is Trouble.UNDECIDED for note in world.result.notices):
        return
    assert isinstance(world.canonical, frozenset)
    missing = world.added - world.removed - world.canonical
    assert not missing, f"law: no lost edit (added {sorted(missing)})"
    if removals:
        back = (world.removed - world.added) & world.canonical
        rows = {element for value in world.lost() if isinstance(value, frozenset) for element in value}
        assert not back - rows, f"law: no lost edit (removed {sorted(back - rows)})"
