"""What a deletion means for the others: an archive only where whoever deleted had everything in front of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.native import MISSING, Missing, Native
from syncd.model.policy import Hold, Interval, Provenance
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.removal import Last, OnDelete, Removal, is_edited, judge_removal
from syncd.reconcile.state import Base, Conflict, EntityState, FieldResult, FieldState, LinkField
from tests.reconcile.generate import ENUM, WORD
from tests.reconcile.lenses import TableLens, WordLens, exact, option
from tests.reconcile.model import EPOCH, word

GONE = LinkId("gone")
TABLE = TableLens({"v0": "v0", "also v0": "v0", "v1": "v1"}, {"v0": "v0", "v1": "v1"})
HOUR = timedelta(hours=1)


def link(name: str, shown: Native = word("x"), meant: Value = "x") -> LinkField:  # noqa: B008 - a frozen value
    lens = WordLens(case="upper", declared=True) if name == "upper" else WordLens()
    return LinkField(
        link=LinkId(name), connection=ConnectionName(name), lens=lens, observed=shown, base=Base(shown, meant)
    )


def title(*links: LinkField) -> EntityState:
    field = FieldState(name="title", spec=WORD, policy=Hold(), canonical="x", links=links)
    return EntityState(entity=EntityId("e"), fields={"title": field})


def result(value: Value | Unset, conflict: Conflict | None = None) -> Mapping[str, FieldResult]:
    return {"title": FieldResult(name="title", canonical=value, provenance=Provenance(), conflict=conflict)}


def judged(state: EntityState, *last: Last, value: Value | Unset = "x") -> Removal:
    return judge_removal(state, result(value), GONE, OnDelete.ARCHIVE, last)


def showed(native: Native, meant: Value | Unset, **more: tuple[WordLens, Base]) -> Last:
    return Last({"title": (WordLens(), Base(native, meant)), **more}, EPOCH)


QUIET = title(link("b"), link("a"), link(GONE))


def test_what_is_not_wanted_is_not_done() -> None:
    assert judge_removal(QUIET, result("x"), GONE, OnDelete.UNLINK) == Removal()
    assert judged(QUIET) == Removal(archive=(LinkId("a"), LinkId("b")))


def test_only_voices_are_asked_and_only_what_is_writable_is_archived() -> None:
    silent = replace(link("c"), voice=False, fresh=False, observed=word("z"))
    fixed = replace(link("d"), writable=False)
    assert judged(title(link("a"), silent, fixed)).archive == ("a",)


def test_each_reason_names_all_it_holds_for_in_order() -> None:
    late = title(*(replace(link(name), fresh=False) for name in "cab"))
    why = "not read in this cycle, or with a write of unknown outcome: a, b, c"
    assert judged(late) == Removal(question=why, may_pass=True)
    moved = title(*(replace(link(name), observed=word("y")) for name in "ba"))
    assert judged(moved) == Removal(question="deleted while edited elsewhere: a title, b title")
    held = {**result("x", Conflict((), "two edits")), "body": result("x", Conflict((), "two edits"))["title"]}
    assert judge_removal(QUIET, held, GONE, OnDelete.ARCHIVE) == Removal(
        question="deleted while a conflict is open: body, title"
    )
    more = {**QUIET.fields, "body": replace(QUIET.fields["title"], name="body")}
    unseen = {"body": (WordLens(), Base(word("old"), "old"))}
    assert judged(replace(QUIET, fields=more), showed(word("old"), "old", **unseen)) == Removal(
        question="deleted before it showed what was agreed on: body, title"
    )


def test_what_the_deleted_record_itself_showed_is_no_edit_elsewhere() -> None:
    gone = replace(link(GONE), observed=word("y"), fresh=False, edited=Interval(EPOCH, EPOCH + HOUR))
    assert judged(title(link("a"), gone), showed(word("x"), "x")).archive == ("a",)


@pytest.mark.parametrize(
    ("observed", "base", "edited"),
    [
        (option("v0"), Base(option("v0"), "v0"), False),
        (option("v1"), Base(option("v0"), "v0"), True),
        (None, Base(option("v0"), "v0"), True),
        (option("unmapped"), Base(option("v0"), "v0"), True),
        (option("unmapped"), Base(option("unmapped too"), "v0"), True),
        (option("also v0"), Base(option("v0"), "v0"), False),
        (option("v1"), Base(option("also v0"), "v0"), True),
        (MISSING, Base(option("v0"), "v0"), True),
        (option("v0"), None, True),
        (MISSING, None, False),
    ],
    ids=repr,
)
def test_a_value_other_than_accounted_for_is_an_edit(
    observed: Native | Missing,
    base: Base | None,
    edited: bool,  # noqa: FBT001 - a case's expectation
) -> None:
    one = LinkField(link=LinkId("a"), connection=ConnectionName("a"), lens=TABLE, observed=observed, base=base)
    field = FieldState(name="status", spec=ENUM, policy=Hold(), canonical="v0", links=(one,))
    assert is_edited(EntityState(entity=EntityId("e"), fields={"status": field}), "status", one) is edited


@pytest.mark.parametrize(("hours", "archived"), [(-1, True), (0, False), (1, False)])
def test_an_edit_that_may_be_later_than_the_deletion_is_in_its_way(hours: int, archived: bool) -> None:  # noqa: FBT001 - same
    edited = replace(link("a"), edited=Interval(EPOCH - 9 * HOUR, EPOCH + hours * HOUR))
    known = showed(word("x"), "x")
    found = judged(title(edited), known, replace(known, missing_since=EPOCH + 9 * HOUR))
    assert found == (
        Removal(archive=(LinkId("a"),)) if archived else Removal(question="deleted while edited elsewhere: a title")
    )


@pytest.mark.parametrize(
    ("last", "value", "archived"),
    [
        (showed(word("x"), "x"), "x", True),
        (showed(word("old"), "x"), "x", True),  # it stood for the value, however spelled
        (showed(word("old"), "old"), "x", False),
        (showed(word("x"), "old"), "x", True),  # not accounted for, but in front of them
        (showed(word("old"), "old"), UNSET, True),
        (Last({"body": (WordLens(), Base(word("old"), "old"))}, EPOCH), "x", True),
        (Last({"title": (exact("v0"), Base(option("v0"), "v0"))}, EPOCH), "v7", True),  # it had no word for it
        (Last({"title": (exact("v0", "v1"), Base(option("v0"), "v0"))}, EPOCH), "v1", False),
    ],
    ids=repr,
)
def test_who_deleted_had_seen_what_was_agreed_on(last: Last, value: Value | Unset, archived: bool) -> None:  # noqa: FBT001 - same
    found = judged(QUIET, last, value=value)
    unseen = Removal(question="deleted before it showed what was agreed on: title")
    assert found == (Removal(archive=(LinkId("a"), LinkId("b"))) if archived else unseen)


def test_without_a_result_the_value_of_before_was_agreed_on() -> None:
    assert judge_removal(QUIET, {}, GONE, OnDelete.ARCHIVE, [showed(word("x"), "x")]).archive == ("a", "b")
    assert judge_removal(QUIET, {}, GONE, OnDelete.ARCHIVE, [showed(word("old"), "old")]).archive == ()
