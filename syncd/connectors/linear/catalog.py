"""What is known of the workspace: teams and their workflows, statuses, labels, and the projects in scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from typing import Final, NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api, parse
from syncd.connectors.linear.families import ISSUE
from syncd.connectors.linear.identity import derived_id
from syncd.connectors.linear.payloads import (
    AroundAnswer,
    LabelNode,
    ProjectPlace,
    StateNode,
    TeamKeyNode,
    TeamNode,
    UserNode,
)
from syncd.connectors.linear.settings import LinearScope, LinearSettings
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError
from syncd.model.native import Choice, Person
from syncd.model.refs import ConnectionName

PLACES_PAGE: Final = 100
LABELS_PAGE: Final = 250
UTC_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a record's making depends on besides its payload."""

    name: ConnectionName
    scope: LinearScope
    workspace: str
    """The workspace's URL key: the container of initiatives."""
    account: Person
    fiscal_start: int = 0
    """The first month of the fiscal year, counted from 0: quarters go by it."""
    teams: Mapping[str, TeamNode] = field(default_factory=dict)
    """The teams in scope, by key."""
    statuses: tuple[StateNode, ...] = ()

    @cached_property
    def stamp(self) -> str:
        """A short digest of teams and workflows: admins edit them without touching any item."""
        told = [self.workspace, self.fiscal_start, *(_told(self.statuses))]
        for key, team in sorted(self.teams.items()):
            told += [key, team.id, team.timezone, *_told(team.states.nodes)]
        return f"{crc32(repr(told).encode()):08x}"

    def covers(self, teams: Iterable[TeamKeyNode]) -> bool:
        """Tell whether any of these teams is in scope."""
        return any(team.key in self.scope.keys for team in teams)

    def home_of(self, teams: Iterable[TeamKeyNode]) -> str:
        """Return the container of a project: the first of its teams that is in scope, else the first by name."""
        keys = {team.key for team in teams}
        here = [key for key in self.scope.keys if key in keys]
        return here[0] if here else min(keys, default=self.workspace)

    def place_of(self, project: ProjectPlace) -> str:
        """Return the container of a project's milestones, as people write it: `ENG/Billing`."""
        return f"{self.home_of(project.teams.nodes)}/{project.name}"

    def zone_of(self, team: str) -> tzinfo:
        """Return the time zone of a team, in which its cycles begin and end."""
        try:
            return ZoneInfo(self.teams[team].timezone)
        except (KeyError, ZoneInfoNotFoundError, ValueError):
            return UTC_ZONE


def person_of(user: UserNode | None) -> Person | None:
    """Return a user as a person; the name people type after @ is the login."""
    if user is None:
        return None
    return Person(user.id, name=user.name, login=user.display_name, email=user.email)


def state_choice(state: StateNode) -> Choice:
    """Return a workflow state or project status; its type is its category."""
    return Choice(state.id, state.name, state.type)


def _told(states: Iterable[StateNode]) -> list[object]:
    return [(state.id, state.name, state.type, state.position) for state in states]


class FoundLabel(NamedTuple):
    """A label that a record can have."""

    id: str
    is_new: bool
    """It was made for this."""


class Catalog:
    """Reads what is around at first need, and again whenever it may have moved."""

    def __init__(self, api: Api, settings: LinearSettings) -> None:
        self._api = api
        self._settings = settings
        self._around: Around | None = None
        self._labels: dict[str, dict[str, LabelNode]] = {}
        self._places: dict[str, ProjectPlace] | None = None
        self._unlisted: set[str] = set()
        """Labels on records that no list shows, looked for once."""

    async def around(self) -> Around:
        """Return teams and statuses, from memory if they were read before."""
        return self._around or await self.refresh()

    async def refresh(self) -> Around:
        """
        Read teams and statuses anew.

        Raises:
            NotFoundError: a team in scope is not there, or the account may not see it.
        """
        scope = self._settings.scope
        where = f"{self._api.name} scope.teams"
        variables = {"keys": list(scope.keys), "teams": len(scope.keys)}
        points = queries.AROUND_POINTS * (len(scope.keys) + 1)
        answer = await self._api.ask(queries.AROUND, variables, where=where, points=points)
        found = parse(AroundAnswer, answer.data, where)
        teams = {team.key: team for team in found.teams.nodes}
        missing = [key for key in scope.keys if key not in teams]
        if missing:
            raise NotFoundError(
                f"there is no team {', '.join(missing)} that this account may see",
                where=where,
                fix="check the keys (ENG, as in ENG-12), and make the account a member of private teams",
            )
        account = person_of(found.viewer)
        if account is None:
            raise AssertionError  # `AroundAnswer` requires a viewer
        self._around = Around(
            name=self._api.name,
            scope=scope,
            workspace=found.organization.url_key,
            account=account,
            fiscal_start=int(found.organization.fiscal_year_start_month),
            teams={key: teams[key] for key in scope.keys},
            statuses=tuple(sorted(found.project_statuses.nodes, key=lambda one: one.position)),
        )
        return self._around

    async def places(self, *, fresh: bool = False) -> Mapping[str, ProjectPlace]:
        """Return the live projects in scope by id, none when scope.projects is off."""
        if not self._settings.scope.projects:
            return {}
        if self._places is None or fresh:
            found: dict[str, ProjectPlace] = {}
            async for page in self._api.pages(
                queries.PLACES,
                {"filter": project_filter(self._settings.scope)},
                path=["projects"],
                node=ProjectPlace,
                where=f"{self._api.name} scope.projects",
                node_points=queries.PLACE_POINTS,
                size=PLACES_PAGE,
            ):
                found |= {place.id: place for place in page.nodes}
            self._places = found
        return self._places

    def forget(self) -> None:
        """Read labels and projects anew at the next need: some of them may have moved."""
        self._labels.clear()
        self._places = None
        self._unlisted.clear()

    async def place_named(self, container: str) -> ProjectPlace:
        """
        Return the one project whose milestones live in *container*.

        Raises:
            NotFoundError: there is none.
            RejectedError: there are several of that name in one team.
        """
        around = await self.around()
        named: list[ProjectPlace] = []
        for fresh in (False, True):
            places = await self.places(fresh=fresh)
            named = [place for place in places.values() if around.place_of(place) == container]
            if named:
                break
        where = f"{self._api.name} {container}"
        if not named:
            raise NotFoundError(
                f'there is no project "{container}"', where=where, fix="write it TEAM/NAME, as syncd check lists them"
            )
        if len(named) > 1:
            raise RejectedError(
                f'{len(named)} projects are called "{container}"', where=where, fix="rename all but one of them"
            )
        return named[0]

    async def labels(self, kind: str, *, fresh: bool = False) -> Mapping[str, LabelNode]:
        """Return the labels of issues or of projects by id, retired and archived ones too."""
        if fresh or kind not in self._labels:
            found: dict[str, LabelNode] = {}
            async for page in self._api.pages(
                queries.LABELS[kind],
                {},
                path=["labels"],
                node=LabelNode,
                where=f"{self._api.name} labels",
                node_points=queries.LABEL_POINTS,
                size=LABELS_PAGE,
            ):
                found |= {label.id: label for label in page.nodes}
            self._labels[kind] = found
        return self._labels[kind]

    async def labels_with(self, kind: str, ids: Iterable[str]) -> Mapping[str, LabelNode]:
        """Return the labels, read anew when one of *ids* is not among those known."""
        known = await self.labels(kind)
        missing = set(ids) - known.keys() - self._unlisted
        if missing:
            known = await self.labels(kind, fresh=True)
            self._unlisted |= missing - known.keys()
        return known

    async def label(self, kind: str, name: str, team: str) -> FoundLabel:
        """
        Return the label of that name a record of *team* can have, made if there is none.

        Case does not tell labels apart; the team's own label comes before the
        workspace's.

        Raises:
            RemoteError: it can neither be found nor made.
        """
        for fresh in (False, True):
            found = _label_named(await self.labels(kind, fresh=fresh), name, team)
            if found is not None:
                return FoundLabel(found.id, is_new=False)
        await self._make_label(kind, name, team)
        found = _label_named(await self.labels(kind, fresh=True), name, team)
        if found is None:
            raise RejectedError(
                f"Linear does not show the new label {name!r}",
                where=f"{self._api.name} {team} label {name!r}",
                fix="nothing to do: it is tried again at the next change",
            )
        return FoundLabel(found.id, is_new=True)

    async def _make_label(self, kind: str, name: str, team: str) -> None:
        """Make one label; its id depends on its name alone, so a lost answer is settled by looking."""
        around = await self.around()
        where = f"{self._api.name} {team} label {name!r}"
        said: dict[str, object] = {"id": derived_id("label", kind, team, name.casefold()), "name": name}
        if kind == ISSUE:
            said["teamId"] = around.teams[team].id
        try:
            await self._api.change(f"{kind}LabelCreate", {"input": said}, where=where)
        except (OutcomeUnknownError, RejectedError) as exc:
            if _label_named(await self.labels(kind, fresh=True), name, team) is None:
                raise RejectedError(f"no label {name!r} could be made: {exc.what}", where=where, fix=exc.fix) from exc


def project_filter(scope: LinearScope) -> dict[str, object]:
    """Return the filter of the projects of the teams in scope."""
    return {"accessibleTeams": {"some": {"key": {"in": list(scope.keys)}}}}


def _label_named(labels: Mapping[str, LabelNode], name: str, team: str) -> LabelNode | None:
    folded = name.casefold()
    named = [label for label in labels.values() if label.name.casefold() == folded and not label.is_group]
    mine = [label for label in named if label.team and label.team.key == team]
    shared = [label for label in named if label.team is None]
    return next(iter([*mine, *shared]), None)
