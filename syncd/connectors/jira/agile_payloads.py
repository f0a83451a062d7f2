"""What Jira's agile API sends of boards and sprints, and what an issue shows of its sprints."""

from __future__ import annotations

from pydantic import Field

from syncd.connectors.jira.payloads import Moment, Payload


class Location(Payload):
    """Where a board is kept."""

    project_key: str | None = Field(default=None, alias="projectKey")


class Board(Payload):
    """A board."""

    id: int
    name: str = ""
    type: str = "scrum"
    location: Location = Location()
    project: str = ""
    """The project in scope it counts to (ours, not Jira's)."""

    @property
    def has_sprints(self) -> bool:
        """Whether it may have sprints."""
        return self.type != "kanban"


class BoardPage(Payload):
    """A page of boards."""

    values: tuple[Board, ...] = ()
    is_last: bool = Field(default=True, alias="isLast")


class Sprint(Payload):
    """A sprint, as the agile API tells it."""

    id: int
    name: str
    state: str
    start: Moment | None = Field(default=None, alias="startDate")
    end: Moment | None = Field(default=None, alias="endDate")
    complete: Moment | None = Field(default=None, alias="completeDate")
    board: int | None = Field(default=None, alias="originBoardId")


class SprintPage(Payload):
    """A page of sprints."""

    values: tuple[Sprint, ...] = ()
    is_last: bool = Field(default=True, alias="isLast")


class HeldSprint(Payload):
    """A sprint, as an issue's field shows it."""

    id: int
    state: str
    end: Moment | None = Field(default=None, alias="endDate")
    complete: Moment | None = Field(default=None, alias="completeDate")
