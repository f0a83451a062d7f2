"""What a link's base becomes once a write was read back (merge-semantics.md section 5 and, for creates, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import MISSING, Missing, Native
from syncd.reconcile.fits import EMPTY, same
from syncd.reconcile.pending import settle_elements
from syncd.reconcile.state import STALE, Base, LinkField, Refusal, Stale


class WriteOutcome(StrEnum):
    """What became of a write, judged by the value read back."""

    APPLIED = "applied"
    NORMALISED = "normalised"
    """Held in the tool's own spelling."""
    DROPPED = "dropped"
    """Read back as before: not writable here."""
    MOVED = "moved"
    """It landed, and then somebody or an automation changed it."""
    UNKNOWN = "unknown"
    """Something else is there, and nobody can tell whether ours landed."""
    UNREAD = "unread"
    """The read-back does not show the field; the op stays pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """What to commit after one field of one write."""

    outcome: WriteOutcome
    base: Base | None = None
    """The new base; `None` leaves it as it is."""
    refused: Refusal | None = None
    settled: bool = True
    """Whether the op is over. While it is not, it stays pending."""
    at: datetime | None = None


def after_write(
    link: LinkField,
    *,
    want: Native,
    pre: Native,
    echo: Native | Missing,
    read_back: Native | Missing,
    value: Value,
    now: datetime,
    undone: int = 0,
) -> WriteResult:
    """
    Say what the base of *link* becomes after *want* was sent to stand for *value*; the first row that matches wins.

        read back                   then
        as wanted                   applied: (b, value)
        loosely as wanted           normalised: (b, value)
        as before                   dropped: (b, old meant), and *value* is refused
        else, the echo showed it    moved: (echo, value); b is an edit that has seen the value
        else                        unknown: the base stays, b is an unseen edit; sets go element by element
        not shown                   as the echo says; without one the op stays pending

    *echo* is the field in the write's own answer, `MISSING` when that has no
    content. *undone* says how often before this very value was moved away
    again here without a person's edit; once more, and it is refused [S29].
    """
    seen = echo if not isinstance(echo, Missing) and _took(link.lens, echo, want) else MISSING
    if isinstance(read_back, Missing):
        return _unread(seen, value, now)
    if _took(link.lens, read_back, want):
        outcome = WriteOutcome.APPLIED if read_back == want else WriteOutcome.NORMALISED
        return WriteResult(outcome=outcome, base=Base(read_back, value), at=now)
    if read_back == pre:
        refused = Refusal(value, "the tool took the write and shows the value of before")
        base = Base(read_back, _old_meant(link, read_back))
        return WriteResult(outcome=WriteOutcome.DROPPED, base=base, refused=refused, at=now)
    if isinstance(seen, Missing):
        return WriteResult(outcome=WriteOutcome.UNKNOWN, base=_in_part(link, want, pre, read_back), at=now)
    if undone < 1:
        return WriteResult(outcome=WriteOutcome.MOVED, base=Base(seen, value), at=now)
    refused = Refusal(value, "something in the tool changes it back")
    base = Base(read_back, _reading(link.lens, read_back))
    return WriteResult(outcome=WriteOutcome.MOVED, base=base, refused=refused, at=now)


def _unread(seen: Native | Missing, value: Value, now: datetime) -> WriteResult:
    """Go by the tool's own answer where the read-back does not show the field."""
    if isinstance(seen, Missing):
        return WriteResult(outcome=WriteOutcome.UNREAD, settled=False, at=now)
    return WriteResult(outcome=WriteOutcome.APPLIED, base=Base(seen, value), at=now)


def _took(lens: Lens, native: Native, want: Native) -> bool:
    """Return whether *native* is what we sent, to the letter or as the tool spells it."""
    return native == want or lens.loose(native, want)


def _reading(lens: Lens, native: Native) -> Value | Unset:
    reading = lens.get(native)
    return UNSET if isinstance(reading, Missing) else reading


def _old_meant(link: LinkField, read_back: Native) -> Value | Stale | Unset:
    """Return what the base stood for; without one, what the tool shows stands for itself."""
    return _reading(link.lens, read_back) if link.base is None else link.base.meant


def _in_part(link: LinkField, want: Native, pre: Native, read_back: Native) -> Base | None:
    """Account for the elements of a set that did land; anything else keeps its base."""
    if link.base is None or not any(isinstance(link.lens.get(n), frozenset) for n in (want, pre, read_back)):
        return None
    spec = FieldSpec(type=FieldType.LABELS)
    return Base(settle_elements(link.lens, spec, link.base.shown, want=want, pre=pre, now=read_back), STALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedField:
    """One mapped field of a record we have just created."""

    spec: FieldSpec
    lens: Lens
    canonical: Value | Unset
    sent: Native | Missing
    """What the create carried; `MISSING` when it did not name the field."""
    read_back: Native | Missing
    echo: Native | Missing


def after_create(fields: Mapping[str, CreatedField]) -> dict[str, Base]:
    """
    Return the first bases of a created record, by field; a field left out has none and is first contact.

        sent, read back as wanted, exactly or loosely   (b, c)
        sent, the echo showed it, now something else    (echo, c): b is an edit that has seen c
        sent, read back empty                           (b, empty), so due: nobody's value is overwritten
        sent, else                                      none: default or a person's edit, nobody can tell
        not sent, c empty or unset                      (default, c): a tool's default is nobody's edit
        not sent, it fits                               (default, c)
        not sent, else                                  (default, get(default)), so due
    """
    found = {name: _created(each) for name, each in fields.items()}
    return {name: base for name, base in found.items() if base is not None}


def _created(field: CreatedField) -> Base | None:
    shown = field.read_back
    if isinstance(shown, Missing):
        return None
    if isinstance(field.sent, Missing):
        return _default(field, shown)
    if isinstance(field.canonical, Unset):
        return None
    for seen in (shown, field.echo):
        if not isinstance(seen, Missing) and _took(field.lens, seen, field.sent):
            return Base(seen, field.canonical)
    reading = field.lens.get(shown)
    return Base(shown, STALE if reading == EMPTY else reading) if reading is None or reading == EMPTY else None


def _default(field: CreatedField, shown: Native) -> Base | None:
    """Return the base of a field the create did not name."""
    value = field.canonical
    if isinstance(value, Unset) or value is None or value == EMPTY:
        return Base(shown, value)
    reading = field.lens.get(shown)
    if isinstance(reading, Missing):
        return None
    native = field.lens.put(value, shown)
    shows_it = not isinstance(native, Cannot) and same(field.spec, field.lens.get(native), reading)
    return Base(shown, value if shows_it else reading)
