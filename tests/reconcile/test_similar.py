"""What looks alike: proposed with a confidence and reasons, never for things that cannot be one."""

from __future__ import annotations

import random
from datetime import date
from itertools import permutations

import pytest

from syncd.model.canonical import Kind
from syncd.model.refs import EntityId
from syncd.reconcile.similar import Alike, Profile, find_alike

LEAST = {Kind.TASK: 80}


def profile(
    name: str, title: str, place: str, *, due: date | None = None, people: str = "", parent: str | None = None
) -> Profile:
    return Profile(
        entity=EntityId(name),
        kind=Kind.TASK,
        places=frozenset({place}),
        title=title,
        due_on=due,
        people=frozenset(people.split()),
        parent=EntityId(parent) if parent else None,
    )


def pairs(found: tuple[Alike, ...]) -> list[tuple[str, str]]:
    return [(each.first, each.second) for each in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Single sign-on for admins", "Single sign on for admins"),
        ("Admins: single sign on", "single sign-on (admins)"),
        ("Move the billing job", "Move billing job"),
        ("Größe der Anhänge begrenzen", "Grösse der Anhänge begrenzen"),
    ],
)
def test_spelling_order_and_punctuation_do_not_hide_what_is_alike(one: str, other: str) -> None:
    assert pairs(find_alike([profile("a", one, "j"), profile("b", other, "g")], LEAST)) == [("a", "b")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sprint 1 review", "Sprint 2 review"),
        ("Upgrade to v1.2", "Upgrade to v1.3"),
        ("Write the docs", "Ship the app"),
        ("", ""),
        ("!!!", "???"),
    ],
)
def test_other_numbers_other_words_and_no_words_are_not_alike(one: str, other: str) -> None:
    assert find_alike([profile("a", one, "j"), profile("b", other, "g")], LEAST) == ()


def test_two_records_of_one_place_are_never_one() -> None:
    twins = [profile("a", "Ship it", "j"), profile("b", "Ship it!", "j")]
    assert find_alike(twins, LEAST) == ()


def test_dates_people_and_parents_move_the_confidence_and_are_told() -> None:
    bare = find_alike([profile("a", "Move the billing job", "j"), profile("b", "Move billing job", "g")], LEAST)
    day = date(2026, 3, 1)
    first = profile("a", "Move the billing job", "j", due=day, people="ada", parent="p")
    backed = find_alike([first, profile("b", "Move billing job", "g", due=day, people="ada bob", parent="p")], LEAST)
    against = find_alike(
        [first, profile("b", "Move billing job", "g", due=date(2026, 9, 1), parent="q")], {Kind.TASK: 60}
    )
    assert against[0].confidence < bare[0].confidence < backed[0].confidence
    assert backed[0].reasons[1:] == ("same due date", "same parent", "same person")
    assert against[0].reasons[1:] == ("due 2026-03-01 and 2026-09-01", "different parents")


def test_equal_titles_are_at_most_ninety_nine_percent() -> None:
    (pair,) = find_alike([profile("a", "Ship", "j", people="ada"), profile("b", "ship", "g", people="ada")], LEAST)
    assert pair.confidence == 99


def test_only_the_best_counts_but_a_tie_is_two_questions() -> None:
    asked = profile("a", "Move the billing job", "j")
    best, worse = profile("b", "Move the billing job!", "g"), profile("c", "Move the big billing job", "g")
    assert pairs(find_alike([asked, best, worse], LEAST)) == [("a", "b")]
    tie = profile("d", "(Move the billing job)", "g")
    assert pairs(find_alike([asked, best, tie], LEAST)) == [("a", "b"), ("a", "d")]


def test_a_kind_without_a_threshold_is_left_alone() -> None:
    assert find_alike([profile("a", "Ship it", "j"), profile("b", "Ship it", "g")], {Kind.MILESTONE: 60}) == ()


def test_among_asks_about_new_ones_only_from_either_side() -> None:
    pool = [
        profile("a", "Ship it", "j"),
        profile("b", "Ship it.", "g"),
        profile("c", "Write it down", "j"),
        profile("d", "Write it down.", "g"),
    ]
    assert pairs(find_alike(pool, LEAST, among={EntityId("a")})) == [("a", "b")]
    assert pairs(find_alike(pool, LEAST, among={EntityId("d")})) == [("c", "d")]
    assert pairs(find_alike(pool, LEAST, among={EntityId("a"), EntityId("b")})) == [("a", "b")]


def test_the_order_of_the_entities_does_not_matter() -> None:
    rng = random.Random(3)  # noqa: S311 - sample titles
    words = ["move", "billing", "job", "ship", "admin", "sign"]
    pool = [profile(f"e{n}", " ".join(rng.sample(words, 3)), rng.choice("jgr")) for n in range(5)]
    wanted = find_alike(pool, {Kind.TASK: 60})
    assert wanted
    assert all(find_alike(order, {Kind.TASK: 60}) == wanted for order in permutations(pool))


def test_what_only_one_of_them_tells_is_no_evidence() -> None:
    (found,) = find_alike(
        [
            profile("a", "Single sign on", "j", parent="p", due=date(2026, 3, 1), people="ada"),
            profile("b", "Single sign on", "g"),
        ],
        LEAST,
    )
    assert found == Alike(
        first=EntityId("a"),
        second=EntityId("b"),
        kind=Kind.TASK,
        confidence=99,
        reasons=("same words in the title",),
    )


@pytest.mark.parametrize(("length", "kept"), [(25, 2), (20, 1)])
def test_a_second_best_match_three_points_below_is_kept(length: int, kept: int) -> None:
    """One letter of 25 costs four points of a hundred, one of 20 five; the best there is counts 99."""
    title = "x" * length
    found = find_alike([profile("a", title, "j"), profile("b", title, "g"), profile("c", title[1:] + "y", "g")], LEAST)
    assert [each.confidence for each in found] == [99, 96][:kept]
