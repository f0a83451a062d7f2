"""What the daemon told, as text: whatever is not as it should be comes with its fix."""

from __future__ import annotations

from datetime import UTC, datetime

from syncd.report.daemon import DaemonView, StandingView, daemon_lines

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_what_keeps_it_is_told_with_its_fix() -> None:
    view = DaemonView(
        told_at=AT,
        runs=False,
        state="running",
        refused="a key is missing",
        refused_fix="add it",
        connections={
            "github-eng": StandingView(
                state="down", since=AT, what="the credential was refused", fix="renew the token"
            ),
            "jira-pmo": StandingView(state="up", delivered_at=AT, backlog=2),
            "linear-road": StandingView(state="up", unregistered="only administrators may", unregistered_fix="ask one"),
        },
    )
    told = "\n".join(daemon_lines(view))
    assert "it does not run any more" in told
    assert "github-eng down since 2026-03-02" in told
    assert "the credential was refused\n    fix: renew the token" in told
    assert "not in force: a key is missing\n    fix: add it" in told
    assert "jira-pmo: last webhook 2026-03-02" in told
    assert "2 not looked at" in told
    assert "linear-road: no webhook registered: only administrators may\n    fix: ask one" in told


def test_all_well_is_one_line() -> None:
    view = DaemonView(told_at=AT, runs=True, state="running", connections={"jira-pmo": StandingView(state="up")})
    assert len(daemon_lines(view)) == 1


def test_a_daemon_that_fell_silent_is_not_believed() -> None:
    view = DaemonView(told_at=AT, runs=True, is_silent=True, state="running")
    assert "no word since: what follows may be out of date\n    fix: see its log" in "\n".join(daemon_lines(view))
