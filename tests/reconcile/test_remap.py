"""A changed mapping, row by row of the table in `remap`: what each link's base becomes, and which list names it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.errors import HeldError
from syncd.model.canonical import UNSET, Value
from syncd.model.native import MISSING
from syncd.model.policy import Hold, Interval, Leader, Policy, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, LinkId, OpId
from syncd.reconcile.remap import Remapped, Touched, remap
from syncd.reconcile.state import STALE, Base, FieldState, LinkField, Pending
from tests.reconcile.generate import ENUM, LABELS
from tests.reconcile.lenses import SetLens, TableLens, exact, option, tags
from tests.reconcile.model import EPOCH

A, B = LinkId("A"), LinkId("B")
OLD = TableLens({"n": "v0", "m": "v2"}, {"v0": "n", "v2": "m"})
NEW = TableLens({"n": "v1", "m": "v2"}, {"v1": "n", "v2": "m"})
NOON = Interval(EPOCH, EPOCH)


def link(name: str = "A", shown: str = "n", meant: Value = "v0", observed: str | None = None) -> LinkField:
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name),
        lens=OLD,
        observed=option(observed or shown),
        base=Base(option(shown), meant),
        author="Ada Example",
        edited=NOON,
    )


OTHER = replace(link("B", "v0"), lens=exact("v0", "v1", "v2"))


def state(*links: LinkField, policy: Policy | None = None, canonical: Value = "v0") -> FieldState:
    return FieldState(name="status", spec=ENUM, policy=policy or Hold(), canonical=canonical, links=links)


def base_of(found: Remapped, one: LinkId = A) -> Base | None:
    return next(each.base for each in found.state.links if each.link == one)


def touched(meant: Value = "v0", reads: Value = "v1", name: str = "A") -> tuple[Touched, ...]:
    return (Touched(LinkId(name), ConnectionName(name), meant, reads),)


LED = Leader(ConnectionName("A"))
LED_ELSEWHERE = Leader(ConnectionName("B"))


def test_what_still_means_what_it_shows_is_untouched() -> None:
    before = state(link(shown="m", meant="v2"), OTHER, canonical="v2")
    found = remap(before, {A: NEW}, EPOCH)
    lensed = replace(before, links=(replace(before.links[0], lens=NEW), OTHER))
    assert found == Remapped(state=lensed)


def test_what_lagged_is_accounted_for_as_it_now_reads() -> None:
    for policy in (Hold(), LED, LED_ELSEWHERE):
        found = remap(state(link(meant="v0"), OTHER, policy=policy, canonical="v2"), {A: NEW}, EPOCH)
        assert (found.due, found.adopted, found.undecided) == (touched(), (), ())
        assert (base_of(found), found.state.canonical) == (Base(option("n"), "v1"), "v2")


def test_an_edit_that_was_not_judged_yet_stays_one() -> None:
    found = remap(state(link(observed="m"), OTHER), {A: NEW}, EPOCH)
    assert (found.due, found.undecided, base_of(found)) == (touched(), (), Base(option("n"), "v1"))


def test_the_leaders_new_reading_becomes_the_value() -> None:
    found = remap(state(link(), OTHER, policy=LED), {A: NEW}, EPOCH)
    assert (found.adopted, found.due, found.undecided, found.dropped) == (touched(), (), (), frozenset())
    assert found.state.canonical == "v1"
    assert found.state.provenance == Provenance(
        by=frozenset({Stated(ConnectionName("A"), NOON, "Ada Example")}),
        rule=Rule.FIRST_CONTACT,
        policy="remap",
        at=EPOCH,
    )
    assert (base_of(found), base_of(found, B)) == (Base(option("n"), "v1"), OTHER.base)


def test_where_another_leads_it_is_due_and_where_nobody_does_a_question() -> None:
    led = remap(state(link(), OTHER, policy=LED_ELSEWHERE), {A: NEW}, EPOCH)
    assert (led.due, led.dropped, base_of(led)) == (touched(), frozenset(), Base(option("n"), "v1"))
    asked = remap(state(link(), OTHER), {A: NEW}, EPOCH)
    assert (asked.undecided, asked.due, asked.dropped, base_of(asked)) == (touched(), (), frozenset({A}), None)
    assert (asked.state.canonical, asked.state.provenance) == ("v0", Provenance())


def test_two_links_of_the_leader_that_read_differently_are_a_question() -> None:
    second = replace(link("C"), connection=ConnectionName("A"))
    found = remap(
        state(link(), second, policy=LED),
        {A: NEW, LinkId("C"): TableLens({"n": "v2"}, {"v2": "n"})},
        EPOCH,
    )
    assert [each.link for each in found.undecided] == [A, "C"]
    assert (found.adopted, found.state.canonical, found.dropped) == ((), "v0", frozenset({A, LinkId("C")}))


def test_what_is_not_mapped_any_more_is_forgotten() -> None:
    found = remap(state(link(), OTHER), {A: None}, EPOCH)
    assert (found.dropped, found.undecided, found.due) == (frozenset({A}), (), ())
    assert found.state.links == (replace(link(), base=None), OTHER)


@pytest.mark.parametrize(
    "one", [replace(link(), base=None), link(shown="unmapped")], ids=["no base", "the new mapping cannot read it"]
)
def test_what_has_nothing_to_compare_is_untouched(one: LinkField) -> None:
    found = remap(state(one, OTHER), {A: NEW}, EPOCH)
    assert found == Remapped(state=state(replace(one, lens=NEW), OTHER))


def test_what_cannot_be_read_just_now_is_no_edit() -> None:
    found = remap(state(replace(link(), observed=MISSING), OTHER), {A: NEW}, EPOCH)
    assert found.undecided == touched()


def test_a_set_is_behind_whatever_it_reads_now() -> None:
    narrow, wide = SetLens(frozenset("a")), SetLens(frozenset("ab"))
    one = replace(link(), lens=narrow, observed=tags("a"), base=Base(tags("a"), frozenset("ab")))
    before = FieldState(
        name="labels", spec=LABELS, policy=LED_ELSEWHERE, canonical=frozenset("ab"), links=(one, replace(OTHER))
    )
    found = remap(before, {A: wide}, EPOCH)
    assert found.due == touched(frozenset("ab"), frozenset("a"))
    assert base_of(found) == Base(tags("a"), STALE)


def test_a_word_the_tool_now_has_makes_it_due() -> None:
    poor = TableLens({"n": "v0"}, {"v0": "n"})
    one = replace(link(meant="v2"), lens=poor)
    found = remap(state(one, OTHER, canonical="v2"), {A: exact("v2")}, EPOCH)
    assert found == Remapped(state=state(replace(one, lens=exact("v2")), OTHER, canonical="v2"))
    rich = TableLens({"n": "v0", "m": "v2"}, {"v0": "n", "v2": "m"})
    found = remap(state(one, OTHER, canonical="v2"), {A: rich}, EPOCH)
    assert (found.due, base_of(found)) == (touched("v2", "v0"), Base(option("n"), "v0"))


def test_a_table_that_changes_nothing_for_what_is_shown_touches_nothing() -> None:
    one = link(meant="v2")
    assert remap(state(one, OTHER), {A: replace(OLD, can_be_empty=False)}, EPOCH).due == ()
    assert remap(state(replace(one, base=Base(option("n"), UNSET)), OTHER), {A: OLD}, EPOCH).due == ()


def test_what_a_write_of_unknown_outcome_meant_belongs_to_the_old_mapping() -> None:
    pending = replace(link(), pending=Pending(OpId("op"), option("m"), "v2", option("n"), EPOCH))
    with pytest.raises(HeldError) as refused:
        remap(state(pending, OTHER), {A: NEW}, EPOCH)
    assert str(refused.value) == (
        "A:A status: a write is of unknown outcome, and what it meant belongs to the mapping in force\n"
        "  fix: let a cycle settle it, then activate the mapping"
    )
    assert remap(state(link(), replace(pending, link=B)), {A: NEW}, EPOCH).undecided == touched()
