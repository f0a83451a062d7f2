"""What people are told, without any store or network: every topic, the table of `decide`, bounds and wording."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from syncd.engine.notices import (
    Aside,
    Facts,
    Fault,
    Held,
    Notice,
    Unmapped,
    is_over,
    notices_of,
)
from syncd.engine.telling import (
    MOST_LINES,
    MOST_WAITING,
    Decision,
    How,
    Said,
    compose,
    decide,
    fold,
    one_line,
    queue,
)
from syncd.model.refs import ConnectionName
from syncd.settings.notify import Target, Topic
from syncd.store.rows import NotifiedRow, OutboxRow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
JIRA, GITHUB = ConnectionName("jira-pmo"), ConnectionName("github-eng")
QUIET = Facts(portfolio="platform", at=NOW, read=frozenset({JIRA, GITHUB}), is_decided=True)
LOUD = Facts(
    portfolio="platform",
    at=NOW,
    refused={JIRA: Fault(what="the tool refuses the credential (401)", fix="put in another")},
    unread_s={GITHUB: 3_700.0, JIRA: 899.0},
    failures={GITHUB: "the tool answered 503"},
    braked=Fault(what="github-eng: the plan would archive 9 of 12", fix="syncd apply 7f3c --approve"),
    unseen=2,
    conflicts=(
        Held(id="a1b2c3d4", field="status", key="PMO-1", title="Bill in euros"),
        Held(id="b1", field="deleted_edited", is_whole=True, key="PMO-2", title="Gone"),
    ),
    aside=(
        Aside(subject="jira-pmo x status", connection=JIRA, field="status", key="PMO-3", title="Refused"),
        Aside(subject="github-eng e1", connection=GITHUB, field=None, title="Never made"),
    ),
    unmapped=(
        Unmapped(
            subject="jira-pmo task.status 0a", connection=JIRA, field="task.status", number=3, key="PMO-4", title="Odd"
        ),
    ),
)


def row(notice: Notice, *, told_at: datetime = NOW, since: datetime = NOW, basis: str = "") -> NotifiedRow:
    return NotifiedRow(
        portfolio="platform", topic=notice.topic, subject=notice.subject, since=since, told_at=told_at, basis=basis
    )


def lines(facts: Facts, *, titles: bool = True) -> str:
    """Return the whole message about *facts*, told for the first time."""
    told = decide(notices_of(facts), (), lambda _: False, portfolio="platform", now=NOW).say
    target = Target(name="chat", titles=titles)
    numbers = count(1)
    rows = queue(told, target, portfolio="platform", now=NOW, new_id=lambda: f"{next(numbers):04d}")
    return compose(rows, NOW).text


def test_every_topic_reads_as_a_person_needs_it() -> None:
    assert (
        lines(LOUD)
        == """\
syncd: 1 credential refused, 1 plan refused, 1 report of skipped changes, 1 connection not read, 2 conflicts held, \
2 entries in quarantine, 1 unmapped value

platform:
- jira-pmo: the tool refuses the credential (401); until that is mended, nothing is read or written there
  fix: put in another
- a plan was refused whole, and nothing is written: github-eng: the plan would archive 9 of 12
  fix: syncd apply 7f3c --approve
- comparing all ids found 2 records that the tools had not reported
  fix: nothing for these, they were read now; if it comes again, report it with what syncd status shows
- github-eng was not read to the end for 1 h 1 min (bound: 15 min): the tool answered 503
  fix: look at it with: syncd status -p platform
- PMO-1 "Bill in euros": status is held: it was edited differently in several tools
  fix: look at it with: syncd conflicts show a1b2c3d4 -p platform
- PMO-2 "Gone": a person has to say what a deletion means for it
  fix: look at it with: syncd conflicts show b1 -p platform
- "Never made": set aside in github-eng; everything else goes on
  fix: the reason is in: syncd quarantine list -p platform
- PMO-3 "Refused": its status is not taken by jira-pmo; everything else goes on
  fix: the reason is in: syncd quarantine list -p platform
- PMO-4 "Odd": task.status is left alone: no rule maps what jira-pmo holds there (3 items so far)
  fix: see it with: syncd explain 'PMO-4' status -p platform; then map it"""
    )


def test_without_titles_keys_alone_name_items() -> None:
    text = lines(LOUD, titles=False)
    assert not any(title in text for title in ("Bill", "Gone", "Refused", "Never made", "Odd"))
    assert "- PMO-1: status is held" in text
    assert "- an item: set aside in github-eng" in text


def test_a_quiet_portfolio_is_no_news() -> None:
    assert notices_of(QUIET) == ()
    assert decide((), (), lambda _: True, portfolio="platform", now=NOW) == Decision()


NOTICE = Notice(topic=Topic.CONFLICT, subject="a1", text="status is held")


@pytest.mark.parametrize("so", [False, True])
@pytest.mark.parametrize("told", [None, timedelta(hours=1), DAY])
@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("topic", [Topic.CONFLICT, Topic.CREDENTIAL])
def test_the_table(*, so: bool, told: timedelta | None, over: bool, topic: Topic) -> None:
    notice = replace(NOTICE, topic=topic)
    rows = [] if told is None else [row(notice, told_at=NOW - told, since=NOW - DAY * 3)]
    decision = decide([notice] if so else [], rows, lambda _: over, portfolio="platform", now=NOW)
    how = [each.how for each in decision.say]
    if told is None:
        assert how == ([How.NEW] if so else [])
        assert [each.since for each in decision.keep] == ([NOW] if so else [])
    elif not so and over:
        assert how == ([How.OVER] if topic is Topic.CREDENTIAL else [])
        assert decision.over == tuple(rows)
    else:
        assert how == ([How.STILL] if told >= DAY else [])
        assert [(each.since, each.told_at) for each in decision.keep] == ([(NOW - DAY * 3, NOW)] if how else [])
        assert decision.over == ()


def test_what_ended_and_came_back_is_told_again() -> None:
    known: dict[str, NotifiedRow] = {}
    told = []
    for so in (True, True, False, False, True, True):
        notices = [NOTICE] if so else []
        decision = decide(notices, tuple(known.values()), lambda _: True, portfolio="platform", now=NOW)
        known = {key: each for key, each in known.items() if each not in decision.over}
        known |= {each.subject: each for each in decision.keep}
        told.append(len(decision.say))
    assert told == [1, 0, 0, 0, 1, 0]


def test_a_reminder_counts_all_of_a_topic_and_comes_once_a_day() -> None:
    notices = [replace(NOTICE, subject=f"a{number}") for number in range(5)]
    rows = [row(each, since=NOW - DAY * number, told_at=NOW - DAY * number / 3) for number, each in enumerate(notices)]
    decision = decide(notices, rows, lambda _: False, portfolio="platform", now=NOW)
    assert [(each.how, each.notice.text) for each in decision.say] == [
        (How.STILL, "5 conflicts held, the oldest since 2026-02-26 09:00 UTC")
    ]
    kept = {each.subject: each for each in decision.keep}
    later = [kept.get(each.subject, each) for each in rows]
    assert decide(notices, later, lambda _: False, portfolio="platform", now=NOW + DAY / 2) == Decision()


def test_each_sweep_tells_of_its_own_skipped_changes() -> None:
    facts = replace(QUIET, unseen=3)
    (notice,) = notices_of(facts)
    decision = decide([notice], [row(notice, told_at=NOW - DAY)], lambda _: True, portfolio="platform", now=NOW)
    assert [each.how for each in decision.say] == [How.NEW]
    after = decide((), decision.keep, lambda each: is_over(QUIET, each), portfolio="platform", now=NOW)
    assert (after.say, after.over) == ((), decision.keep)


OVER = {
    "a credential, when the connection was read": (Topic.CREDENTIAL, "jira-pmo", QUIET, True),
    "a credential, when nobody asked": (Topic.CREDENTIAL, "jira-pmo", replace(QUIET, read=frozenset({GITHUB})), False),
    "lag, when the connection was read": (Topic.LAG, "jira-pmo", QUIET, True),
    "lag, when it was not": (Topic.LAG, "jira-pmo", replace(QUIET, read=frozenset()), False),
    "a brake, when a whole cycle went through": (Topic.BRAKE, "platform", QUIET, True),
    "a brake, when it did not": (Topic.BRAKE, "platform", replace(QUIET, is_decided=False), False),
    "a conflict": (Topic.CONFLICT, "a1", QUIET, True),
    "quarantine": (Topic.QUARANTINE, "jira-pmo x", QUIET, True),
    "an unmapped value, with the same mapping": (
        Topic.UNMAPPED,
        "jira-pmo task.status 0a",
        replace(QUIET, bases={JIRA: "old"}),
        False,
    ),
    "an unmapped value, with another mapping": (
        Topic.UNMAPPED,
        "jira-pmo task.status 0a",
        replace(QUIET, bases={JIRA: "new"}),
        True,
    ),
    "an unmapped value, when its tool was not read": (Topic.UNMAPPED, "jira-pmo task.status 0a", QUIET, False),
    "a configuration": (Topic.CONFIGURATION, "configuration", QUIET, False),
}


@pytest.mark.parametrize("case", OVER)
def test_what_is_over(case: str) -> None:
    topic, subject, facts, expected = OVER[case]
    told = row(Notice(topic=topic, subject=subject, text=""), basis="old")
    assert is_over(facts, told) is expected


def waiting(number: int, *, topic: Topic = Topic.CONFLICT, how: How = How.NEW, at: datetime = NOW) -> OutboxRow:
    return OutboxRow(
        id=f"{number:04d}",
        target="chat",
        portfolio="platform",
        topic=topic,
        how=how,
        text=f"thing {number}",
        fix="look",
        at=at,
    )


def test_a_queue_is_bounded_and_counts_what_it_does_not_keep() -> None:
    numbers = count(1)
    held: dict[str, OutboxRow] = {}
    for start in range(0, 1000, 90):
        new = [waiting(number, topic=list(Topic)[number % 2]) for number in range(start, start + 90)]
        added, gone = fold(tuple(held.values()), new, lambda: f"sum{next(numbers)}")
        held = {key: each for key, each in held.items() if key not in gone} | {each.id: each for each in added}
    assert len(held) == MOST_WAITING + 2
    assert sum(each.number for each in held.values()) == 1080
    assert [each.number for each in held.values() if not each.text] == [440, 440]


def test_a_flood_is_one_message_of_a_readable_length() -> None:
    rows = [waiting(number) for number in range(300)]
    rows += [waiting(900, topic=Topic.CREDENTIAL), waiting(901, topic=Topic.UNMAPPED)]
    text = compose(rows, NOW).text.splitlines()
    assert text[0] == "syncd: 1 credential refused, 300 conflicts held, 1 unmapped value"
    assert text[3] == "- thing 900", "the most pressing comes first"
    assert sum(line.startswith("- thing") for line in text) == MOST_LINES
    assert text[-2:] == ["- ... and 281 more: conflicts held", "- ... and 1 more: unmapped value"]


def test_a_message_that_comes_late_says_when_things_were_so() -> None:
    rows = [waiting(1, at=NOW - timedelta(hours=2)), waiting(2, how=How.OVER, topic=Topic.LAG), waiting(3)]
    assert compose(rows, NOW).text.splitlines() == [
        "syncd: 2 conflicts held, 1 well again",
        "",
        "platform:",
        "- thing 1 (2026-03-02 07:00 UTC)",
        "  fix: look",
        "- thing 3",
        "  fix: look",
        "- well again: thing 2",
        "  fix: look",
    ]


def test_only_what_a_target_asked_for_is_queued() -> None:
    said = [Said(How.NEW, replace(NOTICE, topic=topic)) for topic in Topic]
    target = Target(name="chat", about=frozenset({Topic.BRAKE, Topic.LAG}))
    rows = queue(said, target, portfolio="platform", now=NOW, new_id=lambda: "1")
    assert [each.topic for each in rows] == ["brake", "lag"]


def test_a_title_stays_in_its_line() -> None:
    assert one_line("a\r\nBcc: everyone\x00\u2028b\tc") == "a Bcc: everyone b c"
    assert len(one_line("x" * 1000)) == 300
