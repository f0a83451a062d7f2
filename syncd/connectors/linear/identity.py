"""
Ids we choose ourselves, in the form of a UUID v4 (Linear takes one on every create).

An entity's id is 80 bits (`syncd.world.ID_ALPHABET`), a UUID v4 has 122 free
ones. So a record's own id tells whether we made it, and for which entity:

    80 bits   the entity's id
    26 bits   a check on it: by chance one foreign id in 67 million looks like ours
    16 bits   a hash of the place, so one entity may be made in several (milestones, one in each project)

No marker is ever written into anything people see. Source: `id: The identifier
in UUID v4 format` of every create input, contracts/linear/schema.graphql,
2026-07-22.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from syncd.model.refs import EntityId
from syncd.world import ID_ALPHABET, ID_LENGTH

CHECK_BITS: Final = 26
PLACE_BITS: Final = 16
FREE_BITS: Final = 122
_DIGIT_BITS: Final = 5
_LOW_BITS: Final = 62
"""What follows the variant in a UUID."""
_MIDDLE_BITS: Final = 12
"""What lies between version and variant."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Tell whether Linear would take *text* for an id at all."""
    return _UUID.fullmatch(text) is not None


def marked_id(marker: EntityId, place: str) -> str:
    """Return the one id a record of this entity has in this place."""
    number = _number_of(marker)
    if number is None:
        return derived_id("entity", marker, place)
    payload = (number << CHECK_BITS | _hash(CHECK_BITS, "check", marker)) << PLACE_BITS
    return _uuid(payload | _hash(PLACE_BITS, "place", place))


def marker_of(uuid: str) -> EntityId | None:
    """Return the entity a record was made for, going by its id; `None` when it is not one of ours."""
    if not is_uuid(uuid):
        return None
    whole = int(uuid.replace("-", ""), 16)
    low = whole & ((1 << _LOW_BITS) - 1)
    middle = whole >> (_LOW_BITS + 2) & ((1 << _MIDDLE_BITS) - 1)
    high = whole >> (_LOW_BITS + 2 + _MIDDLE_BITS + 4)
    payload = (high << _MIDDLE_BITS | middle) << _LOW_BITS | low
    check = payload >> PLACE_BITS & ((1 << CHECK_BITS) - 1)
    marker = _marker(payload >> (PLACE_BITS + CHECK_BITS))
    return marker if check == _hash(CHECK_BITS, "check", marker) else None


def derived_id(*parts: str) -> str:
    """Return an id that depends on nothing but *parts*: of a relation, a label, a link home."""
    return _uuid(_hash(FREE_BITS, *parts))


def _uuid(payload: int) -> str:
    low = payload & ((1 << _LOW_BITS) - 1)
    middle = payload >> _LOW_BITS & ((1 << _MIDDLE_BITS) - 1)
    high = payload >> (_LOW_BITS + _MIDDLE_BITS)
    whole = ((high << 4 | 0b0100) << _MIDDLE_BITS | middle) << 2 | 0b10
    digits = f"{whole << _LOW_BITS | low:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _number_of(marker: str) -> int | None:
    if len(marker) != ID_LENGTH or not set(marker) <= set(ID_ALPHABET):
        return None
    number = 0
    for digit in marker:
        number = number << _DIGIT_BITS | ID_ALPHABET.index(digit)
    return number


def _marker(number: int) -> EntityId:
    shifts = range((ID_LENGTH - 1) * _DIGIT_BITS, -1, -_DIGIT_BITS)
    return EntityId("".join(ID_ALPHABET[number >> shift & (len(ID_ALPHABET) - 1)] for shift in shifts))


def _hash(bits: int, *parts: str) -> int:
    digest = hashlib.sha256("\n".join(("syncd", *parts)).encode()).digest()
    return int.from_bytes(digest, "big") >> (len(digest) * 8 - bits)
