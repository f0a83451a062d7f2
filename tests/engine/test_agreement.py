"""What counts as agreement: found by telling the three-tool story."""

from __future__ import annotations

import pytest

from syncd.engine import verify
from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.native import Native, Text
from syncd.model.policy import Hold
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.state import Base, FieldState, LinkField
from tests.reconcile.lenses import WordLens


def field(canonical: Value | Unset, shown: Native, *, observed: Native, default: bool) -> FieldState:
    """Return one field of a record that we made, beside one of somebody's that is empty."""
    ours, theirs = ConnectionName("plan"), ConnectionName("code")
    return FieldState(
        name="start",
        spec=FieldSpec(type=FieldType.TEXT),
        policy=Hold(),
        canonical=canonical,
        links=(
            LinkField(
                link=LinkId("1"),
                connection=ours,
                lens=WordLens(),
                observed=observed,
                base=Base(shown, canonical),
                default=default,
            ),
            LinkField(link=LinkId("2"), connection=theirs, lens=WordLens(), observed=None, base=Base(None, canonical)),
        ),
    )


@pytest.mark.parametrize("empty", [None, UNSET])
def test_what_a_tool_fills_in_by_itself_is_no_difference(empty: Unset | None) -> None:
    """Golden story S17: Redmine gives a new issue today's date as its start, which nobody chose."""
    today, other = Text("today"), Text("tomorrow")
    assert verify._agree(field(empty, today, observed=today, default=True))
    assert not verify._agree(field(empty, today, observed=other, default=True))
    assert not verify._agree(field(empty, today, observed=today, default=False))
    assert not verify._agree(field("someday", today, observed=today, default=True))
