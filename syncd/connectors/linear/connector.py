"""The Linear connector: initiatives, projects, milestones, issues, cycles and comments of one workspace's teams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import httpx
from pydantic import SecretStr

from syncd.connectors._budget import Budget
from syncd.connectors.hooks import Subscription
from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api, dig, parse
from syncd.connectors.linear.catalog import Around, Catalog, person_of
from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, ITERATION, MILESTONE, PROJECT
from syncd.connectors.linear.fields import describe_fields
from syncd.connectors.linear.history import read_history
from syncd.connectors.linear.homes import show_home
from syncd.connectors.linear.identity import is_uuid
from syncd.connectors.linear.payloads import Connection, UserNode
from syncd.connectors.linear.read import Reader
from syncd.connectors.linear.scan import Scanner
from syncd.connectors.linear.settings import LinearSettings
from syncd.connectors.linear.subscribe import subscribe
from syncd.connectors.linear.write import Writer
from syncd.connectors.protocol import (
    Capabilities,
    Container,
    CreateIdentity,
    CreateKey,
    Description,
    FieldEdit,
    Homes,
    Known,
    Outcome,
    Page,
    Write,
)
from syncd.errors import RemoteError
from syncd.model.native import Person, Record
from syncd.model.refs import ConnectionName, Cursor, EntityId, Ref
from syncd.world import World

WRITE_BATCH: Final = 50
PEOPLE_BATCH: Final = 50
PERSON_POINTS: Final = 2.0


class LinearConnector:
    """One account at Linear, seen through some teams. Raises only subclasses of `RemoteError`."""

    def __init__(self, name: ConnectionName, settings: LinearSettings, client: httpx.AsyncClient, world: World) -> None:
        self.name = name
        self.capabilities = Capabilities(
            record_types=frozenset({ISSUE, PROJECT, INITIATIVE, MILESTONE, ITERATION, COMMENT}),
            create_identity=CreateIdentity.CLIENT_ID,
            history=True,
            archives=True,
            max_batch=WRITE_BATCH,
            max_read_batch=settings.options.read_batch,
            links_home=True,
            subscribes=True,
        )
        self.types: frozenset[str] = frozenset()
        self._scope = settings.scope
        self._api = Api(name=name, settings=settings, client=client, world=world)
        self._catalog = Catalog(self._api, settings)
        self._reader = Reader(self._api, self._catalog, batch=settings.options.read_batch)
        self._scanner = Scanner(self._api, self._catalog, self._reader, settings)
        self._writer = Writer(self._api, self._catalog, self._reader, settings.options)

    @property
    def budget(self) -> Budget:
        """Return how fast it may ask."""
        return self._api.budget

    def focus(self, types: frozenset[str]) -> None:
        """Read records of these types only; comments and cycles are read only when named."""
        self.types = types

    async def check(self) -> None:
        """Raise unless the key is good and every team in scope is there, and the account may see it."""
        await self._catalog.refresh()
        await self._catalog.places(fresh=True)

    async def describe(self) -> Description:
        """Return the fields with each team's workflow, and where things may be created."""
        around = await self._catalog.refresh()
        places = [around.place_of(place) for place in (await self._catalog.places()).values()]
        return Description(
            fields=describe_fields(around),
            containers=(
                *_teams(around),
                Container(
                    name=around.workspace,
                    record_types=frozenset({INITIATIVE, COMMENT}) if self._scope.initiatives else frozenset(),
                    writable=self._scope.initiatives,
                ),
                *(
                    Container(name=name, record_types=frozenset({MILESTONE}), writable=places.count(name) == 1)
                    for name in sorted(set(places))
                ),
            ),
            account=around.account,
        )

    def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """Yield what changed since that cursor (see `Scanner.changes`)."""
        return self._scanner.changes(since, known, self.types)

    async def since(self, at: datetime) -> Cursor:
        """Return the cursor from which everything changed since *at* is read."""
        return await self._scanner.since(at, self.types)

    def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of everything in scope, archived records too."""
        return self._scanner.ids(self.types)

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        """Read each ref by id, archived and trashed records too."""
        return await self._reader.read_many(refs)

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out each write once, those of one record in order, and answer for each."""
        return await self._writer.write(batch)

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return the record each create would have made, if it is there: its id follows from the marker."""
        return await self._scanner.find_created(keys)

    async def people(self, handles: Sequence[str]) -> Mapping[str, Person]:
        """Return the user behind each id, e-mail or display name."""
        found: dict[str, Person] = {}
        wanted = [handle for handle in dict.fromkeys(handles) if handle]
        for start in range(0, len(wanted), PEOPLE_BATCH):
            some = wanted[start : start + PEOPLE_BATCH]
            for person in await self._users(some):
                names = {person.id, (person.email or "").casefold(), (person.login or "").casefold()}
                found |= {handle: person for handle in some if handle in names or handle.casefold() in names}
        return found

    async def history(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Yield who changed which field of these issues when; nothing of other records."""
        async for edit in read_history(self._api, refs):
            yield edit

    async def subscribe(self, url: str, secret: SecretStr) -> Subscription:
        """Have the workspace tell *url* of the teams in scope; needs an administrator's credential."""
        return await subscribe(self._api, self._scope, url, secret)

    async def show_home(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """Show each record's counterparts as attachments or links; returns what failed."""
        failed: dict[Ref, RemoteError] = {}
        for item in items:
            error = await show_home(self._api, item)
            if error is not None:
                failed[item.ref] = error
        return failed

    async def _users(self, handles: Sequence[str]) -> Sequence[Person]:
        where = f"{self.name} people"
        any_of: list[Mapping[str, object]] = [
            {"id": {"in": [handle for handle in handles if is_uuid(handle)]}},
            *[{"email": {"eqIgnoreCase": handle}} for handle in handles if "@" in handle],
            {"displayName": {"in": [handle for handle in handles if "@" not in handle and not is_uuid(handle)]}},
        ]
        answer = await self._api.ask(
            queries.USERS,
            {"filter": {"or": any_of}, "first": len(handles)},
            where=where,
            points=PERSON_POINTS * len(handles),
        )
        page = parse(Connection[UserNode], dig(answer.data, ["users"], where), where)
        return [person for user in page.nodes if (person := person_of(user))]


def _teams(around: Around) -> Sequence[Container]:
    projects = {PROJECT} if around.scope.projects else set()
    return [
        Container(
            name=key,
            record_types=frozenset({ISSUE, COMMENT, *projects}),
            writable=team.archived_at is None,
        )
        for key, team in around.teams.items()
    ]
