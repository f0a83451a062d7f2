"""Rules across values: circles, spans, and writes that wait for each other."""

from __future__ import annotations

import timeit
from datetime import date
from itertools import permutations, product

import pytest

from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.refs import EntityId
from syncd.reconcile.rules import Portfolio, RuleBreak, violations


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


def test_one_change_among_a_hundred_thousand_entities_is_judged_quickly() -> None:
    before: Portfolio = {EntityId(f"e{i}"): {"parent": f"e{i // 2}" if i else None} for i in range(100_000)}
    after: Portfolio = {**before, EntityId("e1"): {"parent": "e99999"}}
    found = []
    took_s = timeit.timeit(lambda: found.append(violations(before, after)), number=1)
    assert [each.put_back for each in found[0]] == [((EntityId("e1"), "parent"),)]
    assert took_s < 2
