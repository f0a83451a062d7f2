"""What goes wrong in a soak, one thing after another, each with a calm after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.soak.people import TOOLS

CALM_S: Final = 12.0
"""Between two of them at least; half as long as the one before lasted on top, since what failed is asked less often."""
GRACE_S: Final = 5.0
"""That half, and so much more, are not counted as calm."""
LEAST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Upheaval:
    """One thing that goes wrong: what is asked of the office when it begins and when it ends, or done to the daemon."""

    name: str
    lasts_s: float
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ("clear",)


@dataclass(frozen=True, slots=True)
class Turn:
    """When one comes, in seconds from the beginning."""

    at_s: float
    ends_s: float
    what: Upheaval

    @property
    def lasts_s(self) -> float:
        """How long it is so."""
        return self.ends_s - self.at_s


RELOAD, BAD_FILE, LOCKED, LOCKED_LONG = "reload", "bad-file", "store-locked", "store-locked-long"
"""Done to the daemon: SIGHUP; the same with a file that is none; its store locked."""
ON_DAEMON: Final = (
    Upheaval(RELOAD, 2.0, (), ()),
    Upheaval(BAD_FILE, 5.0, (), ()),
    Upheaval(LOCKED, 4.0, (), ()),
    Upheaval(LOCKED_LONG, 14.0, (), ()),
)
SURE: Final = ("linear", "redmine")
"""
Tools in which what was made is found at once. In the others a create that may have got lost is looked up for an hour
before it is made anew, longer than a soak: there what was not carried out are edits alone.
"""
KNOBS: Final = ("permuted=1", "doubled=1", "dropped=0.5", "delayed=1", "forged=1")


def _on(name: str, lasts_s: float, *faults: str, tools: Sequence[str] = TOOLS) -> list[Upheaval]:
    """Return one for each tool."""
    return [Upheaval(f"{tool}:{name}", lasts_s, tuple(f"fault {tool}:{each}" for each in faults)) for tool in tools]


def _hooks(knob: str) -> Upheaval:
    name = knob.partition("=")[0]
    begins = tuple(f"fault {tool}:hooks-{knob}" for tool in TOOLS)
    return Upheaval(f"hooks-{name}", 20.0, begins, tuple(f"fault {tool}:hooks-{name}=0" for tool in TOOLS))


EVERYTHING: Final = (
    *ON_DAEMON,
    *map(_hooks, KNOBS),
    *_on("down", 60.0, "refused"),
    *(Upheaval(f"{tool}:revoked", 40.0, (f"revoke {tool}",), (f"restore {tool}",)) for tool in TOOLS),
    *_on("429", 8.0, "429:wait=3"),
    *_on("502", 8.0, "502:kind=read"),
    *_on("503-writes", 8.0, "503:kind=write", tools=SURE),
    *_on("503-edits", 8.0, "503:method=PUT", tools=("jira",)),
    *_on("503-edits", 8.0, "503:match=updateIssue(", tools=("github",)),
    *_on("500-after-commit", 8.0, "500-after-commit:kind=write"),
    *_on("reset-after-commit", 8.0, "reset-after-commit:kind=write"),
    *_on("timeout-after-commit", 15.0, "timeout-after-commit:kind=write:count=2:wait=40"),
    *_on("reset", 8.0, "reset", tools=SURE),
    *_on("reset-edits", 8.0, "reset:method=PUT", tools=("jira",)),
    *_on("reset-edits", 8.0, "reset:match=updateIssue(", tools=("github",)),
    *_on("reset-reads", 8.0, "reset:kind=read", tools=("jira", "github")),
    *_on("truncated", 8.0, "truncated:count=6"),
    *_on("slow", 12.0, "slow:wait=4"),
    *_on("ignored", 8.0, "ignored", tools=("jira", "redmine")),
    *_on("graphql-partial", 8.0, "graphql-partial:count=6", tools=("github", "linear")),
)
SHORT: Final = (
    RELOAD,
    "hooks-dropped",
    "jira:502",
    LOCKED,
    "github:500-after-commit",
    "linear:revoked",
    "redmine:reset-after-commit",
    "hooks-forged",
    "redmine:down",
    "github:429",
)
"""What a short soak has: one of every sort."""
MOST_SHORT_S: Final = 300.0


def script(seconds: float, seed: int) -> list[Turn]:
    """
    Return what comes when within so many seconds: all of it in turns; less of it, and shorter, in a short soak.

    What is done to the daemon comes first: its first reloads take 15 MB once,
    the later ones nothing, and memory is judged in the second half.
    """
    dice = Random(f"upheavals {seed}")  # noqa: S311 - a seeded soak
    is_short = seconds <= MOST_SHORT_S
    pool = [one for name in SHORT for one in EVERYTHING if one.name == name] if is_short else list(EVERYTHING)
    whole_s = CALM_S + sum(1.5 * one.lasts_s + CALM_S for one in pool)
    share = min(1.0, seconds / whole_s) if is_short else 1.0
    found: list[Turn] = []
    at_s, left = CALM_S * share, list[Upheaval]()
    while True:
        if not left:
            rest = [one for one in pool if one not in ON_DAEMON]
            left = list(pool) if is_short else [*ON_DAEMON, *dice.sample(rest, len(rest))]
        one = left.pop(0)
        turn = Turn(at_s, at_s + max(LEAST_S, one.lasts_s * share), one)
        at_s = turn.ends_s + turn.lasts_s / 2 + CALM_S * share
        if at_s > seconds:
            return found
        found.append(turn)


def is_calm(turns: Sequence[Turn], at_s: float, until_s: float) -> bool:
    """Whether nothing was wrong between two moments (from the beginning), nor shortly before."""
    return not any(turn.at_s < until_s and at_s < turn.ends_s + turn.lasts_s / 2 + GRACE_S for turn in turns)
