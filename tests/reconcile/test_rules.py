"""Rules across values: circles, spans, and writes that wait for each other."""

from __future__ import annotations

import random
import timeit
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations, product
from typing import Final

import pytest

from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.native import Text
from syncd.model.policy import Hold
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.rules import Portfolio, RuleBreak, merge_entities, violations
from syncd.reconcile.state import Base, EntityState, FieldState, LinkField, Notice, Refusal, Trouble
from tests.reconcile.generate import WORD
from tests.reconcile.lenses import RefLens
from tests.reconcile.model import EPOCH

SPAN: Final = "it would start on {}, after its {}"


def parents(**values: str | None) -> Portfolio:
    return {EntityId(name): {"parent": value} for name, value in values.items()}


def is_circular(values: Portfolio) -> bool:
    for start in values:
        seen, at = set(), start
        while at is not None and at not in seen:
            seen.add(at)
            parent = values.get(at, {}).get("parent")
            at = EntityId(parent) if isinstance(parent, str) else None  # type: ignore[assignment]
        if at is not None:
            return True
    return False


def put_back(before: Portfolio, after: Portfolio, found: tuple[RuleBreak, ...]) -> Portfolio:
    back = {pair for each in found for pair in each.put_back}
    return {
        entity: {name: before[entity][name] if (entity, name) in back else value for name, value in values.items()}
        for entity, values in after.items()
    }


@pytest.mark.parametrize("after", list(product(["x", "y", "z", None], repeat=3)))
def test_parents_never_go_round_in_a_circle(after: tuple[str | None, ...]) -> None:
    """Three entities, every clean past that is a chain, every future: what remains is a forest, only changes move."""
    future = parents(**dict(zip("xyz", after, strict=True)))
    for first, second, _ in permutations("xyz"):
        past: Portfolio = parents(**dict.fromkeys("xyz") | {first: second})
        found = violations(past, future)
        assert not is_circular(put_back(past, future, found))
        assert bool(found) is is_circular(future)
        for each in found:
            assert all(past[entity][name] != future[entity][name] for entity, name in each.put_back)


def test_both_moves_of_a_circle_are_named_in_one_sentence() -> None:
    found = violations(parents(x=None, y=None), parents(x="y", y="x"))
    assert found == (
        RuleBreak(((EntityId("x"), "parent"), (EntityId("y"), "parent")), "parent would go round in a circle: x, y"),
    )


def test_dependencies_never_go_round_in_a_circle() -> None:
    before: Portfolio = {EntityId("x"): {"depends_on": frozenset({"y"})}, EntityId("y"): {"depends_on": frozenset()}}
    after: Portfolio = {**before, EntityId("y"): {"depends_on": frozenset({"x"})}}
    assert [each.put_back for each in violations(before, after)] == [((EntityId("y"), "depends_on"),)]


def dates(start: Value | Unset, due: Value | Unset) -> Portfolio:
    return {EntityId("x"): {"start_on": start, "due_on": due}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (dates(date(2026, 1, 1), date(2026, 2, 1)), dates(date(2026, 3, 1), date(2026, 2, 1)), ["start_on"]),
        (dates(date(2026, 1, 1), date(2026, 2, 1)), dates(date(2026, 1, 1), date(2025, 2, 1)), ["due_on"]),
        (dates(UNSET, UNSET), dates(date(2026, 3, 1), date(2026, 2, 1)), ["due_on", "start_on"]),
        (dates(date(2026, 1, 1), date(2026, 2, 1)), dates(date(2026, 3, 1), None), []),
        (dates(date(2026, 3, 1), date(2026, 2, 1)), dates(date(2026, 3, 1), date(2026, 2, 1)), []),
    ],
)
def test_nothing_starts_after_it_is_due(before: Portfolio, after: Portfolio, expected: list[str]) -> None:
    assert [name for each in violations(before, after) for _, name in each.put_back] == expected


def test_a_value_that_is_new_or_was_unset_is_a_change() -> None:
    kept: Portfolio = {EntityId("x"): {"parent": None}}
    assert violations(kept, {**kept, EntityId("y"): {"parent": "y"}}) == (
        RuleBreak(((EntityId("y"), "parent"),), "parent would go round in a circle: y"),
    )
    assert violations({EntityId("x"): {}}, {EntityId("x"): {"parent": "x", "title": "Ship SSO"}}) == (
        RuleBreak(((EntityId("x"), "parent"),), 'parent would go round in a circle: "Ship SSO"'),
    )
    assert violations(parents(x="x"), {EntityId("x"): {}}) == ()


def test_only_the_entities_named_may_have_changed() -> None:
    before, after = parents(x=None, y=None), parents(x="x", y="y")
    found = violations(before, after, [EntityId("y")])
    assert [each.put_back for each in found] == [((EntityId("y"), "parent"),)]


def test_what_is_put_back_may_break_another_rule_with_what_changed_along_with_it() -> None:
    def spans(start: date, due: date, target: date) -> Portfolio:
        return {EntityId("x"): {"start_on": start, "due_on": due, "target_on": target}}

    before = spans(date(2026, 1, 1), date(2026, 1, 31), date(2026, 1, 31))
    found = violations(before, spans(date(2026, 3, 1), date(2026, 2, 28), date(2025, 12, 1)))
    assert found == (
        RuleBreak(
            ((EntityId("x"), "due_on"), (EntityId("x"), "start_on")), SPAN.format("2026-03-01", "due_on 2026-02-28")
        ),
        RuleBreak(
            ((EntityId("x"), "start_on"), (EntityId("x"), "target_on")),
            SPAN.format("2026-03-01", "target_on 2025-12-01"),
        ),
    )
    alone = violations(before, spans(date(2026, 1, 1), date(2026, 1, 31), date(2025, 12, 1)))
    assert [each.put_back for each in alone] == [((EntityId("x"), "target_on"),)]
    assert violations(before, spans(date(2026, 1, 31), date(2026, 1, 31), date(2026, 1, 31))) == ()


def test_a_start_at_a_moment_is_compared_by_its_day() -> None:
    def late(hour: int, day: int) -> Portfolio:
        return dates(datetime(2026, 1, day, hour, tzinfo=UTC), date(2026, 1, 9))

    assert violations(dates(None, None), late(23, 9)) == ()
    assert len(violations(dates(None, None), late(0, 10))) == 1


def test_two_rings_that_share_no_one_are_two_sentences() -> None:
    future = parents(a="b", b="c", c="a", d="e", e="d", f="a", g=None)
    found = violations(parents(**dict.fromkeys("abcdefg")), future)
    assert [[entity for entity, _ in each.put_back] for each in found] == [["a", "b", "c"], ["d", "e"]]
    assert [each.why for each in found] == [
        "parent would go round in a circle: a, b, c",
        "parent would go round in a circle: d, e",
    ]


def test_a_ring_within_many_dependencies_is_found_whole() -> None:
    """Figure eights, shortcuts and dead ends: exactly the entities that reach themselves are named."""
    for seed in range(200):
        dice = random.Random(seed)  # noqa: S311 - not for secrets
        edges = {name: frozenset(dice.sample("abcdefg", dice.choice([0, 1, 1, 2]))) for name in "abcdefg"}

        def reached(start: str, edges: Mapping[str, frozenset[str]] = edges) -> set[str]:
            seen: set[str] = set()
            work = [start]
            while work:
                new = edges[work.pop()] - seen
                seen |= new
                work += new
            return seen

        rings = {tuple(sorted(b for b in reached(a) if a in reached(b))) for a in edges if a in reached(a)}
        after: Portfolio = {EntityId(name): {"depends_on": to} for name, to in edges.items()}
        found = violations({EntityId(name): {"depends_on": frozenset()} for name in edges}, after)
        assert {tuple(entity for entity, _ in each.put_back) for each in found} == rings


def reference(name: str, at: str | None, linked: str = "xyz", base: str | None = None) -> LinkField:
    """Return one tool's side of a parent: its entity and connection are in the name, `x-A`."""
    shown = Text(base) if base else None
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name[-1]),
        lens=RefLens(set(linked)),
        observed=Text(at) if at else None,
        base=Base(shown, base),
    )


def entity(name: str, canonical: str | None, *links: LinkField, title: str = "") -> EntityState:
    field = FieldState(
        name="parent", spec=FieldSpec(type=FieldType.ENTITY), policy=Hold(), canonical=canonical, links=links
    )
    named = FieldState(name="title", spec=WORD, policy=Hold(), canonical=title or None)
    return EntityState(entity=EntityId(name), fields={"parent": field, "title": named})


def test_two_moves_that_make_a_circle_are_held_and_written_nowhere() -> None:
    x = entity("x", None, reference("x-A", "y"), reference("x-B", None))
    y = entity("y", None, reference("y-A", None), reference("y-B", "x"))
    found = merge_entities([x, y], {}, EPOCH)
    for name, result in ((each, found[EntityId(each)]["parent"]) for each in "xy"):
        assert result.conflict is not None, name
        assert result.conflict.why == "parent would go round in a circle: x, y"
        assert (result.canonical, result.due) == (None, ())
    assert found[EntityId("x")]["title"].conflict is None


def test_a_move_onto_what_is_not_merged_now_is_judged_with_it() -> None:
    x = entity("x", None, reference("x-A", "y"), title="Ship SSO")
    found = merge_entities([x], {EntityId("y"): {"parent": "x", "title": "Login"}}, EPOCH)
    conflict = found[EntityId("x")]["parent"].conflict
    assert conflict is not None
    assert conflict.why == 'parent would go round in a circle: "Login", "Ship SSO"'
    clean = merge_entities([x], {EntityId("y"): {"parent": None}}, EPOCH)[EntityId("x")]["parent"]
    assert (clean.canonical, clean.conflict, clean.provenance.at) == ("y", None, EPOCH)


def test_a_write_that_would_make_a_circle_in_one_tool_waits() -> None:
    """Canonically x is below y. B still shows y below x, whose removal cannot be sent there, so x waits in B alone."""
    x = entity(
        "x", "y", reference("x-A", "y", base="y"), reference("x-B", None), reference("x-C", None), title="Ship SSO"
    )
    stuck = replace(reference("y-B", "x", base="x"), refused=Refusal(None, "read-only there"))
    y = entity("y", None, reference("y-A", None), stuck, title="Login")
    found = merge_entities([x, y], {}, EPOCH)
    result = found[EntityId("x")]["parent"]
    assert (result.canonical, result.conflict) == ("y", None)
    assert [due.link for due in result.due] == ["x-C"]
    assert result.notices == (
        Notice(
            LinkId("x-B"),
            ConnectionName("B"),
            Trouble.WAITING,
            "y",
            'parent would go round in a circle there: "Login", "Ship SSO"',
        ),
    )
    assert [note.trouble for note in found[EntityId("y")]["parent"].notices] == [Trouble.REFUSED]
    free = merge_entities(
        [x, replace(y, fields={**y.fields, "parent": replace(y.fields["parent"], links=())})], {}, EPOCH
    )
    assert [due.link for due in free[EntityId("x")]["parent"].due] == ["x-B", "x-C"]


def test_what_is_due_in_the_same_cycle_counts_as_written() -> None:
    x = entity("x", "y", reference("x-A", "y", base="y"), reference("x-B", None))
    y = entity("y", None, reference("y-A", None), reference("y-B", "x", base="x"))
    found = merge_entities([x, y], {}, EPOCH)
    assert [due.link for name in "xy" for due in found[EntityId(name)]["parent"].due] == ["x-B", "y-B"]


def test_one_change_among_a_hundred_thousand_entities_is_judged_quickly() -> None:
    before: Portfolio = {EntityId(f"e{i}"): {"parent": f"e{i // 2}" if i else None} for i in range(100_000)}
    after: Portfolio = {**before, EntityId("e1"): {"parent": "e99999"}}
    found = []
    took_s = timeit.timeit(lambda: found.append(violations(before, after)), number=1)
    assert [each.put_back for each in found[0]] == [((EntityId("e1"), "parent"),)]
    assert took_s < 2
