"""What happens in one life, as data: drawn from a seed, and cut down act by act when something went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

TOOLS: Final = ("jira", "github")
STORM_S: Final = 420.0
"""How long people edit while things fail: seven cycles of the daemon."""

EDITS: Final = ("title", "title", "title", "text", "text", "labels", "labels", "status", "due", "add")
UPHEAVALS: Final = ("delete", "archive", "move", "move", "hide", "hide", "retype", "lag", "lag", "skew", "second")
"""What happens rarely: in one life out of two."""

FAULTS: Final = (
    "timeout",
    "timeout-after-commit",
    "reset",
    "reset-after-commit",
    "refused",
    "truncated",
    "slow",
    "swapped",
    "swapped-after-commit",
    "ignored",
    "500-after-commit",
    "502",
    "502-after-commit",
    "503",
    "429:wait=30",
    "401",
    "403",
    "404",
    "409",
    "410",
    "412",
    "422",
    "423",
    "301",
)
"""By name, as the sandbox knows them; what only one tool can do follows."""
OF_GRAPHQL: Final = ("graphql-errors", "graphql-partial", "403:reason=rate")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens at a moment; numbers choose among what is there then, so that any act can be left out."""

    at_s: float
    what: str
    tool: str
    which: int = 0
    how: str = ""

    def __str__(self) -> str:
        return f"{self.at_s:6.1f} {self.what} {self.tool} {self.which} {self.how}".rstrip()


@dataclass(frozen=True, slots=True)
class Script:
    """One life: its seed, what people do, what fails, and at which steps the process dies."""

    seed: int
    mapping: str
    """By name, see `office.MAPPINGS`."""
    acts: tuple[Act, ...]
    deaths: tuple[int, ...] = ()
    """At which step each incarnation dies; the one after the last of them lives."""

    @property
    def size(self) -> int:
        """Return how much happens."""
        return len(self.acts) + len(self.deaths)

    def without(self, left_out: frozenset[int]) -> Script:
        """Return the life without some of what happens, by number: acts first, then deaths."""
        acts = tuple(act for number, act in enumerate(self.acts) if number not in left_out)
        deaths = tuple(step for number, step in enumerate(self.deaths, len(self.acts)) if number not in left_out)
        return replace(self, acts=acts, deaths=deaths)


def draw(seed: int) -> Script:
    """Draw a life."""
    dice = Random(seed)  # noqa: S311 - a seeded life
    acts = [_edit(dice) for _ in range(dice.randrange(4, 14))]
    acts += [_fault(dice) for _ in range(dice.choice([0, 1, 2, 3, 5]))]
    if dice.random() < 1 / 2:
        acts += [_upheaval(dice) for _ in range(dice.randrange(1, 3))]
    deaths = [dice.randrange(1, 1 + dice.choice([30, 200, 600])) for _ in range(dice.choice([0, 0, 1, 1, 2, 3]))]
    mapping = dice.choice(["held", "held", "led"])
    return Script(seed, mapping, tuple(sorted(acts, key=lambda act: act.at_s)), tuple(deaths))


def _edit(dice: Random) -> Act:
    what = dice.choice(EDITS)
    how = dice.choice(["append", "replace"]) if what == "text" else ""
    return Act(_moment(dice), what, dice.choice(TOOLS), dice.randrange(1000), how)


def _upheaval(dice: Random) -> Act:
    return Act(_moment(dice), dice.choice(UPHEAVALS), dice.choice(TOOLS), dice.randrange(1000))


def _fault(dice: Random) -> Act:
    tool = dice.choice(TOOLS)
    names: Sequence[str] = (*FAULTS, *OF_GRAPHQL) if tool == "github" else FAULTS
    kind = dice.choice(["", ":kind=write", ":kind=write", ":kind=read"])
    how = f"{dice.choice(names)}{kind}:after={dice.randrange(8)}:count={dice.randrange(1, 4)}"
    return Act(_moment(dice), "fault", tool, 0, how)


def _moment(dice: Random) -> float:
    """Return a time in the storm; half of them while a cycle runs, where it hurts."""
    if dice.random() < 1 / 2:
        return round(60.0 * dice.randrange(7) + dice.uniform(0, 5), 2)
    return round(dice.uniform(0, STORM_S), 2)
