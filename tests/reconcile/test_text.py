"""Hunks: what clashes, and how they are carried from one text onto another."""

from __future__ import annotations

from itertools import product

import pytest

from syncd.reconcile.text import Hunk, apply_hunks, carry, hunks, rebase, union


def hunk(start: int, stop: int, *blocks: str) -> Hunk:
    return Hunk(start, stop, blocks)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (hunk(0, 1, "x"), hunk(1, 2, "y"), False),
        (hunk(0, 2, "x"), hunk(1, 3, "y"), True),
        (hunk(0, 3, "x"), hunk(1, 2, "y"), True),
        (hunk(0, 1, "x"), hunk(0, 1, "y"), True),
        (hunk(1, 1, "x"), hunk(1, 1, "y"), True),
        (hunk(1, 1, "x"), hunk(1, 2, "y"), True),
        (hunk(1, 1, "x"), hunk(0, 1, "y"), True),
        (hunk(1, 1, "x"), hunk(0, 3, "y"), True),
        (hunk(1, 1, "x"), hunk(2, 3, "y"), False),
        (hunk(3, 3, "x"), hunk(1, 2, "y"), False),
        (hunk(0, 0, "x"), hunk(1, 1, "y"), False),
        (hunk(0, 1, "x"), hunk(5, 6, "y"), False),
    ],
)
def test_two_hunks_clash_when_they_touch_the_same_place(one: Hunk, other: Hunk, clash: bool) -> None:  # noqa: FBT001 - a case's expectation
    assert (one.clashes(other), other.clashes(one)) == (clash, clash)
    assert (union([[one], [other]]) is None) is clash


def test_a_union_is_in_order_and_holds_equal_hunks_once() -> None:
    first, later, last = hunk(0, 1, "x"), hunk(2, 2, "y"), hunk(5, 6)
    assert union([[last, first], [later, first]]) == (first, later, last)
    assert union([[hunk(0, 9, "x")], [hunk(3, 4, "y")], [hunk(12, 13, "z")]]) is None
    assert union([[first], [hunk(4, 6, "z")], [last]]) is None
    assert union([]) == ()


def test_what_turns_one_text_into_another_is_told_in_order() -> None:
    assert hunks("abcd", "aXcdY") == (hunk(1, 2, "X"), hunk(4, 4, "Y"))
    assert hunks("abc", "abc") == ()
    assert hunks("", "a") == (hunk(0, 0, "a"),)
    for old, new in product(("", "a", "abc", "cab"), repeat=2):
        assert apply_hunks(old, reversed(hunks(old, new))) == tuple(new)


def test_many_equal_blocks_are_no_noise() -> None:
    old = ["x"] * 300
    assert hunks(old, [*old, "y"]) == (hunk(300, 300, "y"),)
    assert carry([hunk(300, 300, "z")], old, [*old, "y"]) == (hunk(300, 300, "z"),)
    assert carry([hunk(150, 151, "z")], old, [*old, "y"]) == (hunk(150, 151, "z"),)


@pytest.mark.parametrize(
    ("change", "shown", "meant", "carried"),
    [
        (hunk(1, 2, "X"), "abc", "ABC", hunk(1, 2, "X")),
        (hunk(0, 1, "X"), "abc", "abcd", hunk(0, 1, "X")),
        (hunk(3, 3, "X"), "abc", "abcd", hunk(3, 3, "X")),
        (hunk(2, 3, "X"), "abc", "aNbc", hunk(3, 4, "X")),
        (hunk(1, 2, "X"), "abc", "NaBc", hunk(2, 3, "X")),
        (hunk(2, 2, "X"), "abc", "aNNc", hunk(3, 3, "X")),
        (hunk(1, 2, "X"), "ab", "aNN", hunk(1, 3, "X")),
        (hunk(0, 1, "X"), "ba", "NNa", hunk(0, 2, "X")),
        (hunk(1, 3, "X"), "abcd", "aNd", hunk(1, 2, "X")),
        (hunk(2, 3, "X"), "abcd", "aNd", None),
        (hunk(1, 2, "X"), "abcd", "aNd", None),
    ],
)
def test_a_hunk_is_carried_between_unchanged_blocks(change: Hunk, shown: str, meant: str, carried: Hunk | None) -> None:
    assert carry([change], shown, meant) == (None if carried is None else (carried,))


@pytest.mark.parametrize(
    ("change", "meant", "canonical", "moved"),
    [
        (hunk(1, 2, "X"), "abc", "abc", (hunk(1, 2, "X"),)),
        (hunk(2, 3, "X"), "abc", "NNabc", (hunk(4, 5, "X"),)),
        (hunk(2, 3, "X"), "abc", "bc", (hunk(1, 2, "X"),)),
        (hunk(0, 1, "X"), "abc", "abcN", (hunk(0, 1, "X"),)),
        (hunk(1, 2, "X"), "abc", "aNc", None),
        (hunk(1, 2, "N"), "abc", "aNc", ()),
        (hunk(0, 1, "X"), "abc", "aNc", (hunk(0, 1, "X"),)),
        (hunk(2, 3, "X"), "abc", "aNNc", (hunk(3, 4, "X"),)),
    ],
)
def test_a_hunk_is_moved_onto_the_text_of_now(
    change: Hunk, meant: str, canonical: str, moved: tuple[Hunk, ...] | None
) -> None:
    assert rebase([change], meant, canonical) == moved
