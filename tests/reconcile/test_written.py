"""What a link's base becomes once a write was read back, row by row of the tables in `written`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.native import MISSING, Missing, Native
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.state import STALE, Base, LinkField, Refusal
from syncd.reconcile.written import CreatedField, WriteOutcome, WriteResult, after_create, after_write
from tests.reconcile.generate import ENUM, LABELS, WORD
from tests.reconcile.lenses import SetLens, WordLens, exact, option, tags
from tests.reconcile.model import EPOCH, word

LINK = LinkField(
    link=LinkId("a"),
    connection=ConnectionName("a"),
    lens=WordLens(),
    observed=word("old"),
    base=Base(word("old"), "agreed"),
)
NEW, LOUD, OLD, ELSE = word("new"), word("NEW "), word("old"), word("else")
DROPPED = Refusal("new", "the tool took the write and shows the value of before")
UNDONE = Refusal("new", "something in the tool changes it back")


def written(
    read_back: Native | Missing, echo: Native | Missing = MISSING, *, undone: int = 0, link: LinkField = LINK
) -> WriteResult:
    return after_write(link, want=NEW, pre=OLD, echo=echo, read_back=read_back, value="new", now=EPOCH, undone=undone)


@pytest.mark.parametrize(
    ("read_back", "echo", "outcome", "base", "refused"),
    [
        (NEW, MISSING, WriteOutcome.APPLIED, Base(NEW, "new"), None),
        (NEW, ELSE, WriteOutcome.APPLIED, Base(NEW, "new"), None),
        (LOUD, MISSING, WriteOutcome.NORMALISED, Base(LOUD, "new"), None),
        (OLD, NEW, WriteOutcome.DROPPED, Base(OLD, "agreed"), DROPPED),
        (ELSE, NEW, WriteOutcome.MOVED, Base(NEW, "new"), None),
        (ELSE, LOUD, WriteOutcome.MOVED, Base(LOUD, "new"), None),
        (ELSE, ELSE, WriteOutcome.UNKNOWN, None, None),
        (ELSE, MISSING, WriteOutcome.UNKNOWN, None, None),
        (MISSING, NEW, WriteOutcome.APPLIED, Base(NEW, "new"), None),
        (MISSING, LOUD, WriteOutcome.APPLIED, Base(LOUD, "new"), None),
    ],
    ids=repr,
)
def test_each_row_of_the_table(
    read_back: Native | Missing,
    echo: Native | Missing,
    outcome: WriteOutcome,
    base: Base | None,
    refused: Refusal | None,
) -> None:
    expected = WriteResult(outcome=outcome, base=base, refused=refused, settled=True, at=EPOCH)
    assert written(read_back, echo) == expected


@pytest.mark.parametrize("echo", [MISSING, ELSE], ids=repr)
def test_what_nothing_shows_stays_pending(echo: Native | Missing) -> None:
    assert written(MISSING, echo) == WriteResult(outcome=WriteOutcome.UNREAD, settled=False, at=EPOCH)


def test_what_moves_a_second_time_without_a_person_is_refused() -> None:
    moved = WriteResult(outcome=WriteOutcome.MOVED, base=Base(ELSE, "else"), refused=UNDONE, at=EPOCH)
    assert [written(ELSE, NEW, undone=times) for times in (1, 2)] == [moved, moved]
    table = replace(LINK, lens=exact("v0"))
    odd = after_write(
        table, want=option("v0"), pre=None, echo=option("v0"), read_back=option("v7"), value="v0", now=EPOCH, undone=1
    )
    assert odd.base == Base(option("v7"), UNSET)


def test_a_write_dropped_where_nothing_was_accounted_for_leaves_what_is_shown() -> None:
    assert written(OLD, link=replace(LINK, base=None)).base == Base(OLD, "old")


def test_of_a_set_what_did_land_is_accounted_for() -> None:
    labels = replace(LINK, lens=SetLens(), observed=tags("a"), base=Base(tags("a"), frozenset({"a"})))

    def back(link: LinkField) -> Base | None:
        return after_write(
            link,
            want=tags("a", "b", "c"),
            pre=tags("a"),
            echo=MISSING,
            read_back=tags("a", "b", "x"),
            value=frozenset({"a", "b", "c"}),
            now=EPOCH,
        ).base

    assert back(labels) == Base(tags("a", "b"), STALE)
    assert back(replace(labels, base=None)) is None


MADE = CreatedField(spec=WORD, lens=WordLens(), canonical="new", sent=NEW, read_back=NEW, echo=MISSING)


def made(field: CreatedField, read_back: Native | Missing, echo: Native | Missing = MISSING) -> Base | None:
    return after_create({"title": replace(field, read_back=read_back, echo=echo)}).get("title")


@pytest.mark.parametrize(
    ("read_back", "echo", "base"),
    [
        (NEW, MISSING, Base(NEW, "new")),
        (LOUD, NEW, Base(LOUD, "new")),
        (ELSE, NEW, Base(NEW, "new")),
        (ELSE, ELSE, None),
        (ELSE, MISSING, None),
        (None, MISSING, Base(None, None)),
        (MISSING, NEW, None),
    ],
    ids=repr,
)
def test_each_row_of_what_a_create_carried(
    read_back: Native | Missing, echo: Native | Missing, base: Base | None
) -> None:
    assert made(MADE, read_back, echo) == base


def test_a_set_read_back_empty_is_behind() -> None:
    field = replace(MADE, spec=LABELS, lens=SetLens(), canonical=frozenset({"a"}), sent=tags("a"))
    assert made(field, tags()) == Base(tags(), STALE)


@pytest.mark.parametrize(
    ("canonical", "shown", "base"),
    [
        (None, option("v0"), Base(option("v0"), None)),
        (UNSET, option("v0"), Base(option("v0"), UNSET)),
        (frozenset(), option("v0"), Base(option("v0"), frozenset())),
        ("v0", option("v0"), Base(option("v0"), "v0")),
        ("v1", option("v0"), Base(option("v0"), "v0")),
        ("v7", option("v0"), Base(option("v0"), "v0")),
        ("v1", option("unmapped"), None),
        ("v1", MISSING, None),
    ],
    ids=repr,
)
def test_each_row_of_what_a_create_did_not_name(
    canonical: Value | Unset, shown: Native | Missing, base: Base | None
) -> None:
    field = replace(MADE, spec=ENUM, lens=exact("v0", "v1"), canonical=canonical, sent=MISSING)
    assert made(field, shown) == base


def test_a_default_that_is_the_value_in_another_spelling_stands_for_it() -> None:
    field = replace(MADE, lens=WordLens(case="upper", declared=True), sent=MISSING)
    assert made(field, word("NEW")) == Base(word("NEW"), "new")


def test_nothing_is_accounted_for_that_has_no_value() -> None:
    assert made(replace(MADE, canonical=UNSET), NEW) is None
