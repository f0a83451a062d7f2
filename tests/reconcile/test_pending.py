"""A write of unknown outcome, row by row of the table in `pending`; sets element by element."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.model.canonical import FieldSpec, FieldType, Value
from syncd.model.lens import Lens
from syncd.model.native import Choices, Native, People, Person, Refs, Text
from syncd.model.refs import ConnectionName, LinkId, OpId, Ref
from syncd.reconcile.pending import Settled, Settling, settle, settle_elements
from syncd.reconcile.state import STALE, Base, LinkField, Pending
from tests.reconcile.generate import LABELS, WORD
from tests.reconcile.lenses import SetLens, WordLens, tags
from tests.reconcile.model import EPOCH, word

SECOND = timedelta(seconds=1)
OLD, NEW, ELSE = word("old"), word("new"), word("else")
OPEN, APPLIED, NOT_APPLIED, MOVED = Settling.UNRESOLVED, Settling.APPLIED, Settling.NOT_APPLIED, Settling.MOVED


def link(
    base: Base | None = Base(OLD, "agreed"),  # noqa: B008 - a frozen value
    *,
    read_s: int | None = 9,
    want: Native = NEW,
    meant: Value = "new",
    pre: Native = OLD,
    expires_s: int | None = None,
    lens: Lens = WordLens(),  # noqa: B008 - same
) -> LinkField:
    return LinkField(
        link=LinkId("a"),
        connection=ConnectionName("a"),
        lens=lens,
        observed=OLD,
        base=base,
        read_after=None if read_s is None else EPOCH + read_s * SECOND,
        pending=Pending(OpId("op"), want, meant, pre, EPOCH, None if expires_s is None else EPOCH + expires_s * SECOND),
    )


AGREED = Base(OLD, "agreed")


@pytest.mark.parametrize(
    ("one", "observed", "how", "base"),
    [
        (link(read_s=None), NEW, OPEN, AGREED),
        (link(read_s=0), NEW, OPEN, AGREED),
        (link(read_s=1), NEW, APPLIED, Base(NEW, "new")),
        (link(), word("NEW "), APPLIED, Base(word("NEW "), "new")),
        (link(pre=word("New")), word("NEW "), MOVED, AGREED),  # loosely ours, but so was what was there before
        (link(pre=word("New")), NEW, APPLIED, Base(NEW, "new")),
        (link(), OLD, NOT_APPLIED, AGREED),
        (link(expires_s=8), OLD, NOT_APPLIED, AGREED),
        (link(expires_s=9), OLD, OPEN, AGREED),
        (link(expires_s=9), NEW, APPLIED, Base(NEW, "new")),
        (link(), ELSE, MOVED, AGREED),
        (link(Base(OLD, "canonical")), ELSE, MOVED, Base(OLD, STALE)),
        (link(None), ELSE, MOVED, None),
        (link(None), OLD, NOT_APPLIED, None),
    ],
)
def test_each_row_of_the_table(one: LinkField, observed: Native, how: Settling, base: Base | None) -> None:
    assert settle(one, observed, WORD, "canonical") == Settled(how, base)


def test_without_a_pending_write_there_is_nothing_to_settle() -> None:
    one = LinkField(link=LinkId("a"), connection=ConnectionName("a"), lens=WordLens(), observed=OLD, read_after=EPOCH)
    assert settle(one, NEW, WORD, "canonical") == Settled(OPEN, None)


def test_a_set_that_moved_accounts_for_what_landed_and_is_behind() -> None:
    known = Base(tags("a", "z"), frozenset({"a", "z"}))
    one = link(known, want=tags("a", "b", "c"), meant=frozenset("abc"), pre=tags("a", "z"), lens=SetLens())
    found = settle(one, tags("a", "b", "y"), LABELS, frozenset("abc"))
    assert found == Settled(MOVED, Base(tags("a", "b"), STALE))


def people(*names: str) -> People:
    return People(frozenset(Person(name) for name in names))


def refs(*names: str) -> Refs:
    return Refs(frozenset(Ref(ConnectionName("a"), "issue", name) for name in names))


@pytest.mark.parametrize("of", [tags, people, refs])
@pytest.mark.parametrize(
    ("shown", "want", "pre", "now", "expected"),
    [
        ("ab", "abc", "ab", "abc", "abc"),
        ("ab", "abc", "ab", "abz", "ab"),
        ("ab", "a", "ab", "az", "a"),
        ("ab", "a", "ab", "abz", "ab"),
        ("", "bc", "", "bz", "b"),
        ("x", "ab", "b", "abx", "ax"),
    ],
)
def test_what_landed_of_a_set_is_told_element_by_element(
    of: type[Choices | People | Refs], shown: str, want: str, pre: str, now: str, expected: str
) -> None:
    spec = FieldSpec(type=FieldType.LABELS)
    found = settle_elements(SetLens(), spec, of(*shown), want=of(*want), pre=of(*pre), now=of(*now))
    assert found == of(*expected)
    if not shown:
        assert settle_elements(SetLens(), spec, None, want=of(*want), pre=None, now=of(*now)) == of(*expected)


class Spelled:
    """A tool that keeps labels in one line of text, and none called `never`."""

    def get(self, native: Native) -> Value:
        assert native is None or isinstance(native, Text)
        return frozenset(native.value.split()) if native else frozenset()

    def put(self, value: Value, native_now: Native) -> Native:  # noqa: ARG002 - as every lens
        assert isinstance(value, frozenset)
        return Text(" ".join(sorted(value))) if value else None

    def loose(self, a: Native, b: Native) -> bool:
        return a == b


@pytest.mark.parametrize(
    ("shown", "want", "pre", "now", "expected"),
    [
        ("a b", "a b c", "a b", "a b c", "a b c"),
        ("a b", "a b c", "a b", "a b z", "a b"),
        ("a b", "a", "a b", "a z", "a"),
        ("a b", "a", "a b", "a b z", "a b"),
        ("A b", "A b C", "a b", "a B c z", "B a c"),
    ],
)
def test_a_set_kept_as_text_is_told_apart_through_its_lens(
    shown: str, want: str, pre: str, now: str, expected: str
) -> None:
    found = settle_elements(Spelled(), LABELS, word(shown), want=word(want), pre=word(pre), now=word(now))
    assert found == word(expected)
