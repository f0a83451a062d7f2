"""From a life that went wrong to the shortest one that goes wrong in the same way."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.script import Script


def shrink(script: Script, fails: Callable[[Script], bool], most: int = 60) -> Script:
    """
    Return *script* with as little as possible in it that still *fails*, in at most so many tries.

    Leaves out ever smaller parts, and what is left of an act stays as it was:
    acts choose among what there is, so any of them can go.
    """
    tries = 0
    part = max(1, script.size // 2)
    while part >= 1 and tries < most:
        start, shorter = 0, False
        while start < script.size and tries < most:
            attempt = script.without(frozenset(range(start, start + part)))
            tries += 1
            if fails(attempt):
                script, shorter = attempt, True
            else:
                start += part
        if part == 1 and not shorter:
            break
        part = max(1, part // 2) if part > 1 else 1
    return script
