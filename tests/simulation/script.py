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
"""What happens rarely."""

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
class Death:
    """When a process dies: at its *number*-th step of that kind (see `process.Process.step`)."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Script:
    """One life: its seed, what people do, what fails, and when each process dies."""

    seed: int
    mapping: str
    """By name, see `office.MAPPINGS`."""
    acts: tuple[Act, ...]
    deaths: tuple[Death, ...] = ()
    """How each incarnation of the daemon ends; the one after the last of them lives."""

    @property
    def size(self) -> int:
        """Return how much happens."""
        return len(self.acts) + len(self.deaths)

    def without(self, left_out: frozenset[int]) -> Script:
        """Return the life without some of what happens, by number: acts first, then deaths."""
        acts = tuple(act for number, act in enumerate(self.acts) if number not in left_out)
        deaths = tuple(death for number, death in enumerate(self.deaths, len(self.acts)) if number not in left_out)
        return replace(self, acts=acts, deaths=deaths)


@dataclass(frozen=True, slots=True)
class Theme:
    """What a life is about: every life draws from a part of what may happen, so that the same things meet."""

    edits: Sequence[str]
    faults: Sequence[str]
    things: int
    """How many items people edit."""
    fault_kind: str = ""
    upheavals: int = 0
    rare: Sequence[str] = UPHEAVALS
    deaths: Sequence[str] = ("any", "database", "commit", "write", "written", "read")


LOST_ANSWERS: Final = ("timeout-after-commit", "reset-after-commit", "502-after-commit", "timeout", "truncated", "slow")
THEMES: Final = (
    Theme(EDITS, FAULTS, things=1000, upheavals=1),
    Theme(
        ("add", "add", "title"),
        LOST_ANSWERS,
        things=3,
        fault_kind="write",
        upheavals=2,
        rare=("lag", "second"),
        deaths=("write", "written", "commit"),
    ),
    Theme(
        ("title", "text", "labels"),
        LOST_ANSWERS,
        things=2,
        fault_kind="write",
        upheavals=1,
        rare=("lag",),
        deaths=("write", "written", "commit"),
    ),
    Theme(("title", "labels", "text"), ("ignored", "swapped", "slow", "429:wait=30"), things=2),
    Theme(("title", "text", "labels", "add"), ("404", "403", "401", "410", "503"), things=4, upheavals=3),
    Theme(EDITS, (*OF_GRAPHQL, "truncated", "500-after-commit"), things=4, upheavals=1),
)


def draw(seed: int) -> Script:
    """Draw a life."""
    dice = Random(seed)  # noqa: S311 - a seeded life
    theme = dice.choice(THEMES)
    acts = [_edit(dice, theme) for _ in range(dice.randrange(5, 15))]
    acts += [_fault(dice, theme) for _ in range(dice.choice([0, 1, 2, 3, 5]))]
    acts += [_upheaval(dice, theme) for _ in range(dice.randrange(0, theme.upheavals + 1))]
    deaths = [_death(dice, theme) for _ in range(dice.choice([0, 0, 1, 1, 2, 3]))]
    mapping = dice.choice(["held", "held", "led"])
    return Script(seed, mapping, tuple(sorted(acts, key=lambda act: act.at_s)), tuple(deaths))


def _edit(dice: Random, theme: Theme) -> Act:
    what = dice.choice(theme.edits)
    how = dice.choice(["append", "replace"]) if what == "text" else ""
    return Act(_moment(dice), what, dice.choice(TOOLS), dice.randrange(theme.things), how)


def _upheaval(dice: Random, theme: Theme) -> Act:
    return Act(_moment(dice), dice.choice(theme.rare), dice.choice(TOOLS), dice.randrange(1000))


def _fault(dice: Random, theme: Theme) -> Act:
    tool = dice.choice(TOOLS)
    names = [name for name in theme.faults if tool == "github" or name not in OF_GRAPHQL]
    kind = theme.fault_kind or dice.choice(["", "write", "write", "read"])
    after = dice.randrange(2 if kind == "write" else 8)
    how = f"{dice.choice(names)}{f':kind={kind}' if kind else ''}:after={after}:count={dice.randrange(1, 4)}"
    return Act(_moment(dice), "fault", tool, 0, how)


def _death(dice: Random, theme: Theme) -> Death:
    kind = dice.choice(theme.deaths)
    most = {"any": 600, "database": 300, "commit": 40, "read": 60}.get(kind, 3)
    return Death(kind, dice.randrange(1, most + 1))


def _moment(dice: Random) -> float:
    """Return a time in the storm; half of them while a cycle runs, where it hurts."""
    if dice.random() < 1 / 2:
        return round(60.0 * dice.randrange(7) + dice.uniform(0, 5), 2)
    return round(dice.uniform(0, STORM_S), 2)
