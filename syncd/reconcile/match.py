"""
Which records are one and the same thing, at first contact (design.md sections 2 and 6).

By marker, by explicit id field, by exact rule; whatever is ambiguous is a
person's to decide and is never guessed. Pure and independent of the order in
which records come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.model.canonical import Kind
from syncd.model.refs import EntityId, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record in scope that belongs to no entity yet."""

    ref: Ref
    kind: Kind
    place: str
    """Where there can be only one record of an entity: the connection, or for milestones its container."""
    title: str
    keys: tuple[str, ...]
    """What it can be recognised by, one per rule, the most telling rule first; empty where a rule is silent."""
    marker: EntityId | None = None
    identities: frozenset[EntityId] = frozenset()
    """The markers of what was once made from it, if anything was; empty where it was parted from something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An entity there is already, with what it can be recognised by and the places it is linked in."""

    entity: EntityId
    kind: Kind
    places: frozenset[str]
    """Every place with a link, live or not: an item that went away is not replaced by its namesake."""
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """Records (and entities) one rule takes for the same, though there can be only one in each place."""

    kind: Kind
    key: str
    refs: tuple[Ref, ...]
    entities: tuple[EntityId, ...]

    @property
    def why(self) -> str:
        """Say what is ambiguous, for a person."""
        count = len(self.refs) + len(self.entities)
        return f"{count} {self.kind}s share {self.key}, and no rule says which belong together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What first contact found. Every candidate is in exactly one of the four."""

    joins: Mapping[Ref, EntityId] = field(default_factory=dict)
    """Records that belong to an entity we have."""
    groups: tuple[tuple[Ref, ...], ...] = ()
    """Records that together make a new entity; most are alone."""
    ambiguous: tuple[Ambiguity, ...] = ()
    clones: Mapping[Ref, EntityId] = field(default_factory=dict)
    """Records carrying the marker of an entity whose original in that place still lives: left unlinked."""


def match(candidates: Iterable[Candidate], known: Iterable[Known]) -> Matched:
    """Say where every candidate belongs."""
    pool = sorted(candidates, key=lambda candidate: candidate.ref)
    entities = {each.entity: each for each in known}
    taken = {each.entity: set(each.places) for each in entities.values()}
    work = _Work(entities, taken)
    rest = work.by_marker(pool)
    ranks = max((len(candidate.keys) for candidate in rest), default=0)
    for rank in range(ranks):
        rest = work.by_key(rest, rank)
    work.groups.extend((candidate.ref,) for candidate in rest)
    work.groups.extend(tuple(sorted(candidate.ref for candidate in found)) for found in work.begun.values())
    return Matched(
        joins=work.joins,
        groups=tuple(sorted(work.groups)),
        ambiguous=tuple(sorted(work.ambiguous, key=lambda each: (each.kind, each.key))),
        clones=work.clones,
    )


class _Work:
    """What has been decided so far; every step takes the undecided and returns those still so."""

    def __init__(self, entities: Mapping[EntityId, Known], taken: dict[EntityId, set[str]]) -> None:
        self.entities = entities
        self.taken = taken
        self.joins: dict[Ref, EntityId] = {}
        self.groups: list[tuple[Ref, ...]] = []
        self.ambiguous: list[Ambiguity] = []
        self.clones: dict[Ref, EntityId] = {}
        self.begun: dict[EntityId, list[Candidate]] = {}
        """Groups that carry one marker, by it: others may be recognised as theirs."""
        self.by_known_key: dict[tuple[Kind, str], list[EntityId]] = defaultdict(list)
        for each in entities.values():
            for key in each.keys:
                self.by_known_key[each.kind, key].append(each.entity)

    def _join(self, candidate: Candidate, entity: EntityId) -> None:
        if entity in self.begun:
            self.begun[entity].append(candidate)
        else:
            self.joins[candidate.ref] = entity
        self.taken[entity].add(candidate.place)

    def by_marker(self, pool: Sequence[Candidate]) -> list[Candidate]:
        """
        Join what carries our marker, and what it was made from, where that is told by its identity.

        Two records of one place with one marker are nobody's until told.
        """
        rest: list[Candidate] = []
        plain: list[Candidate] = []
        marked: dict[tuple[EntityId, str], list[Candidate]] = defaultdict(list)
        orphans: dict[tuple[EntityId, Kind], list[Candidate]] = defaultdict(list)
        for candidate in pool:
            if candidate.marker is None:
                plain.append(candidate)
            elif (owner := self.entities.get(candidate.marker)) and owner.kind is candidate.kind:
                marked[candidate.marker, candidate.place].append(candidate)
            else:
                orphans[candidate.marker, candidate.kind].append(candidate)
        for candidate in plain:
            self._recognise(candidate, marked, orphans, rest)
        for (entity, place), found in marked.items():
            if place in self.taken[entity]:
                self.clones |= {candidate.ref: entity for candidate in found}
            elif len(found) == 1:
                self._join(found[0], entity)
            else:
                self._ask(f'the marker "{entity}"', found, [entity])
        for (marker, _), found in orphans.items():
            self._group(marker, found, rest)
        return rest

    def _recognise(
        self,
        candidate: Candidate,
        marked: dict[tuple[EntityId, str], list[Candidate]],
        orphans: dict[tuple[EntityId, Kind], list[Candidate]],
        rest: list[Candidate],
    ) -> None:
        """Put an unmarked record where a marker leads back to it, if one does."""
        for one in sorted(candidate.identities):
            owner = self.entities.get(one)
            if (one, candidate.kind) in orphans:
                orphans[one, candidate.kind].append(candidate)
                return
            if owner and owner.kind is candidate.kind and candidate.place not in self.taken[one]:
                marked[one, candidate.place].append(candidate)
                return
        rest.append(candidate)

    def _group(self, marker: EntityId, found: list[Candidate], rest: list[Candidate]) -> None:
        places = {candidate.place for candidate in found}
        if len(places) < len(found):
            self._ask(f'the marker "{marker}"', found, [])
        elif len(found) > 1 and marker not in self.entities and marker not in self.begun:
            self.begun[marker] = list(found)
            self.taken[marker] = places
            for key in {key for candidate in found for key in candidate.keys if key}:
                self.by_known_key[found[0].kind, key].append(marker)
        elif len(found) > 1:
            self.groups.append(tuple(candidate.ref for candidate in found))
        else:
            rest.extend(found)

    def by_key(self, pool: Sequence[Candidate], rank: int) -> list[Candidate]:
        """Join or group what shares its key of that *rank*."""
        rest: list[Candidate] = []
        sharing: dict[tuple[Kind, str], list[Candidate]] = defaultdict(list)
        for candidate in pool:
            if rank < len(candidate.keys) and candidate.keys[rank]:
                sharing[candidate.kind, candidate.keys[rank]].append(candidate)
            else:
                rest.append(candidate)
        for (kind, key), found in sharing.items():
            owners = self.by_known_key.get((kind, key), [])
            self._settle(key, found, owners, rest)
        return rest

    def _settle(self, key: str, found: list[Candidate], owners: Sequence[EntityId], rest: list[Candidate]) -> None:
        """
        Decide about everything that shares one key.

            owners   found in     then
            0        one place    nothing to match with: the next rule's, or alone
            0        each once    one new entity
            1        free, once   join it
            1        taken        a namesake in a place that is taken: the next rule's, or alone
            else                  a person's to decide
        """
        places = {candidate.place for candidate in found}
        if not owners and len(places) == 1:
            rest.extend(found)
        elif not owners and len(places) == len(found):
            self.groups.append(tuple(candidate.ref for candidate in found))
        elif len(owners) == 1:
            taken = self.taken[owners[0]]
            free = [candidate for candidate in found if candidate.place not in taken]
            rest.extend(candidate for candidate in found if candidate.place in taken)
            if len({candidate.place for candidate in free}) == len(free):
                for candidate in free:
                    self._join(candidate, owners[0])
            else:
                self._ask(key, free, owners)
        elif all(places <= self.taken[owner] for owner in owners) and owners:
            rest.extend(found)
        else:
            self._ask(key, found, owners)

    def _ask(self, key: str, found: Sequence[Candidate], owners: Sequence[EntityId]) -> None:
        self.ambiguous.append(
            Ambiguity(
                kind=found[0].kind,
                key=key,
                refs=tuple(sorted(candidate.ref for candidate in found)),
                entities=tuple(sorted(owners)),
            )
        )
