"""
What people should be told after a cycle, and which of what they were told is over. All of it pure.

    topic           so while                                 over when
    credential      the tool refuses it                      the connection was read to the end; told, too
    lag             not read to the end for too long         the connection was read to the end; told, too
    brake           a plan was refused whole                 a whole cycle went through
    conflict        it is open                               it is not
    quarantine      set aside for longer than a cycle        it is not
    unmapped        seen in a decision                       the mapping changed, and it was not seen again
    skipped         a sweep found some                       at once: each sweep is told by itself
    configuration   the changed one is refused               one was taken

A message names an item by key and title, and holds no other value of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from syncd.model.refs import ConnectionName
from syncd.settings.notify import Topic
from syncd.store.rows import NotifiedRow

RECOVERIES: Final = frozenset({Topic.CREDENTIAL, Topic.LAG})
"""Topics whose end is told, too."""
EVENTS: Final = frozenset({Topic.SKIPPED})
"""Topics that do not last: told each time, and never reminded of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that is so just now and that a person should know of; told once for each topic and subject."""

    topic: Topic
    subject: str
    text: str
    """What is so, without the item's name."""
    fix: str = ""
    key: str = ""
    """The item it is about, where it is about one."""
    title: str = ""
    basis: str = ""
    """What it depends on, where a change of that alone may end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What went wrong, and what to do."""

    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An open conflict. What names its item may be missing where people know of it already."""

    id: str
    field: str
    is_whole: bool = False
    """It is about the whole item: what a deletion means for it."""
    key: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """An entry in quarantine that did not pass by itself."""

    subject: str
    connection: ConnectionName
    field: str | None
    key: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A value that no rule maps, told by a name for it instead of by itself."""

    subject: str
    connection: ConnectionName
    field: str
    """With its kind: `task.status`."""
    number: int
    """Items seen with it in this cycle."""
    key: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How one portfolio stands after a cycle, as far as people are told."""

    portfolio: str
    at: datetime
    read: frozenset[ConnectionName] = frozenset()
    """Connections read to the end in this cycle."""
    refused: Mapping[ConnectionName, Fault] = field(default_factory=dict)
    """Connections that refuse the credential."""
    unread_s: Mapping[ConnectionName, float] = field(default_factory=dict)
    """For how long each connection was not read to the end; none that is paused."""
    lag_bound_s: float = 900.0
    failures: Mapping[ConnectionName, str] = field(default_factory=dict)
    """Why a connection was not read."""
    braked: Fault | None = None
    is_decided: bool = False
    """The cycle looked at everything that is due, and no brake refused it."""
    unseen: int = 0
    """Records that only a sweep found."""
    conflicts: Sequence[Held] = ()
    aside: Sequence[Aside] = ()
    unmapped: Sequence[Unmapped] = ()
    bases: Mapping[ConnectionName, str] = field(default_factory=dict)
    """The mapping in force for each connection read, by a name that changes with it."""


def notices_of(facts: Facts) -> tuple[Notice, ...]:
    """Return everything that *facts* say people should know, in a steady order."""
    found = [
        *_credentials(facts),
        *_brake(facts),
        *_skipped(facts),
        *_lags(facts),
        *(_conflict(facts, each) for each in facts.conflicts),
        *(_aside(facts, each) for each in facts.aside),
        *(_unmapped(facts, each) for each in facts.unmapped),
    ]
    return tuple(sorted(found, key=lambda each: (list(Topic).index(each.topic), each.subject)))


def is_over(facts: Facts, told: NotifiedRow) -> bool:
    """Say whether what was *told*, and is not so by `notices_of`, has ended; else nobody can tell yet."""
    name = ConnectionName(told.subject)
    match Topic(told.topic):
        case Topic.CREDENTIAL | Topic.LAG:
            return name in facts.read
        case Topic.BRAKE:
            return facts.is_decided
        case Topic.UNMAPPED:
            of = ConnectionName(told.subject.partition(" ")[0])
            return of in facts.bases and facts.bases[of] != told.basis
        case Topic.CONFLICT | Topic.QUARANTINE | Topic.SKIPPED:
            return True
        case Topic.CONFIGURATION:
            return False


def _credentials(facts: Facts) -> Iterable[Notice]:
    for name, fault in facts.refused.items():
        yield Notice(
            topic=Topic.CREDENTIAL,
            subject=name,
            text=f"{name}: {fault.what}; until that is mended, nothing is read or written there",
            fix=fault.fix or f"put in a new credential for {name}",
        )


def _brake(facts: Facts) -> Iterable[Notice]:
    if facts.braked is not None:
        text = f"a plan was refused whole, and nothing is written: {facts.braked.what}"
        yield Notice(topic=Topic.BRAKE, subject=facts.portfolio, text=text, fix=facts.braked.fix)


def _skipped(facts: Facts) -> Iterable[Notice]:
    if facts.unseen:
        yield Notice(
            topic=Topic.SKIPPED,
            subject=facts.portfolio,
            text=f"comparing all ids found {count(facts.unseen, 'record')} that the tools had not reported",
            fix="nothing for these, they were read now; if it comes again, report it with what syncd status shows",
        )


def _lags(facts: Facts) -> Iterable[Notice]:
    for name, seconds in facts.unread_s.items():
        if seconds > facts.lag_bound_s:
            why = f": {facts.failures[name]}" if name in facts.failures else ""
            yield Notice(
                topic=Topic.LAG,
                subject=name,
                text=f"{name} was not read to the end for {span(seconds)} (bound: {span(facts.lag_bound_s)}){why}",
                fix=f"look at it with: syncd status -p {facts.portfolio}",
            )


def _conflict(facts: Facts, each: Held) -> Notice:
    return Notice(
        topic=Topic.CONFLICT,
        subject=each.id,
        text="a person has to say what a deletion means for it"
        if each.is_whole
        else f"{each.field} is held: it was edited differently in several tools",
        fix=f"look at it with: syncd conflicts show {each.id} -p {facts.portfolio}",
        key=each.key,
        title=each.title,
    )


def _aside(facts: Facts, each: Aside) -> Notice:
    what = f"its {each.field} is not taken by {each.connection}" if each.field else f"set aside in {each.connection}"
    return Notice(
        topic=Topic.QUARANTINE,
        subject=each.subject,
        text=f"{what}; everything else goes on",
        fix=f"the reason is in: syncd quarantine list -p {facts.portfolio}",
        key=each.key,
        title=each.title,
    )


def _unmapped(facts: Facts, each: Unmapped) -> Notice:
    name = each.field.partition(".")[2]
    number = f" ({count(each.number, 'item')} so far)" if each.number > 1 else ""
    return Notice(
        topic=Topic.UNMAPPED,
        subject=each.subject,
        text=f"{each.field} is left alone: no rule maps what {each.connection} holds there{number}",
        fix=f"see it with: syncd explain '{each.key}' {name} -p {facts.portfolio}; then map it",
        key=each.key,
        title=each.title,
        basis=facts.bases.get(each.connection, ""),
    )


def count(number: int, one: str, many: str | None = None) -> str:
    """Return `1 item`, `2 items`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def span(seconds: float) -> str:
    """Return a stretch of time in words, rounded down to the minute: `12 min`, `3 h 5 min`, `2 d`."""
    minutes = int(seconds // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{rest} min"
