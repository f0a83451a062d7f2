"""
Which comments are one and the same at first contact: those below one item that say the same.

Two tools may hold the same words several times ("+1"): they are paired in the
order in which they were written, so nothing is ever asked.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncd.model.refs import ConnectionName, EntityId, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A comment that belongs to no entity yet."""

    ref: Ref
    parent: EntityId
    body: str
    order: tuple[str, Ref]
    """Sorts the comments of one tool by when they were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A comment we have, with everything it was ever seen to say and the connections it is in."""

    entity: EntityId
    parent: EntityId
    bodies: frozenset[str]
    places: frozenset[ConnectionName]
    order: tuple[str, str]


def sameness(body: str) -> str:
    """Return what is left of a text when Unicode form and the amount of white space do not count."""
    return " ".join(unicodedata.normalize("NFC", body).split())


def comment_keys(
    said: Iterable[Said], heard: Iterable[Heard]
) -> tuple[Mapping[Ref, str], Mapping[EntityId, frozenset[str]]]:
    """
    Return what each comment is recognised by: equal keys are one comment.

    The nth comment of a tool with these words below an item is the nth such
    entity that is not in that tool yet; past those, the nth new one.
    """
    ours: dict[tuple[EntityId, str], list[Heard]] = defaultdict(list)
    for each in sorted(heard, key=lambda one: one.order):
        for body in each.bodies:
            ours[each.parent, body].append(each)
    groups: dict[tuple[EntityId, str, ConnectionName], list[Said]] = defaultdict(list)
    for one in said:
        groups[one.parent, one.body, one.ref.connection].append(one)
    keys: dict[Ref, str] = {}
    known: dict[EntityId, set[str]] = defaultdict(set)
    taken: set[tuple[EntityId, ConnectionName]] = set()
    for (parent, body, connection), found in sorted(groups.items(), key=lambda item: item[0]):
        free = [
            each
            for each in ours.get((parent, body), ())
            if connection not in each.places and (each.entity, connection) not in taken
        ]
        for index, one in enumerate(sorted(found, key=lambda each: each.order)):
            if index < len(free):
                owner = free[index].entity
                taken.add((owner, connection))
                keys[one.ref] = f"the comment {owner}"
                known[owner].add(keys[one.ref])
            else:
                keys[one.ref] = f'new {index - len(free)} below {parent}: "{body}"'
    return keys, {entity: frozenset(names) for entity, names in known.items()}
