"""A changed mapping: what it does to bases, before it is activated (merge-semantics.md section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncd.errors import HeldError
from syncd.model.canonical import Unset, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import Missing
from syncd.model.policy import Leader, Provenance, Rule
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.fits import EMPTY, Side, first_fitting, same, stated_by
from syncd.reconcile.state import STALE, Base, FieldState, LinkField, Stale


@dataclass(frozen=True, slots=True)
class Touched:
    """One base whose `meant` no longer is what its `shown` reads as."""

    link: LinkId
    connection: ConnectionName
    meant: Value | Stale | Unset
    reads: Value
    """What the unchanged native reads as through the new mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remapped:
    """The three lists `map diff` prints, and the state to commit when the mapping is activated."""

    state: FieldState
    """With the new lenses, touched bases and canonical value; a link that became undecided has no base."""
    adopted: tuple[Touched, ...] = ()
    """Links of the leader whose new reading becomes the canonical value."""
    due: tuple[Touched, ...] = ()
    """Links that will be written."""
    undecided: tuple[Touched, ...] = ()
    """Links about which a person must be asked."""
    dropped: frozenset[LinkId] = field(default_factory=frozenset)
    """Links whose base is forgotten: the undecided ones, and those whose field is no longer mapped."""


def remap(state: FieldState, lenses: Mapping[LinkId, Lens | None], now: datetime) -> Remapped:
    """
    Say what exchanging the lenses of some links does to a field; `None` unmaps it there.

        meant still is what shown reads as     untouched
        it lagged, or has an unjudged edit     meant := get(shown)
        it was in sync: the leader             its new reading becomes canonical
        ... another connection leads           meant := get(shown), so it is due
        ... nobody leads                       undecided: no base

    Raises:
        HeldError: a write of a link that is to change is of unknown outcome; its meaning belongs to the old table.
    """
    changed = [_check(state, link) for link in state.links if link.link in lenses]
    touched = [(link, found) for link in changed if (found := _touch(state, link, lenses[link.link])) is not None]
    leaders = {id(found) for link, found in touched if _in_sync(state, link) and _leads(state, link)}
    canonical, provenance = _adopt(state, [pair for pair in touched if id(pair[1]) in leaders], lenses, now)
    if provenance is state.provenance:
        leaders = set()
    adopted, due, undecided = [], [], []
    for link, found in touched:
        if not _in_sync(state, link) or _is_edited(state, link, lenses[link.link]):
            due.append(found)
        elif id(found) in leaders:
            adopted.append(found)
        elif isinstance(state.policy, Leader) and not _leads(state, link):
            due.append(found)
        else:
            undecided.append(found)
    dropped = frozenset(
        {each.link for each in undecided} | {link.link for link in changed if lenses[link.link] is None}
    )
    accounted = {each.link: each for each in [*adopted, *due]}
    links = tuple(
        _relens(state, link, lenses.get(link.link, link.lens), accounted.get(link.link), gone=link.link in dropped)
        for link in state.links
    )
    return Remapped(
        state=replace(state, canonical=canonical, provenance=provenance, links=links),
        adopted=tuple(adopted),
        due=tuple(due),
        undecided=tuple(undecided),
        dropped=dropped,
    )


def _check(state: FieldState, link: LinkField) -> LinkField:
    if link.pending is not None:
        raise HeldError(
            "a write is of unknown outcome, and what it meant belongs to the mapping in force",
            where=f"{link.connection}:{link.link} {state.name}",
            fix="let a cycle settle it, then activate the mapping",
        )
    return link


def _touch(state: FieldState, link: LinkField, lens: Lens | None) -> Touched | None:
    if link.base is None or lens is None:
        return None
    reads = lens.get(link.base.shown)
    if isinstance(reads, Missing):
        return None
    if reads is None and state.spec.is_set:
        reads = EMPTY
    meant = link.base.meant
    if _shows(state, lens, link, reads):
        return None
    unchanged = same(state.spec, link.lens.get(link.base.shown), reads)
    if unchanged and not _shows(state, link.lens, link, reads) and not (_lacked(link) and _lacks_not(lens, link)):
        return None
    return Touched(link.link, link.connection, meant, reads)


def _shows(state: FieldState, lens: Lens, link: LinkField, reads: Value) -> bool:
    """Return whether, through *lens*, what the base shows is as near to what it means as the tool can come."""
    if link.base is None or isinstance(link.base.meant, Stale | Unset):
        return False
    if same(state.spec, link.base.meant, reads):
        return True
    native = lens.put(link.base.meant, link.base.shown)
    return not isinstance(native, Cannot) and same(state.spec, lens.get(native), reads)


def _lacked(link: LinkField) -> bool:
    """Return whether the tool had no word for what its base means: it lags, whatever its base says."""
    return not _lacks_not(link.lens, link)


def _lacks_not(lens: Lens, link: LinkField) -> bool:
    if link.base is None or isinstance(link.base.meant, Stale | Unset):
        return True
    return not isinstance(lens.put(link.base.meant, link.base.shown), Cannot)


def _in_sync(state: FieldState, link: LinkField) -> bool:
    return link.base is not None and link.base.meant == state.canonical and not _lacked(link)


def _is_edited(state: FieldState, link: LinkField, lens: Lens | None) -> bool:
    if link.base is None or lens is None or isinstance(link.observed, Missing):
        return False
    return not same(state.spec, lens.get(link.observed), lens.get(link.base.shown))


def _leads(state: FieldState, link: LinkField) -> bool:
    return isinstance(state.policy, Leader) and state.policy.connection == link.connection


def _adopt(
    state: FieldState,
    leaders: Sequence[tuple[LinkField, Touched]],
    lenses: Mapping[LinkId, Lens | None],
    now: datetime,
) -> tuple[Value | Unset, Provenance]:
    """Return the leader's new reading, where it has one its links agree on."""
    sides = []
    for link, found in leaders:
        lens = lenses[link.link]
        if lens is not None and link.base is not None:
            read = replace(link, lens=lens)
            sides.append(Side(read, link.base.shown, found.reads, link.base, found.reads))
    value = first_fitting(state.spec, sides, (side.reading for side in sides)) if sides else Unset.UNSET
    if isinstance(value, Unset):
        return state.canonical, state.provenance
    by = frozenset(stated_by(side) for side in sides)
    return value, Provenance(by=by, rule=Rule.FIRST_CONTACT, policy="remap", at=now)


def _relens(state: FieldState, link: LinkField, lens: Lens | None, found: Touched | None, *, gone: bool) -> LinkField:
    base = None if gone else link.base
    if base is not None and found is not None:
        base = Base(base.shown, STALE if state.spec.is_set else found.reads)
    return replace(link, lens=lens or link.lens, base=base)
