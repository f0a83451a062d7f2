"""
Which entities look alike though no rule says they are one: proposals for a person, never decisions.

Pure and independent of the order in which entities come. Titles are compared
by their sorted words (rapidfuzz); everything else only moves the confidence a
little, and is told as a reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from syncd.model.canonical import Kind
from syncd.model.refs import EntityId

MOST: Final = 99
"""The highest confidence: 100 is for what a rule of the mapping decides."""
CLOSE: Final = 3
"""Points by which a second-best match is still a question of its own."""
NUMBERS_DIFFER: Final = -25
SAME_DATE, OTHER_DATE = 6, -6
SAME_PARENT, OTHER_PARENT = 6, -6
SAME_PERSON: Final = 3
MOST_BONUS: Final = SAME_DATE + SAME_PARENT + SAME_PERSON
CANDIDATES: Final = 8
"""The best titles looked at more closely for each entity."""

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What an entity is compared by."""

    entity: EntityId
    kind: Kind
    places: frozenset[str]
    """Where it has a record; two with a place in common cannot be one."""
    title: str
    due_on: date | None = None
    people: frozenset[str] = frozenset()
    parent: EntityId | None = None

    @cached_property
    def words(self) -> str:
        """The title's words, folded and sorted, so that their order and punctuation do not count."""
        return " ".join(sorted(_WORD.findall(unicodedata.normalize("NFKC", self.title).casefold())))

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Every word of the title that holds a digit: what tells `Sprint 1` from `Sprint 2`."""
        return tuple(word for word in self.words.split() if any(map(str.isdigit, word)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Two entities that may be one."""

    first: EntityId
    second: EntityId
    kind: Kind
    confidence: int
    """1 to 99."""
    reasons: tuple[str, ...]


def find_alike(
    profiles: Iterable[Profile], at_least: Mapping[Kind, int], among: Collection[EntityId] | None = None
) -> tuple[Alike, ...]:
    """
    Return the pairs that look alike with a confidence of at least *at_least* for their kind, most confident first.

    Only pairs that are (nearly) the best for both of their entities count;
    with *among* only pairs that one of those is part of.
    """
    groups: dict[tuple[Kind, frozenset[str]], list[Profile]] = defaultdict(list)
    for profile in sorted(profiles, key=lambda each: each.entity):
        if profile.words and profile.kind in at_least:
            groups[profile.kind, profile.places].append(profile)
    keys = sorted(groups, key=lambda key: (key[0], sorted(key[1])))
    found = [
        pair
        for index, (kind, places) in enumerate(keys)
        for other_kind, other_places in keys[index + 1 :]
        if other_kind is kind and not places & other_places
        for pair in _between(groups[kind, places], groups[kind, other_places], at_least[kind], among)
    ]
    return _nearly_best(found)


def _between(
    left: Sequence[Profile], right: Sequence[Profile], at_least: int, among: Collection[EntityId] | None
) -> Iterable[Alike]:
    """Yield the pairs of two groups; each is looked up from the side that was asked for."""
    asked = left if among is None else [each for each in left if each.entity in among]
    yield from _look_up(asked, right, at_least)
    if among is not None:
        rest = [each for each in left if each.entity not in among]
        yield from _look_up([each for each in right if each.entity in among], rest, at_least)


def _look_up(asked: Sequence[Profile], others: Sequence[Profile], at_least: int) -> Iterable[Alike]:
    from rapidfuzz import fuzz, process

    titles = [other.words for other in others]
    for profile in asked:
        near = process.extract(
            profile.words,
            titles,
            scorer=fuzz.ratio,
            processor=None,
            score_cutoff=at_least - MOST_BONUS,
            limit=CANDIDATES,
        )
        for _, score, index in near:
            pair = _judge(profile, others[index], score)
            if pair.confidence >= at_least:
                yield pair


def _judge(one: Profile, other: Profile, score: float) -> Alike:
    first, second = sorted((one, other), key=lambda each: each.entity)
    points = round(score)
    reasons = ["same words in the title" if first.words == second.words else f"titles are {points} % alike"]
    for weight, why in _evidence(first, second):
        points += weight
        reasons.append(why)
    return Alike(
        first=first.entity,
        second=second.entity,
        kind=first.kind,
        confidence=max(1, min(MOST, points)),
        reasons=tuple(reasons),
    )


def _evidence(first: Profile, second: Profile) -> Iterable[tuple[int, str]]:
    if first.numbers != second.numbers:
        yield NUMBERS_DIFFER, f"numbers differ ({_told(first.numbers)} and {_told(second.numbers)})"
    if first.due_on and second.due_on:
        same = first.due_on == second.due_on
        yield (SAME_DATE, "same due date") if same else (OTHER_DATE, f"due {first.due_on} and {second.due_on}")
    if first.parent and second.parent:
        yield (SAME_PARENT, "same parent") if first.parent == second.parent else (OTHER_PARENT, "different parents")
    if first.people & second.people:
        yield SAME_PERSON, "same person"


def _told(numbers: Sequence[str]) -> str:
    return " ".join(numbers) or "none"


def _nearly_best(pairs: Sequence[Alike]) -> tuple[Alike, ...]:
    best: dict[EntityId, int] = defaultdict(int)
    for pair in pairs:
        for entity in (pair.first, pair.second):
            best[entity] = max(best[entity], pair.confidence)
    kept = {
        (pair.first, pair.second): pair
        for pair in pairs
        if pair.confidence >= max(best[pair.first], best[pair.second]) - CLOSE
    }
    return tuple(sorted(kept.values(), key=lambda pair: (-pair.confidence, pair.first, pair.second)))
