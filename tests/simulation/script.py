"""What happens in one life, as data: drawn from a seed, and cut down act by act when something went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.simulation.casts import CASTS, fault_of
from tests.simulation.nights import Night, draw_night
from tests.simulation.ways import POLLING, Death, Ways, draw_ways

TOOLS: Final = ("jira", "github")
STORM_S: Final = 420.0
"""How long people edit while things fail: seven cycles of the daemon."""

EDITS: Final = ("title", "title", "title", "text", "text", "labels", "labels", "status", "due", "add")
UPHEAVALS: Final = ("delete", "archive", "move", "move", "hide", "hide", "retype", "lag", "lag", "skew", "second")
"""What happens rarely."""
EARLY: Final = frozenset({"lag", "second", "skew"})
"""What of it lasts for a while."""

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
    into_s: float | None = None
    """How far into the cycle that begins next it happens, instead of at once."""

    def __str__(self) -> str:
        into = "" if self.into_s is None else f" {self.into_s:.2f} into the next cycle"
        return f"{self.at_s:6.1f} {self.what} {self.tool} {self.which} {self.how}".rstrip() + into


@dataclass(frozen=True, slots=True)
class Script:
    """One life: its seed, what people do, what fails, and when each process dies."""

    seed: int
    mapping: str
    """By name, see `casts.mappings`."""
    acts: tuple[Act, ...]
    deaths: tuple[Death, ...] = ()
    """How each incarnation of the daemon ends; the one after the last of them lives."""
    ways: Ways = POLLING
    other: str = "github"
    """The tool beside Jira."""
    night: Night | None = None
    """The clocks are changed in it."""

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

    edits: Sequence[str] = EDITS
    faults: Sequence[str] = FAULTS
    things: int = 1000
    """How many items people edit."""
    newest: bool = False
    """Whether these are the newest items, or else the oldest."""
    at_work: Sequence[str] = TOOLS
    """Where people edit."""
    failing: Sequence[str] = TOOLS
    """Where things fail."""
    fault_kind: str = ""
    fault_counts: Sequence[int] = (0, 1, 2, 3, 5)
    upheavals: Sequence[int] = (0, 1)
    rare: Sequence[str] = UPHEAVALS
    deaths: Sequence[str] = ("any", "database", "commit", "write", "written", "read")
    death_counts: Sequence[int] = (0, 0, 1, 1, 2, 3)
    most_steps: int = 0
    """How far a process lives at most before it dies, in steps of the kind it dies at."""
    first_s: float = STORM_S
    """By when everything but faults has happened."""
    into_cycles: float = 0.0
    """How many of the edits happen in the middle of a cycle, 0 to 1."""
    into_s: float = 6.0
    """How far into it at most."""
    mappings: Sequence[str] = ("held", "held", "led")
    """What the admin may have written, by name."""


LOST_ANSWERS: Final = ("timeout-after-commit", "reset-after-commit", "502-after-commit", "timeout", "truncated", "slow")
AT_WRITES: Final = ("write", "written", "commit")
THEMES: Final = (
    Theme(),
    # New items, and answers that are lost.
    Theme(
        edits=("add", "add", "title"),
        faults=LOST_ANSWERS,
        things=2,
        newest=True,
        fault_kind="write",
        upheavals=(0, 1, 2),
        rare=("lag", "second"),
        deaths=AT_WRITES,
    ),
    # New items for a tool whose index lags, and which does not say what it made.
    Theme(
        edits=("add", "add", "title"),
        things=2,
        newest=True,
        faults=("timeout-after-commit", "reset-after-commit", "502-after-commit"),
        at_work=("github",),
        failing=("jira",),
        fault_kind="write",
        fault_counts=(1, 2, 3),
        upheavals=(1, 2),
        rare=("lag",),
        death_counts=(0, 0, 1),
        deaths=("written",),
        most_steps=2,
    ),
    # Killed while something new is on its way.
    Theme(
        edits=("add", "add", "title"),
        things=2,
        newest=True,
        fault_counts=(0,),
        upheavals=(0,),
        deaths=("written", "written", "write"),
        death_counts=(2, 3, 3),
        most_steps=2,
    ),
    # Two daemons from the beginning.
    Theme(edits=("add", "title"), things=3, fault_counts=(0, 0, 1), upheavals=(1,), rare=("second",), first_s=50.0),
    # Few items, edited again and again, and answers that are lost.
    Theme(
        edits=("title", "text", "labels"),
        faults=LOST_ANSWERS,
        things=2,
        fault_kind="write",
        rare=("lag",),
        deaths=AT_WRITES,
    ),
    # Two people at the same item, one of them while syncd is at it.
    Theme(
        edits=("title", "title", "labels", "labels", "text"),
        things=1,
        faults=("slow:kind=read", "slow:kind=write", "429:wait=30:kind=write"),
        fault_counts=(0, 1, 3),
        upheavals=(0,),
        death_counts=(0, 0, 0, 1),
        into_cycles=0.6,
        into_s=12.0,
    ),
    # Many at once, while the list is read.
    Theme(
        edits=("title", "labels", "text"),
        things=6,
        at_work=("jira",),
        fault_counts=(0, 0, 1),
        upheavals=(0,),
        death_counts=(0, 0, 0, 1),
        into_cycles=0.9,
        into_s=1.0,
    ),
    # Writes that are swallowed, or wait.
    Theme(
        edits=("title", "title", "labels", "text"),
        faults=("ignored", "ignored", "swapped", "slow", "429:wait=30", "timeout"),
        things=2,
        fault_kind="write",
        fault_counts=(2, 3, 5),
        death_counts=(0, 0, 1),
        into_cycles=0.2,
    ),
    # Killed while it reads what is new.
    Theme(
        edits=("title", "labels", "text"),
        things=3,
        fault_counts=(0,),
        upheavals=(0,),
        deaths=("commit",),
        death_counts=(3, 4, 5),
        most_steps=14,
        into_cycles=0.2,
    ),
    # A list that tells of yesterday.
    Theme(
        edits=("title", "title", "text"),
        things=2,
        fault_counts=(0, 1),
        upheavals=(1, 2),
        rare=("lag",),
        death_counts=(0, 0, 1),
    ),
    # What is out of sight for a while, or for good.
    Theme(
        edits=("title", "text", "labels", "add"),
        faults=("404", "403", "401", "410", "503"),
        things=4,
        upheavals=(1, 2, 3),
        mappings=("held", "led", "archiving"),
    ),
    # Permissions that come and go, where deletions are followed.
    Theme(
        edits=("title", "status"),
        faults=("404", "404:kind=read", "403", "410"),
        things=6,
        upheavals=(2, 3, 4),
        rare=("hide", "hide", "hide", "move", "retype", "archive", "delete"),
        death_counts=(0, 0, 1),
        first_s=200.0,
        mappings=("archiving",),
    ),
    Theme(faults=(*OF_GRAPHQL, "truncated", "500-after-commit"), things=4),
)


def draw_any(seed: int, only: str = "", other: str = "") -> Script:
    """Draw a life, its night, its *other* tool, and its ways: *only* "polling", "webhooks", "backfill" or "both"."""
    other = other or Random(f"cast {seed}").choice(sorted(CASTS))  # noqa: S311 - a seeded life
    return replace(beside(other, draw(seed)), ways=draw_ways(seed, only), night=draw_night(seed))


def beside(other: str, script: Script) -> Script:
    """Return the life with *other* in GitHub's place."""
    return replace(script, other=other, acts=tuple(_beside(other, act) for act in script.acts))


def _beside(other: str, act: Act) -> Act:
    if act.tool != "github":
        return act
    return replace(act, tool=other, how=fault_of(act.how, other) if act.what == "fault" else act.how)


def draw(seed: int) -> Script:
    """Draw a life by polling alone."""
    dice = Random(seed)  # noqa: S311 - a seeded life
    theme = dice.choice(THEMES)
    acts = [_edit(dice, theme) for _ in range(dice.randrange(5, 15))]
    acts += [_fault(dice, theme) for _ in range(dice.choice(theme.fault_counts))]
    acts += [_upheaval(dice, theme) for _ in range(dice.choice(theme.upheavals))]
    deaths = [_death(dice, theme) for _ in range(dice.choice(theme.death_counts))]
    mapping = dice.choice(theme.mappings)
    return Script(seed, mapping, tuple(sorted(acts, key=lambda act: act.at_s)), tuple(deaths))


def _edit(dice: Random, theme: Theme) -> Act:
    what = dice.choice(theme.edits)
    how = dice.choice(["append", "replace"]) if what == "text" else ""
    into_s = round(dice.uniform(0, theme.into_s), 2) if dice.random() < theme.into_cycles else None
    which = dice.randrange(theme.things)
    which = -1 - which if theme.newest else which
    return Act(_moment(dice, theme), what, dice.choice(theme.at_work), which, how, into_s)


def _upheaval(dice: Random, theme: Theme) -> Act:
    """Return what happens rarely; what lasts comes early, so that much happens under it."""
    what = dice.choice(theme.rare)
    at_s = _moment(dice, theme) if what not in EARLY or dice.random() < 1 / 4 else round(dice.uniform(0, 1), 2)
    return Act(at_s, what, dice.choice(TOOLS), dice.randrange(1000))


def _fault(dice: Random, theme: Theme) -> Act:
    tool = dice.choice(theme.failing)
    names = [name for name in theme.faults if tool == "github" or name not in OF_GRAPHQL]
    kind = theme.fault_kind or dice.choice(["", "write", "write", "read"])
    after = dice.randrange(2 if kind == "write" else 8)
    name = dice.choice(names)
    name += f":kind={kind}" if kind and ":kind=" not in name else ""
    how = f"{name}:after={after}:count={dice.randrange(1, 4)}"
    return Act(_moment(dice, theme), "fault", tool, 0, how)


def _death(dice: Random, theme: Theme) -> Death:
    kind = dice.choice(theme.deaths)
    most = theme.most_steps or {"any": 600, "database": 300, "commit": 40, "read": 60}.get(kind, 3)
    return Death(kind, dice.randrange(1, most + 1))


def _moment(dice: Random, theme: Theme) -> float:
    """Return a time in the storm; half of them while a cycle runs, where it hurts."""
    if dice.random() < 1 / 2:
        return round(60.0 * dice.randrange(int(theme.first_s / 60) or 1) + dice.uniform(0, 5), 2)
    return round(dice.uniform(0, theme.first_s), 2)
