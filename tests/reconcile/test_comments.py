"""Comments are paired by what they say below one item, each with one, whatever the order they come in."""

from __future__ import annotations

from itertools import permutations, product

from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.comments import Heard, Said, comment_keys, sameness

A, B = ConnectionName("a"), ConnectionName("b")
TASK = EntityId("task")


def said(connection: ConnectionName, number: int, body: str = "+1") -> Said:
    ref = Ref(connection, "comment", str(number))
    return Said(ref=ref, parent=TASK, body=body, order=(f"{number:04}", ref))


def heard(name: str, *places: ConnectionName, body: str = "+1") -> Heard:
    return Heard(
        entity=EntityId(name), parent=TASK, bodies=frozenset({body}), places=frozenset(places), order=(name, name)
    )


def test_the_nth_of_one_tool_is_the_nth_of_the_other() -> None:
    keys, _ = comment_keys([said(A, 1), said(A, 2), said(B, 3)], [])
    assert keys[Ref(A, "comment", "1")] == keys[Ref(B, "comment", "3")] != keys[Ref(A, "comment", "2")]


def test_a_comment_joins_the_first_entity_its_tool_does_not_have_yet() -> None:
    keys, known = comment_keys([said(B, 3), said(B, 4)], [heard("one", A, B), heard("two", A)])
    assert known == {EntityId("two"): {keys[Ref(B, "comment", "3")]}}
    assert keys[Ref(B, "comment", "4")].startswith("new 0")


def test_the_order_they_come_in_does_not_matter() -> None:
    every = [said(A, 1), said(A, 2), said(B, 3), said(B, 4, "else")]
    first = comment_keys(every, [heard("one", A)])
    assert all(comment_keys(order, [heard("one", A)]) == first for order in permutations(every))


def test_no_two_of_one_tool_ever_share_a_key() -> None:
    for bodies in product(("+1", "else"), repeat=4):
        for places in ((), (A,), (B,), (A, B)):
            pool = [said((A, B)[index % 2], index, text) for index, text in enumerate(bodies)]
            keys, _ = comment_keys(pool, [heard("one", *places), heard("two")])
            for connection in (A, B):
                mine = [key for ref, key in keys.items() if ref.connection == connection]
                assert len(set(mine)) == len(mine)


def test_white_space_does_not_count_and_case_does() -> None:
    assert sameness(" Looks\n\ngood ") == sameness("Looks good") != sameness("looks good")
