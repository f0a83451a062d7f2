"""Where a scan stands when it is through."""

from __future__ import annotations

from datetime import UTC, datetime

from syncd.connectors.redmine.scan import Mark

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ELEVEN = datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_the_scan_of_what_is_empty_leaves_no_mark_as_our_clock_may_be_ahead() -> None:
    begun = Mark(query="q").begun(NOON, reread_s=3600)
    assert begun.ended().since is None
    assert begun.model_copy(update={"newest": ELEVEN}).ended().since == ELEVEN


def test_a_scan_that_finds_nothing_new_stays_where_it_was() -> None:
    begun = Mark(query="q", since=ELEVEN, full_at=ELEVEN).begun(NOON, reread_s=7200)
    assert begun.ended().since == ELEVEN
