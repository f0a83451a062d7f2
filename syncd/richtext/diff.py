"""Which blocks two texts have in common, in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

_SMALL = 10_000
"""Up to this many pairs of blocks are compared exactly when none stands out as unique."""


def align(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """
    Return position in *after* by position in *before*, for blocks held in common; both rise together.

    Goes by the blocks that occur once on both sides (patience), so its time
    stays near linear whatever the text repeats.
    """
    pairs: dict[int, int] = {}
    waiting = [(0, len(before), 0, len(after))]
    while waiting:
        low, high, begin, end = waiting.pop()
        while low < high and begin < end and before[low] == after[begin]:
            pairs[low] = begin
            low, begin = low + 1, begin + 1
        while low < high and begin < end and before[high - 1] == after[end - 1]:
            high, end = high - 1, end - 1
            pairs[high] = end
        if low == high or begin == end:
            continue
        anchors = _anchors(before, after, (low, high, begin, end))
        if not anchors:
            pairs.update(_exact(before, after, (low, high, begin, end)))
            continue
        edges = [(low - 1, begin - 1), *anchors, (high, end)]
        pairs.update(anchors)
        waiting += [(a + 1, c, b + 1, d) for (a, b), (c, d) in pairwise(edges)]
    return pairs


def _anchors(before: Sequence[str], after: Sequence[str], window: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """Return the longest rising chain of blocks that are unique on both sides of *window*."""
    low, high, begin, end = window
    left, right = Counter(before[low:high]), Counter(after[begin:end])
    place = {after[at]: at for at in range(begin, end) if right[after[at]] == 1}
    unique = [(at, place[before[at]]) for at in range(low, high) if left[before[at]] == 1 and before[at] in place]
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for number, (_, at) in enumerate(unique):
        rank = bisect_left(tails, at)
        previous.append(ends[rank - 1] if rank else -1)
        if rank == len(tails):
            tails.append(at)
            ends.append(number)
        else:
            tails[rank], ends[rank] = at, number
    chain: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(unique[number])
        number = previous[number]
    return chain[::-1]


def _exact(before: Sequence[str], after: Sequence[str], window: tuple[int, int, int, int]) -> dict[int, int]:
    low, high, begin, end = window
    if (high - low) * (end - begin) > _SMALL:
        return {}
    matcher = SequenceMatcher(None, before[low:high], after[begin:end], autojunk=False)
    return {
        low + block.a + offset: begin + block.b + offset
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    }


def kept_units(keys: Sequence[Sequence[str]], after: Sequence[str]) -> dict[int, int]:
    """
    Return, for each native unit all of whose canonical blocks are still there side by side, where they start.

    *keys* holds the canonical blocks of each unit, none for a unit that says nothing.
    """
    flat = [key for unit in keys for key in unit]
    pairs = align(flat, after)
    kept: dict[int, int] = {}
    at = 0
    for number, unit in enumerate(keys):
        start = pairs.get(at)
        if unit and start is not None and all(pairs.get(at + step) == start + step for step in range(len(unit))):
            kept[number] = start
        at += len(unit)
    return kept
