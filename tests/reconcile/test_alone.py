"""A field's first and only voice: the short way says what the long one does, or stands back."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from syncd.model.canonical import UNSET, FieldSpec, FieldType
from syncd.model.lens import Lens
from syncd.model.native import MISSING, Missing, Native, RichText, TextFormat
from syncd.model.policy import Earliest, Hold, Latest, Leader, Newest, Once, Order, Policy
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.contact import first_and_alone
from syncd.reconcile.field import merge_at_length, merge_field
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.state import Base, FieldState, LinkField
from tests.reconcile.generate import ENUM, LABELS, WORD
from tests.reconcile.lenses import SetLens, TextLens, WordLens, exact, option, tags
from tests.reconcile.model import EPOCH, word

A, B = ConnectionName("a"), ConnectionName("b")
POLICIES: tuple[Policy, ...] = (
    Hold(),
    Newest(),
    Leader(A),
    Leader(B),
    Leader(COMPUTED_BY),
    Order((B, A)),
    Earliest(),
    Latest(),
    Once(),
)
SAID: tuple[tuple[FieldSpec, Lens, Native | Missing], ...] = (
    (ENUM, exact("v0", "v1"), option("v1")),
    (ENUM, exact("v0", "v1"), option("unmapped")),
    (ENUM, exact("v0", "v1"), None),
    (ENUM, exact("v0", "v1"), MISSING),
    (WORD, WordLens("keep"), word("Start")),
    (WORD, WordLens("upper", declared=True), word("start")),
    (WORD, WordLens("keep"), None),
    (LABELS, SetLens(None, None), tags("x", "X", "y")),
    (LABELS, SetLens(None, None), tags()),
    (LABELS, SetLens(frozenset({"a"}), 1), tags("a")),
    (FieldSpec(type=FieldType.MARKDOWN), TextLens(), RichText(TextFormat.MARKDOWN, "One.\n\nTwo.")),
)
KINDS_OF_LINK: tuple[dict[str, Any], ...] = (
    {},
    {"mirror": True, "voice": True},
    {"voice": False},
    {"writable": False},
    {"fresh": False},
    {"default": True},
    {"author": "Ada Example"},
)


def lone(spec: FieldSpec, lens: Lens, observed: Native | Missing, policy: Policy, how: dict[str, Any]) -> FieldState:
    """Return a field without a value, with one link."""
    link = replace(LinkField(link=LinkId("l1"), connection=A, lens=lens, observed=observed), **how)
    return FieldState(name="field", spec=spec, policy=policy, canonical=UNSET, links=(link,))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("how", KINDS_OF_LINK, ids=repr)
def test_the_short_way_is_the_long_way(policy: Policy, how: dict[str, Any]) -> None:
    for spec, lens, observed in SAID:
        state = lone(spec, lens, observed, policy, how)
        assert merge_field(state, EPOCH) == merge_at_length(state, EPOCH)


def test_it_is_taken_for_every_plain_voice_that_says_something() -> None:
    taken = [first_and_alone(lone(*said, Hold(), {}), EPOCH) is not None for said in SAID]
    assert taken == [observed is not MISSING and observed != option("unmapped") for _, _, observed in SAID]


def test_it_stands_back_where_there_is_a_value_a_base_or_company() -> None:
    state = lone(WORD, WordLens("keep"), word("Start"), Hold(), {})
    (link,) = state.links
    company = replace(link, link=LinkId("l2"), connection=B)
    others = [
        replace(state, canonical="Start"),
        replace(state, links=(replace(link, base=Base(word("Start"), "Start")),)),
        replace(state, links=(link, company)),
    ]
    assert [first_and_alone(each, EPOCH) for each in others] == [None, None, None]
    silent = replace(company, voice=False, writable=False)
    assert first_and_alone(replace(state, links=(silent, link)), EPOCH) is not None
    for one, other in product(others, [EPOCH]):
        assert merge_field(one, other) == merge_at_length(one, other)
