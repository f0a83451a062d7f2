"""Laws of a single merge, searched and shrunk by Hypothesis: 100 examples a law, 1,000 in `make test-all`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import Native
from syncd.model.policy import Hold, Interval, Leader, Newest, Once, Order, Policy, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.field import advance, merge_field
from syncd.reconcile.state import STALE, Base, FieldState, LinkField, Stale
from syncd.reconcile.text import apply_hunks, hunks, union
from tests.reconcile.generate import ELEMENTS, ENUM, LABELS, VALUES, lines, shows
from tests.reconcile.lenses import SetLens, TableLens, TextLens, option, page, tags
from tests.reconcile.model import EPOCH

TEXT = FieldSpec(type=FieldType.MARKDOWN)
PARAGRAPHS = ("one", "two", "*three*", "four", "five")
EXAMPLES = pytest.mark.parametrize("examples", [100, pytest.param(1000, marks=pytest.mark.slow)])


@st.composite
def tables(draw: st.DrawFn) -> TableLens:
    natives = [f"n{i}" for i in range(draw(st.integers(1, 4)))]
    reads = {native: draw(st.sampled_from(VALUES)) for native in natives}
    writes = {value: native for native, value in reversed(reads.items())}
    for value in VALUES:
        if value not in writes and draw(st.booleans()):
            writes[value] = draw(st.sampled_from(natives))
    return TableLens(reads, writes)


@st.composite
def set_lenses(draw: st.DrawFn) -> SetLens:
    domain = draw(st.none() | st.frozensets(st.sampled_from(ELEMENTS), min_size=2))
    return SetLens(domain, draw(st.sampled_from([None, None, 1, 2])))


def natives(lens: Lens) -> st.SearchStrategy[Native]:
    """Return what a tool with that lens can hold."""
    if isinstance(lens, TableLens):
        return st.sampled_from([*(option(name) for name in lens.reads), None])
    if isinstance(lens, SetLens):
        allowed = sorted(lens.domain or ELEMENTS)
        return st.frozensets(st.sampled_from(allowed), max_size=lens.capacity).map(lambda names: tags(*names))
    assert isinstance(lens, TextLens)
    plain = lens.plain
    texts = st.lists(st.sampled_from(PARAGRAPHS), max_size=4, unique=True).map("\n\n".join)
    return texts.map(lambda text: page(text.replace("*", "") if plain else text) if text else None)


def values(spec: FieldSpec) -> st.SearchStrategy[Value]:
    """Return canonical values of a field."""
    if spec is ENUM:
        return st.sampled_from([*VALUES, None])
    if spec is LABELS:
        return st.frozensets(st.sampled_from(ELEMENTS))
    return st.lists(st.sampled_from(PARAGRAPHS), min_size=1, max_size=4, unique=True).map("\n\n".join)


def times() -> st.SearchStrategy[Interval | None]:
    return st.none() | st.integers(0, 3).map(lambda n: Interval(EPOCH.replace(hour=n), EPOCH.replace(hour=n + 1)))


def connections() -> st.SearchStrategy[ConnectionName]:
    return st.sampled_from("ABCD").map(ConnectionName)


def policies() -> st.SearchStrategy[Policy]:
    leader = connections().map(Leader)
    order = st.permutations("ABCD").map(lambda names: Order(tuple(ConnectionName(name) for name in names[:2])))
    plain: st.SearchStrategy[Policy] = st.sampled_from([Hold(), Newest(), Once()])
    return st.one_of(plain, leader, order)


@st.composite
def links(draw: st.DrawFn, name: str, spec: FieldSpec, canonical: Value | Unset) -> LinkField:
    lens: Lens
    if spec is ENUM:
        lens = draw(tables())
    elif spec is LABELS:
        lens = draw(set_lenses())
    else:
        lens = TextLens(plain=draw(st.booleans()))
    native = natives(lens)
    shown, base = draw(native), None
    if draw(st.sampled_from([True, True, True, False])):
        standing = lens.get(shown)
        options: list[Any] = [canonical, standing, standing]
        if spec is LABELS:
            options.append(STALE)
        base = Base(shown, draw(st.sampled_from(options)))
        assert isinstance(base.meant, str | frozenset | Stale | Unset | None)
    direction = draw(st.sampled_from(["both", "both", "both", "read", "write"]))
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name),
        lens=lens,
        observed=shown if draw(st.booleans()) else draw(native),
        base=base,
        voice=direction != "write",
        writable=direction != "read",
        mirror=direction == "write",
        fresh=draw(st.sampled_from([True, True, False])),
        edited=draw(times()),
    )


@st.composite
def states(draw: st.DrawFn, spec: FieldSpec | None = None) -> FieldState:
    kind = spec or draw(st.sampled_from([ENUM, LABELS, TEXT]))
    canonical: Value | Unset = draw(st.sampled_from([UNSET, None, None, None]))
    if canonical is None:
        canonical = draw(values(kind))
    by = draw(st.frozensets(st.builds(Stated, connections(), times()), max_size=2))
    return FieldState(
        name="field",
        spec=kind,
        policy=draw(policies()),
        canonical=canonical,
        provenance=Provenance(by=by),
        links=tuple(draw(links(name, kind, canonical)) for name in "ABCD"[: draw(st.integers(1, 4))]),
    )


def independent_of_order(case: tuple[FieldState, Sequence[int]]) -> None:
    state, order = case
    shuffled = tuple(state.links[i] for i in order if i < len(state.links))
    assert merge_field(replace(state, links=shuffled), EPOCH) == merge_field(state, EPOCH)


def stable_and_idempotent(state: FieldState) -> None:
    first = merge_field(state, EPOCH)
    again = merge_field(advance(state, first), EPOCH)
    assert (again.canonical, again.provenance) == (first.canonical, first.provenance)
    assert lines(again) == lines(first)
    assert [due.reason.value in {"flow", "push_back"} for due in again.due] == [
        due.reason.value in {"flow", "push_back"} for due in first.due
    ]
    assert (again.conflict, again.losers, again.bases) == (first.conflict, (), {})


def nothing_is_held_needlessly(state: FieldState) -> None:
    conflict = merge_field(state, EPOCH).conflict
    if conflict is None or any(each.link is None for each in conflict.contenders):
        return
    by_link = {link.link: link for link in state.links}
    heads = [(by_link[each.link], each.value) for each in conflict.contenders if each.link is not None]
    assert not any(all(shows(link, value) for link, _ in heads) for _, value in heads)


def a_frozen_field_is_written_nowhere(state: FieldState) -> None:
    result = merge_field(state, EPOCH)
    if result.conflict is not None:
        assert (result.due, result.canonical) == ((), state.canonical)


def first_contact_harms_nobody(state: FieldState) -> None:
    strangers = tuple(replace(link, base=None) for link in state.links)
    result = merge_field(replace(state, policy=Hold(), links=strangers), EPOCH)
    readings = {link.link: link.lens.get(link.observed) for link in strangers}  # type: ignore[arg-type]
    lenses = {link.link: link.lens for link in strangers}
    assert result.losers == ()
    for due in result.due:
        before, after = readings[due.link], lenses[due.link].get(due.want)
        if isinstance(before, frozenset):
            assert isinstance(after, frozenset)
            assert before <= after
        else:
            assert before is None
        assert due.reason.value in {"fill", "union"}


def what_is_due_says_the_value(state: FieldState) -> None:
    result = merge_field(state, EPOCH)
    by_link = {link.link: link for link in state.links}
    for due in result.due:
        link = by_link[due.link]
        assert link.writable
        said = link.lens.put(due.value, link.observed)  # type: ignore[arg-type]
        assert not isinstance(said, Cannot)
        assert (due.want, due.pre) == (said, link.observed)
        assert link.lens.get(said) != link.lens.get(link.observed)  # type: ignore[arg-type]


def no_edit_vanishes(state: FieldState) -> None:
    """Check that every edit of a voice is canonical, agreed with what was, in the ledger, or still open."""
    if isinstance(state.policy, Once):
        return
    result = merge_field(state, EPOCH)
    if result.provenance.rule is Rule.FIRST_CONTACT:
        return
    for link in state.links:
        base = result.bases.get(link.link)
        if link.base is None or base is None or not link.voice or state.spec is not ENUM:
            continue
        reading = link.lens.get(link.observed)  # type: ignore[arg-type]
        if reading == link.lens.get(link.base.shown):
            continue
        lost = [loser.value for loser in result.losers if loser.link == link.link]
        told = not isinstance(result.canonical, Unset) and shows(link, result.canonical)
        agreed = not isinstance(state.canonical, Unset) and shows(link, state.canonical)
        assert told or agreed or reading in lost


def sets_are_algebra(state: FieldState) -> None:
    if isinstance(state.policy, Once):
        return
    settled = [link for link in state.links if link.voice and link.base is not None]
    result = merge_field(replace(state, links=tuple(settled)), EPOCH)
    old = state.canonical if isinstance(state.canonical, frozenset) else frozenset()
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    for link in settled:
        assert link.base is not None
        now, was = link.lens.get(link.observed), link.lens.get(link.base.shown)  # type: ignore[arg-type]
        assert isinstance(now, frozenset)
        assert isinstance(was, frozenset)
        added, removed = added | (now - was), removed | (was - now)
    expected = (old - removed) | added
    assert result.canonical == expected or (result.canonical is UNSET and not expected)
    assert result.conflict is None
    beaten = {element for loser in result.losers if isinstance(loser.value, frozenset) for element in loser.value}
    assert beaten == added & removed


def hunks_do_not_depend_on_order(case: tuple[list[str], list[list[str]]]) -> None:
    old, sides = case
    changes = [hunks(old, side) for side in sides]
    merged = union(changes)
    assert union(reversed(changes)) == merged
    for side, change in zip(sides, changes, strict=True):
        assert apply_hunks(old, change) == tuple(side)
    if merged is None:
        return
    result = apply_hunks(old, merged)
    for side in sides:
        assert {line for line in side if line not in old} <= set(result), "no inserted line is lost"


def texts() -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
    lines_ = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)

    def edited(old: list[str]) -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
        blocks = st.sampled_from([*old, "x", "y", "z"])
        return st.tuples(st.just(old), st.lists(st.lists(blocks, max_size=7), min_size=1, max_size=3))

    return lines_.flatmap(edited)


def enums() -> st.SearchStrategy[FieldState]:
    return states(ENUM)


def labels() -> st.SearchStrategy[FieldState]:
    return states(LABELS)


def ordered() -> st.SearchStrategy[tuple[FieldState, Sequence[int]]]:
    return st.tuples(states(), st.permutations(range(4)))


LAWS: Mapping[str, tuple[Callable[[Any], None], Callable[[], st.SearchStrategy[Any]]]] = {
    check.__name__: (check, cases)
    for check, cases in (
        (independent_of_order, ordered),
        (stable_and_idempotent, states),
        (nothing_is_held_needlessly, enums),
        (a_frozen_field_is_written_nowhere, states),
        (first_contact_harms_nobody, states),
        (what_is_due_says_the_value, states),
        (no_edit_vanishes, enums),
        (sets_are_algebra, labels),
        (hunks_do_not_depend_on_order, texts),
    )
}


@EXAMPLES
@pytest.mark.parametrize("law", LAWS)
def test_one_merge_keeps_the_law(law: str, examples: int) -> None:
    check, cases = LAWS[law]
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    limited = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=slow)
    limited(given(cases())(check))()
