"""From notices to messages: what is new, over or worth a reminder, and how it reads. All of it pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from syncd.engine.notices import EVENTS, RECOVERIES, Notice, count
from syncd.settings.notify import Target, Topic
from syncd.store.rows import NotifiedRow, OutboxRow

REMIND_AFTER: Final = timedelta(days=1)
MOST_WAITING: Final = 200
"""Rows a target's queue holds; what comes then is only counted."""
MOST_LINES: Final = 20
"""Things one message names; the rest is only counted."""
LONGEST: Final = 300
"""Characters of one line."""
LATE: Final = timedelta(minutes=5)
"""What is older than that when it is sent carries its time."""

NAMES: Final = {
    Topic.CREDENTIAL: ("credential refused", "credentials refused"),
    Topic.CONFIGURATION: ("configuration refused", "configurations refused"),
    Topic.BRAKE: ("plan refused", "plans refused"),
    Topic.SKIPPED: ("report of skipped changes", "reports of skipped changes"),
    Topic.LAG: ("connection not read", "connections not read"),
    Topic.CONFLICT: ("conflict held", "conflicts held"),
    Topic.QUARANTINE: ("entry in quarantine", "entries in quarantine"),
    Topic.UNMAPPED: ("unmapped value", "unmapped values"),
}
ENDS: Final = {
    Topic.CREDENTIAL: "the credential is accepted again",
    Topic.LAG: "it is read to the end again",
}


class How(StrEnum):
    """Why something is told."""

    NEW = "new"
    OVER = "over"
    STILL = "still"
    """It has been so for a day, or a day since the last time: a reminder."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to tell."""

    how: How
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to tell, and what to remember of it."""

    say: tuple[Said, ...] = ()
    keep: tuple[NotifiedRow, ...] = ()
    over: tuple[NotifiedRow, ...] = ()


def decide(
    notices: Sequence[Notice],
    told: Sequence[NotifiedRow],
    over: Callable[[NotifiedRow], bool],
    *,
    portfolio: str,
    now: datetime,
) -> Decision:
    """
    Say what people are told of *notices*, given what they were *told*.

        so now   told   over                  it is
        yes      no     -                     told
        yes      yes    -                     a day later, part of a reminder
        no       yes    yes                   forgotten; for credential and lag: told
        no       yes    no (nobody knows)     like the second
    """
    known = {(row.topic, row.subject): row for row in told}
    so = {(each.topic.value, each.subject): each for each in notices}
    new = [each for key, each in so.items() if key not in known or each.topic in EVENTS]
    ended = [row for key, row in known.items() if key not in so and over(row)]
    gone = {(row.topic, row.subject) for row in ended}
    standing = [
        replace(row, basis=so[key].basis) if key in so else row
        for key, row in known.items()
        if key not in gone and Topic(row.topic) not in EVENTS
    ]
    reminded, reminders = _reminders(standing, now)
    changed = [row for row in reminded if row != known[(row.topic, row.subject)]]
    said = [Said(How.NEW, each) for each in new]
    said += [Said(How.OVER, _end(row)) for row in ended if Topic(row.topic) in RECOVERIES]
    fresh = [
        NotifiedRow(
            portfolio=portfolio, topic=each.topic, subject=each.subject, since=now, told_at=now, basis=each.basis
        )
        for each in new
    ]
    return Decision(say=(*said, *reminders), keep=(*fresh, *changed), over=tuple(ended))


def _end(row: NotifiedRow) -> Notice:
    topic = Topic(row.topic)
    return Notice(topic=topic, subject=row.subject, text=f"{row.subject}: {ENDS[topic]}")


def _reminders(standing: Sequence[NotifiedRow], now: datetime) -> tuple[list[NotifiedRow], list[Said]]:
    """Return *standing* as it is remembered from now on, and one reminder for each topic that is due one."""
    due = {row.topic for row in standing if now - row.told_at >= REMIND_AFTER}
    said = []
    for topic in (each for each in Topic if each in due):
        rows = [row for row in standing if row.topic == topic]
        oldest = min(row.since for row in rows)
        text = f"{count(len(rows), *NAMES[topic])}{', the oldest' if len(rows) > 1 else ''} since {_time(oldest)}"
        said.append(Said(How.STILL, Notice(topic=topic, subject="", text=text)))
    return [replace(row, told_at=now) if row.topic in due else row for row in standing], said


def queue(
    said: Iterable[Said], target: Target, *, portfolio: str, now: datetime, new_id: Callable[[], str]
) -> list[OutboxRow]:
    """Return what *target* is to be sent of *said*: what it wants to know, with titles only if it may."""
    return [
        OutboxRow(
            id=new_id(),
            target=target.name,
            portfolio=portfolio,
            topic=each.notice.topic,
            how=each.how,
            text=_line(each.notice, titles=target.titles),
            fix=one_line(each.notice.fix),
            at=now,
        )
        for each in said
        if each.notice.topic in target.about
    ]


def fold(
    waiting: Sequence[OutboxRow], new: Sequence[OutboxRow], new_id: Callable[[], str]
) -> tuple[list[OutboxRow], list[str]]:
    """Return the rows to add to a queue, and the ids of those to remove: past its bound, things are only counted."""
    room = max(0, MOST_WAITING - len(waiting))
    more = Counter((row.portfolio, row.topic, row.how) for row in new[room:])
    sums = {(row.portfolio, row.topic, row.how): row for row in waiting if not row.text}
    added = list(new[:room])
    for row in new[room:]:
        kind = (row.portfolio, row.topic, row.how)
        if number := more.pop(kind, 0):
            before = sums[kind].number if kind in sums else 0
            added.append(replace(row, id=new_id(), text="", fix="", number=before + number))
    counted = {(row.portfolio, row.topic, row.how) for row in added if not row.text}
    return added, [row.id for kind, row in sums.items() if kind in counted]


@dataclass(frozen=True, slots=True)
class Message:
    """What one target is sent at once."""

    subject: str
    text: str


def compose(rows: Sequence[OutboxRow], now: datetime) -> Message:
    """Return *rows* as one message: what is new first, each thing with its fix, at most `MOST_LINES` of them."""
    subject = f"syncd: {_summary(rows)}"
    parts = [subject]
    order = sorted(rows, key=lambda row: (row.portfolio, list(How).index(How(row.how)), _rank(row), row.at, row.id))
    named = {row.id for row in sorted(order, key=lambda row: (_rank(row), row.at))[:MOST_LINES] if row.text}
    for portfolio in dict.fromkeys(row.portfolio for row in order):
        own = [row for row in order if row.portfolio == portfolio]
        parts += ["", f"{portfolio}:"] if portfolio else [""]
        for row in own:
            parts += _shown(row, now) if row.id in named else []
        rest: Counter[tuple[str, str]] = Counter()
        for row in own:
            rest[row.how, row.topic] += 0 if row.id in named else row.number
        parts += [_more(how, topic, number) for (how, topic), number in rest.items() if number]
    return Message(subject, "\n".join(parts))


def _rank(row: OutboxRow) -> int:
    return list(Topic).index(Topic(row.topic))


def _summary(rows: Sequence[OutboxRow]) -> str:
    """Return what is new, by topic; without anything new, what else it is about."""
    new: Counter[str] = Counter()
    for row in rows:
        new[row.topic] += row.number if row.how == How.NEW else 0
    told = [count(new[topic], *NAMES[topic]) for topic in Topic if new[topic]]
    over = sum(row.number for row in rows if row.how == How.OVER)
    told += [f"{over} well again"] if over else []
    return ", ".join(told) or "what still waits"


def _shown(row: OutboxRow, now: datetime) -> list[str]:
    at = f" ({_time(row.at)})" if now - row.at > LATE else ""
    opening = {How.NEW: "", How.OVER: "well again: ", How.STILL: "still: "}[How(row.how)]
    return [f"- {opening}{row.text}{at}", *([f"  fix: {row.fix}"] if row.fix else [])]


def _more(how: str, topic: str, number: int) -> str:
    ended = " that ended" if how == How.OVER else ""
    return f"- ... and {number} more: {NAMES[Topic(topic)][number > 1]}{ended}"


def _line(notice: Notice, *, titles: bool) -> str:
    """Return a notice's text with the item's name before it."""
    title = one_line(notice.title, longest=60) if titles else ""
    name = " ".join([*([notice.key] if notice.key else []), *([f'"{title}"'] if title else [])])
    if not name and notice.subject and notice.topic in (Topic.CONFLICT, Topic.QUARANTINE, Topic.UNMAPPED):
        name = "an item"
    return one_line(f"{name}: {notice.text}" if name else notice.text)


def one_line(text: str, *, longest: int = LONGEST) -> str:
    """Return *text* in one line without control characters, cut where it is too long."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 3].rstrip()}..."


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
