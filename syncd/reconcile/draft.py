"""What a merge has found out so far; becomes a `FieldResult`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from syncd.model.canonical import FieldSpec, FieldType, Unset, Value
from syncd.model.lens import Cannot
from syncd.model.native import MISSING, Missing
from syncd.model.policy import Policy, Provenance, Stated
from syncd.model.refs import LinkId, OpId
from syncd.reconcile.fits import EMPTY, Side, fits, same, stated_by, takes_part
from syncd.reconcile.pending import Settling, settle
from syncd.reconcile.state import (
    Base,
    Conflict,
    Contender,
    Due,
    FieldResult,
    FieldState,
    LinkField,
    Loser,
    Notice,
    Trouble,
)


@dataclass(slots=True)
class Draft:
    """The working paper of one merge of one field."""

    state: FieldState
    now: datetime
    canonical: Value | Unset
    provenance: Provenance
    sides: list[Side] = field(default_factory=list)
    """Readable links that take part, by link id."""
    settled: set[OpId] = field(default_factory=set)
    losers: list[Loser] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    judged: set[LinkId] = field(default_factory=set)
    """Links whose edit lost in this merge."""
    conflict: Conflict | None = None
    waiting: bool = False

    @property
    def spec(self) -> FieldSpec:
        """The field's type."""
        return self.state.spec

    @property
    def frozen(self) -> bool:
        """Whether nothing of this field may be written anywhere."""
        return self.waiting or self.conflict is not None

    def established(self) -> Iterator[Side]:
        """Yield the voices that have a base."""
        return (side for side in self.sides if side.base is not None and side.has_voice)

    def newcomers(self) -> list[Side]:
        """Return the sides without a base, voices and mirrors."""
        return [side for side in self.sides if side.base is None and not side.looking_up]

    def fits(self, side: Side, value: Value | Unset) -> bool:
        """Return whether that side already shows *value* as well as it can."""
        return fits(self.spec, side, value)

    def same(self, a: Value | Unset, b: Value | Unset) -> bool:
        """Return whether two canonical values are one."""
        return same(self.spec, a, b)

    def lose(self, side: Side, value: Value, rule: str) -> None:
        """Write down an edit that lost."""
        link = side.link
        self.losers.append(Loser(link.link, link.connection, value, link.author, link.edited, rule))
        self.judged.add(link.link)

    def lose_canonical(self, rule: str) -> None:
        """Write down that the canonical value itself lost to an edit made without seeing it."""
        if not isinstance(self.canonical, Unset):
            stated = only_statement(self.provenance)
            self.losers.append(
                Loser(
                    None,
                    stated.connection if stated else None,
                    self.canonical,
                    stated.author if stated else None,
                    stated.when if stated else None,
                    rule,
                )
            )

    def take(self, value: Value, by: Iterable[Side]) -> None:
        """Make *value* canonical, stated by those sides."""
        if self.same(value, self.canonical):
            return
        self.canonical = value
        self.provenance = Provenance(
            by=frozenset(stated_by(side) for side in by), policy=policy_name(self.state.policy), at=self.now
        )

    def agree(self, side: Side) -> None:
        """Account for an edit that arrives at the canonical value; an equal one is stated by its tool, too."""
        if isinstance(self.canonical, Unset):
            return
        if self.same(side.reading, self.canonical):
            others = frozenset(s for s in self.provenance.by if s.connection != side.link.connection)
            kept = [s for s in self.provenance.by if s.connection == side.link.connection]
            self.provenance = Provenance(
                by=others | {*kept, stated_by(side)},
                rule=self.provenance.rule,
                policy=self.provenance.policy,
                at=self.provenance.at,
            )
        side.base = Base(side.observed, self.canonical)

    def hold(self, contenders: Iterable[Contender], why: str) -> None:
        """Freeze the field until a person, or agreement, ends it."""
        self.conflict = Conflict(tuple(sorted(contenders, key=_contender_order)), why)

    def note(self, link: LinkField, trouble: Trouble, value: Value | Missing, text: str = "") -> None:
        """Report one link's trouble."""
        self.notices.append(Notice(link.link, link.connection, trouble, value, text))

    def contender(self, side: Side) -> Contender:
        """Return that side as one side of a conflict."""
        return Contender(side.link.link, side.link.connection, side.reading, side.link.author, side.link.edited)

    def canonical_contender(self) -> Contender:
        """Return the canonical value as one side of a conflict."""
        value = None if isinstance(self.canonical, Unset) else self.canonical
        stated = only_statement(self.provenance)
        if stated is None:
            return Contender(None, None, value)
        return Contender(None, stated.connection, value, stated.author, stated.when)

    def result(self) -> FieldResult:
        """Return what was found, in an order that does not depend on that of the links."""
        frozen = self.frozen
        return FieldResult(
            name=self.state.name,
            canonical=self.canonical,
            provenance=self.provenance,
            bases={side.link.link: side.base for side in self.sides if side.base and side.base != side.link.base},
            settled=frozenset(self.settled),
            due=() if frozen else tuple(sorted(self.due, key=lambda due: due.link)),
            losers=tuple(sorted(self.losers, key=lambda loser: (loser.link or "", loser.rule, str(loser.value)))),
            conflict=self.conflict,
            notices=tuple(sorted(self.notices, key=lambda notice: (notice.link, notice.trouble))),
        )


def open_draft(state: FieldState, now: datetime) -> Draft:
    """Read every link through today's mapping and settle what can be settled (section 3)."""
    canonical = state.canonical
    if state.spec.is_set and canonical is None:
        canonical = EMPTY
    draft = Draft(state, now, canonical, state.provenance)
    for link in sorted(state.links, key=lambda each: each.link):
        if takes_part(link):
            _read(draft, link)
    return draft


def _read(draft: Draft, link: LinkField) -> None:
    observed = link.observed
    if isinstance(observed, Missing):
        draft.note(link, Trouble.UNREADABLE, MISSING)
        return
    reading = link.lens.get(observed)
    if isinstance(reading, Missing):
        draft.note(link, Trouble.UNREADABLE, MISSING)
        return
    if reading is None and draft.spec.is_set:
        reading = EMPTY
    base, looking_up = link.base, False
    if link.pending is not None:
        settled = settle(link, observed, draft.spec, draft.canonical)
        base, looking_up = settled.base, settled.how is Settling.UNRESOLVED
        if looking_up:
            draft.note(link, Trouble.PENDING, link.pending.meant)
        else:
            draft.settled.add(link.pending.op)
    side = Side(link, observed, reading, base, MISSING, looking_up=looking_up)
    if base is not None:
        was = reading if base.shown == observed else link.lens.get(base.shown)
        side.was = _as_then(draft.spec, link, base, EMPTY if was is None and draft.spec.is_set else was)
        side.edited = not same(draft.spec, side.was, reading)
        if base.shown != observed and not side.edited and not looking_up:
            side.base = Base(observed, base.meant)
    draft.sides.append(side)


def _as_then(spec: FieldSpec, link: LinkField, base: Base, was: Value | Missing) -> Value | Missing:
    """
    Return what the base reads as, less the references nobody could follow when it was accounted for.

    A target that was linked since has not been said to anybody yet: it counts as added now.
    """
    known = base.meant
    if spec.type is not FieldType.ENTITIES or not isinstance(was, frozenset) or not isinstance(known, frozenset):
        return was
    if was <= known or link.default or isinstance(link.lens.put(known, base.shown), Cannot):
        return was
    return was & known


def policy_name(policy: Policy) -> str:
    """Return what a policy is called in a mapping file."""
    return type(policy).__name__.lower()


def only_statement(provenance: Provenance) -> Stated | None:
    """Return the one statement a value came from, if there is exactly one."""
    return next(iter(provenance.by)) if len(provenance.by) == 1 else None


def _contender_order(contender: Contender) -> tuple[str, str]:
    return (contender.link or "", str(contender.value))
