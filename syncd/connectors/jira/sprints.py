"""
Sprints: dated records to read, and the field of an issue that names the one it is in.

They belong to boards, whose list is kept for an hour. A sprint's container is
the project its board is of. Days are those of the account's own time zone, as
people with its settings see them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from syncd.connectors.jira.agile_payloads import Board, BoardPage, Sprint, SprintPage
from syncd.connectors.jira.fields import ITERATION
from syncd.connectors.jira.payloads import User
from syncd.connectors.jira.queries import BOARDS, MAX_AGILE_PAGE, SPRINT, SPRINTS
from syncd.connectors.jira.site import Site
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError, UnavailableError
from syncd.model.native import Choice, Date, Native, NativeField, NativeType, Record, Text
from syncd.model.refs import Ref, Revision

MAX_PAGES: Final = 200
BOARDS_KEPT_S: Final = 3600.0
STATES: Final = {
    "future": Choice(id="future", label="Future", category="future"),
    "active": Choice(id="active", label="Active", category="active"),
    "closed": Choice(id="closed", label="Closed", category="closed"),
}
_OF_ITERATIONS: Final = frozenset({ITERATION})
log = structlog.get_logger()
P = TypeVar("P", BoardPage, SprintPage)


def _field(key: str, label: str, kind: NativeType, options: tuple[Choice, ...] = ()) -> NativeField:
    return NativeField(key=key, label=label, type=kind, options=options, writable=False, record_types=_OF_ITERATIONS)


ITERATION_FIELDS: Final = (
    _field("title", "Sprint name", NativeType.TEXT),
    _field("start_on", "Start date", NativeType.DATE),
    _field("due_on", "End date", NativeType.DATE),
    _field("completed_on", "Completed", NativeType.DATE),
    _field("state", "State", NativeType.CHOICE, tuple(STATES.values())),
)


class Sprints:
    """The sprints of the projects in scope."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._boards: Mapping[int, Board] = {}
        self._read_at: float | None = None

    async def read_all(self, account: User) -> list[Record]:
        """Read every sprint of every board of the projects in scope, each once."""
        found: dict[int, Sprint] = {}
        for board in (await self._all_boards()).values():
            if board.has_sprints:
                found |= {sprint.id: sprint for sprint in await self._of_board(board)}
        zone = self._zone(account)
        return [self._record(sprint, zone) for _, sprint in sorted(found.items())]

    async def read(self, refs: Sequence[Ref], account: User) -> dict[Ref, Record | RemoteError]:
        """Read sprints by id, with an answer for each."""
        await self._all_boards()
        zone = self._zone(account)
        answers: dict[Ref, Record | RemoteError] = {}
        for ref in refs:
            try:
                answers[ref] = self._record(await self._by_id(ref), zone)
            except (NotFoundError, ForbiddenError) as exc:
                answers[ref] = exc
        return answers

    async def _by_id(self, ref: Ref) -> Sprint:
        if not ref.id.isdecimal():
            raise NotFoundError("no such sprint", where=str(ref), fix="report this with syncd's version")
        return await self._site.get(SPRINT, Sprint, ref.id, where=str(ref))

    async def _all_boards(self) -> Mapping[int, Board]:
        """Return the boards of the projects in scope by id; none where the site has no agile boards."""
        now = self._site.world.monotonic()
        if self._read_at is None or now - self._read_at > BOARDS_KEPT_S:
            found: dict[int, Board] = {}
            for key in self._site.settings.scope.projects:
                where = f"{self._site.name} project {key}"
                try:
                    pages = await self._pages(BOARDS, BoardPage, params={"projectKeyOrId": key}, where=where)
                except (NotFoundError, ForbiddenError) as exc:
                    log.info("no_boards", connector=self._site.name, project=key, why=exc.what)
                    continue
                boards = (self._placed(board, key) for page in pages for board in page.values)
                found = {board.id: board for board in boards} | found
            self._boards, self._read_at = found, now
        return self._boards

    def _placed(self, board: Board, asked_for: str) -> Board:
        """Return a board with the project it counts to: the one it is kept in, if that is in scope."""
        kept_in = board.location.project_key
        project = kept_in if kept_in in self._site.settings.scope.projects else asked_for
        return board.model_copy(update={"project": project})

    async def _of_board(self, board: Board) -> Iterable[Sprint]:
        where = f'{self._site.name} board "{board.name}"'
        try:
            pages = await self._pages(SPRINTS, SprintPage, str(board.id), where=where)
        except RejectedError:  # a board of its kind has no sprints
            return ()
        return [sprint for page in pages for sprint in page.values]

    async def _pages(
        self, path: str, shape: type[P], *args: str, params: Mapping[str, str] | None = None, where: str
    ) -> list[P]:
        pages: list[P] = []
        start = 0
        for _ in range(MAX_PAGES):
            page = await self._site.get(
                path,
                shape,
                *args,
                params={**(params or {}), "startAt": start, "maxResults": MAX_AGILE_PAGE},
                where=where,
            )
            pages.append(page)
            start += len(page.values)
            if page.is_last or not page.values:
                return pages
        raise UnavailableError(
            f"the list did not end within {MAX_PAGES} pages", where=where, fix="narrow scope.projects"
        )

    def _record(self, sprint: Sprint, zone: tzinfo) -> Record:
        site, board = self._site, self._boards.get(sprint.board or 0)
        project = board.project if board is not None else site.settings.scope.projects[0]
        url = site.settings.site_url
        fields: dict[str, Native] = {
            "title": Text(sprint.name),
            "start_on": _day(sprint.start, zone),
            "due_on": _day(sprint.end, zone),
            "completed_on": _day(sprint.complete, zone),
            "state": STATES.get(sprint.state),
        }
        text = f"{sprint.model_dump_json()}{zone}{project}"
        return Record(
            ref=Ref(site.name, ITERATION, str(sprint.id)),
            type=ITERATION,
            container=project,
            key=sprint.name,
            revision=Revision(hashlib.sha256(text.encode()).hexdigest()[:16]),
            fields=fields,
            url=f"{url}/secure/RapidView.jspa?rapidView={sprint.board}" if url and sprint.board else None,
        )

    def _zone(self, account: User) -> tzinfo:
        try:
            return ZoneInfo(account.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            log.warning("unknown_time_zone", connector=self._site.name, zone=account.zone)
            return UTC


def _day(moment: datetime | None, zone: tzinfo) -> Date | None:
    return None if moment is None else Date(moment.astimezone(zone).date())
