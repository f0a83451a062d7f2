"""Statuses move along transitions, one hop at a time, each type along its own workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from syncd.sandbox.jira.schema import STATUSES_BY_ID, IssueType, StatusDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A way to status *to*; *sources* empty means from everywhere."""

    id: str
    name: str
    to: str
    sources: frozenset[str] = frozenset()

    @property
    def target(self) -> StatusDef:
        """The status it leads to."""
        return STATUSES_BY_ID[self.to]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The transitions of some issue types; *statuses* in board order, the first is where issues start."""

    statuses: tuple[str, ...]
    transitions: tuple[Transition, ...]

    def available(self, status: str) -> list[Transition]:
        """Return what may be done from *status*; a global transition to itself is looped and offered, as in Jira."""
        return [one for one in self.transitions if not one.sources or status in one.sources]


def _from(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


_TEAM = Workflow(
    statuses=("10100", "10101", "3", "10102", "10103", "10104", "10105"),
    transitions=(
        Transition(id="11", name="Backlog", to="10100"),
        Transition(id="21", name="Selected for Development", to="10101"),
        Transition(id="31", name="In Progress", to="3"),
        Transition(id="41", name="Ask for review", to="10102", sources=_from("3", "10103")),
        Transition(id="51", name="Block", to="10103", sources=_from("3", "10102")),
        Transition(id="61", name="Done", to="10104"),
        Transition(id="71", name="Cancel", to="10105", sources=_from("10100", "10101", "3", "10102", "10103")),
    ),
)
_PORTFOLIO = Workflow(
    statuses=("10110", "10111", "10112", "10113", "10114"),
    transitions=(
        Transition(id="111", name="Back to funnel", to="10110", sources=_from("10111", "10114")),
        Transition(id="121", name="Plan", to="10111", sources=_from("10110", "10112")),
        Transition(id="131", name="Start", to="10112", sources=_from("10111", "10113")),
        Transition(id="141", name="Deliver", to="10113", sources=_from("10112")),
        Transition(id="151", name="Drop", to="10114", sources=_from("10110", "10111", "10112")),
    ),
)
WORKFLOWS: Final = {"team": _TEAM, "portfolio": _PORTFOLIO}


def workflow_of(issue_type: IssueType) -> Workflow:
    """Return the workflow issues of that type follow."""
    return WORKFLOWS[issue_type.workflow]
