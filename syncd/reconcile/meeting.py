"""
Which records first contact has to look at together, told from numbers instead of the records themselves.

Of most records nothing else shares a key or a marker: each of those becomes an
entity of its own, whatever becomes of the others, and need not be held until
all are known. `Census` is told of everybody once and then says of everybody
whether it may meet another. It may say so of one that meets nobody (two keys of
one hash), never the reverse: `match` of those alone finds what `match` of all
would find of them, and all others are alone.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import pairwise
from typing import Final

from syncd.model.canonical import Kind
from syncd.model.refs import EntityId, Ref
from syncd.reconcile.match import Candidate, Known

PLACE_BITS: Final = 16
MOST_PLACES: Final = (1 << PLACE_BITS) - 1
"""Places told apart; of what is in more, everything is taken to meet."""
HASH_MASK: Final = (1 << 48) - 1


class Census:
    """Who may meet whom: about thirty bytes for each candidate, and what may meet."""

    def __init__(self) -> None:
        """Know of nobody."""
        self.markers: set[EntityId] = set()
        """The markers that candidates carry."""
        self.kinds: set[Kind] = set()
        """What candidates there are."""
        self._places: dict[str, int] = {}
        self._keys = array("Q")
        self._identities = array("Q")
        self._refs = array("Q")
        self._met: set[int] = set()
        self._led_to: set[EntityId] = set()

    def count(self, candidate: Candidate) -> None:
        """Take in one candidate; all of them before anything else is asked."""
        self.kinds.add(candidate.kind)
        self._refs.append(_number(candidate.ref))
        if candidate.marker is not None:
            self.markers.add(candidate.marker)
        self._identities.extend(map(_number, candidate.identities))
        place = self._places.setdefault(candidate.place, min(len(self._places), MOST_PLACES))
        self._keys.extend(
            (number << PLACE_BITS) | place
            for number in {_number((candidate.kind, key)) for key in candidate.keys if key}
        )

    def close(self) -> None:
        """Find which keys there are in several places: a namesake in one place alone is nobody's double."""
        keys = sorted(self._keys)
        self._met = {one >> PLACE_BITS for one, other in pairwise(keys) if one != other and _is_one_key(one, other)}
        self._met |= {one >> PLACE_BITS for one in keys if one & MOST_PLACES == MOST_PLACES}
        self._keys = array("Q", (one >> PLACE_BITS for one in keys))
        self._identities = array("Q", sorted(self._identities))
        self._refs = array("Q", sorted(self._refs))

    def meets(self, known: Known) -> bool:
        """Say whether an entity may be some candidate's, and note by what."""
        shared = {number for key in known.keys if _holds(self._keys, number := _number((known.kind, key)))}
        is_led_to = known.entity in self.markers or _holds(self._identities, _number(known.entity))
        self._met |= shared
        if is_led_to:
            self._led_to.add(known.entity)
        return is_led_to or bool(shared)

    @property
    def is_empty(self) -> bool:
        """Whether there are no candidates."""
        return not self._refs

    @property
    def is_sparse(self) -> bool:
        """Whether nobody meets anybody."""
        return not (self._met or self._led_to or self.markers)

    def is_alone(self, candidate: Candidate, named: EntityId) -> bool:
        """Say whether nothing shares anything with *candidate*, nor is called as it would be: *named*."""
        if candidate.marker is not None or named in self.markers:
            return False
        if any(one in self.markers or one in self._led_to for one in candidate.identities):
            return False
        return not any(key and _number((candidate.kind, key)) in self._met for key in candidate.keys)

    def may_hold(self, ref: Ref) -> bool:
        """Say whether *ref* may be a candidate's."""
        return _holds(self._refs, _number(ref))


def _is_one_key(one: int, other: int) -> bool:
    return one >> PLACE_BITS == other >> PLACE_BITS


def _number(what: object) -> int:
    return hash(what) & HASH_MASK


def _holds(numbers: array[int], number: int) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number
