"""Matching only what may meet finds what matching everybody finds; whoever is left out is alone."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.match import Candidate, Known, Matched, match
from syncd.reconcile.meeting import MOST_PLACES, Census

SEEDS = range(3000)
KINDS = (Kind.TASK, Kind.MILESTONE)


def census_of(candidates: Sequence[Candidate]) -> Census:
    census = Census()
    for each in candidates:
        census.count(each)
    census.close()
    return census


def called(ref: Ref) -> EntityId:
    """Return what an entity that begins with *ref* is called."""
    return EntityId(f"from {ref}")


def candidates_of(rng: random.Random) -> list[Candidate]:
    """Make up a few records: rare keys and common ones, markers of all sorts, aliases."""
    refs = [Ref(ConnectionName(rng.choice("abc")), "issue", str(number)) for number in range(rng.randint(0, 9))]
    names = [*map(called, refs), *map(EntityId, ("e0", "e1", "e2", "gone"))]
    keys = ["", *(f"k{number}" for number in range(rng.choice((2, 5, 20))))]
    marked, parted, drafts = rng.choice((0, 0.2, 0.6)), rng.choice((0, 0.3)), rng.choice((0, 0.4))
    found = []
    for ref in refs:
        kind = rng.choice(KINDS)
        aliases = [called(rng.choice(refs))] if rng.random() < drafts else []
        found.append(
            Candidate(
                ref=ref,
                kind=kind,
                place=f"{ref.connection}/{rng.choice('xy')}" if kind is Kind.MILESTONE else ref.connection,
                title="",
                keys=tuple(rng.choice(keys) for _ in range(rng.randint(0, 2))),
                marker=rng.choice(names) if rng.random() < marked else None,
                identities=frozenset() if rng.random() < parted else frozenset([called(ref), *aliases]),
            )
        )
    return found


def known_of(rng: random.Random, candidates: Sequence[Candidate]) -> list[Known]:
    """Make up entities, one of them perhaps made from a record that is linked no more."""
    names = [EntityId(f"e{number}") for number in range(rng.randint(0, 3))]
    if candidates and rng.random() < 0.3:
        names.append(called(rng.choice(candidates).ref))
    return [
        Known(
            entity=one,
            kind=rng.choice(KINDS),
            places=frozenset(rng.sample(["a", "b", "c", "a/x", "b/x", "b/y"], rng.randint(0, 3))),
            keys=frozenset(f"k{rng.randint(0, 6)}" for _ in range(rng.randint(0, 2))),
        )
        for one in names
    ]


def apart(candidates: Sequence[Candidate], known: Sequence[Known]) -> tuple[Matched, list[Candidate]]:
    """Match as first contact does: what is alone never comes to the others. Return who was alone, too."""
    census = census_of(candidates)
    met = [each for each in known if census.meets(each)]
    alone = [each for each in candidates if census.is_alone(each, called(each.ref))]
    assert not census.is_sparse or len(alone) == len(candidates)
    assert all(census.may_hold(each.ref) for each in candidates)
    found = match([each for each in candidates if each not in alone], met)
    groups = sorted([*found.groups, *((each.ref,) for each in alone)])
    return Matched(joins=found.joins, groups=tuple(groups), ambiguous=found.ambiguous, clones=found.clones), alone


@pytest.mark.parametrize("block", range(10))
def test_what_meets_nobody_can_be_left_out_of_matching(block: int) -> None:
    lone = 0
    for seed in SEEDS[block::10]:
        rng = random.Random(seed)  # noqa: S311 - no secret
        candidates = candidates_of(rng)
        known = [each for each in known_of(rng, candidates) if each.kind in {one.kind for one in candidates}]
        found, alone = apart(candidates, known)
        assert found == match(candidates, known), f"seed {seed}"
        lone += len(alone)
    assert lone > 100


def test_nobody_else_is_called_like_one_that_is_alone() -> None:
    """A new entity is called after its marker or its first record: whoever comes first has the name."""
    for seed in SEEDS:
        rng = random.Random(seed)  # noqa: S311 - no secret
        candidates = candidates_of(rng)
        census = census_of(candidates)
        for each in candidates:
            if census.is_alone(each, called(each.ref)):
                assert all(called(each.ref) != other.marker for other in candidates), f"seed {seed}"


def test_namesakes_in_one_place_are_alone_until_something_elsewhere_has_their_name() -> None:
    here = [
        Candidate(
            ref=Ref(ConnectionName("a"), "issue", str(number)), kind=Kind.TASK, place="a", title="", keys=("fix",)
        )
        for number in range(3)
    ]
    census = census_of(here)
    assert census.is_sparse
    assert census.meets(Known(entity=EntityId("e"), kind=Kind.TASK, places=frozenset("b"), keys=frozenset({"fix"})))
    assert not any(census.is_alone(each, called(each.ref)) for each in here)


def test_what_is_in_a_place_too_many_is_taken_to_meet() -> None:
    census = Census()
    for number in range(MOST_PLACES + 2):
        ref = Ref(ConnectionName("a"), "version", str(number))
        last = Candidate(ref=ref, kind=Kind.MILESTONE, place=f"a/{number}", title="", keys=(f"v{number}",))
        census.count(last)
        if number == 0:
            first = last
    census.close()
    assert census.is_alone(first, called(first.ref))
    assert not census.is_alone(last, called(last.ref))
