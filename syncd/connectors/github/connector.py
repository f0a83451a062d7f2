"""The GitHub Projects connector: issues, drafts and milestones of one project and its repositories."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import httpx
from pydantic import SecretStr

from syncd.connectors._budget import Budget
from syncd.connectors.github import queries
from syncd.connectors.github.api import Api, parse
from syncd.connectors.github.fields import COMMENT, DRAFT, ISSUE_TYPE, ITERATION, MILESTONE, describe_fields
from syncd.connectors.github.find import Finder
from syncd.connectors.github.footers import Footers
from syncd.connectors.github.history import Historian
from syncd.connectors.github.home import HomeKeeper
from syncd.connectors.github.limits import CREATES_HOUR, CREATES_MINUTE
from syncd.connectors.github.nodes import Nodes
from syncd.connectors.github.payloads import UserNode
from syncd.connectors.github.project import Project, ProjectCache, Repository
from syncd.connectors.github.read import Reader
from syncd.connectors.github.records import person
from syncd.connectors.github.run import Runner
from syncd.connectors.github.scan import Scanner
from syncd.connectors.github.settings import GithubSettings
from syncd.connectors.github.subscribe import replay, subscribe
from syncd.connectors.github.sweep import Sweep
from syncd.connectors.github.write import UNMARKED, Writer
from syncd.connectors.hooks import Subscription
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
from syncd.errors import AuthError, RemoteError
from syncd.model.native import Choice, Person, Record
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref
from syncd.world import World

LISTS_LAG_S: Final = 60.0
"""How long a new issue may be missing from a list: unpublished, so a minute is assumed."""
WRITE_BATCH: Final = 20
PEOPLE_BATCH: Final = 50
QUIET: Final = frozenset({DRAFT, MILESTONE})
"""
Nobody is told of a new draft or milestone; watchers are told of every new issue and comment, whoever makes it.

Source: GitHub Docs, "Adding items to your project": people are not notified of
drafts until they become issues (recalled, to be checked live).
"""
_NODE_ID_PREFIXES: Final = ("U_", "MDQ6VXNlcj")


class GithubConnector:
    """One account at GitHub, seen through one project. Raises only subclasses of `RemoteError`."""

    def __init__(self, name: ConnectionName, settings: GithubSettings, client: httpx.AsyncClient, world: World) -> None:
        self.name = name
        self.capabilities = Capabilities(
            record_types=frozenset({ISSUE_TYPE, DRAFT, MILESTONE, COMMENT, ITERATION}),
            create_identity=CreateIdentity.MARKER_LAGGED,
            index_lag_s=LISTS_LAG_S,
            archives=True,
            max_batch=WRITE_BATCH,
            max_read_batch=settings.options.read_batch,
            quiet=QUIET,
            links_home=True,
            unmarks=UNMARKED,
            history=True,
            subscribes=True,
            replays=True,
            create_cost={CREATES_HOUR: 1.0, CREATES_MINUTE: 1.0},
        )
        self._api = Api(name=name, settings=settings, client=client, world=world)
        self._project = ProjectCache(self._api, settings)
        footers = Footers()
        sweep = Sweep(self._api, self._project)
        nodes = Nodes(self._api, self._project, batch=settings.options.read_batch)
        self._reader = Reader(self._api, self._project, nodes, sweep, footers)
        self._scanner = Scanner(self._api, self._project, sweep, self._reader, nodes)
        self._finder = Finder(self._api, self._project, self._reader)
        runner = Runner(self._api, self._project, per_request=settings.options.mutations_per_request)
        self._historian = Historian(self._api, self._project, batch=settings.options.read_batch)
        self._home = HomeKeeper(self._api, runner, footers, batch=settings.options.read_batch)
        self._writer = Writer(self._api, self._project, self._reader, sweep, runner, self._home)

    @property
    def budget(self) -> Budget:
        """Return how fast it may ask."""
        return self._api.budget

    def focus(self, types: frozenset[str]) -> None:
        """Read comments and iterations only when they are among these types; all else costs next to nothing."""
        self._scanner.types = types

    async def check(self) -> None:
        """Raise unless the project and every repository in scope are there, and the token may read them."""
        project = await self._project.refresh()
        self._check_scopes(project)
        for name in await self._project.repository_names():
            await self._project.repository(name, fresh=True)

    async def describe(self) -> Description:
        """Return the fields of issues, drafts, milestones and the project, and where things may be created."""
        project = await self._project.refresh()
        repositories: list[Repository] = []
        labels: dict[str, str] = {}
        for name in await self._project.repository_names():
            repository = await self._project.repository(name, fresh=True)
            repositories.append(repository)
            found = await self._project.labels(repository.name, fresh=True)
            labels |= {key: label.name for key, label in found.items() if key not in labels}
        types = tuple({choice.id: choice for repository in repositories for choice in repository.types}.values())
        return Description(
            fields=describe_fields(types=types, labels=sorted(labels.values()), project=project.around.fields.values()),
            containers=(
                *(_container(repository) for repository in repositories),
                Container(
                    name=project.around.place,
                    record_types=frozenset({DRAFT}),
                    writable=project.node.viewer_can_update and not project.node.closed,
                ),
            ),
            account=person(project.viewer),
        )

    def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """Yield what moved since the caller's revisions (see `Scanner.changes`)."""
        return self._scanner.changes(since, known)

    async def since(self, at: datetime) -> Cursor:
        """Return the cursor from which everything changed since *at* is read."""
        return await self._scanner.since(at)

    def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of everything live in scope."""
        return self._scanner.ids()

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        """Read each ref by node id; a draft that became an issue comes back as that issue."""
        return await self._reader.read_many(refs)

    async def subscribe(self, url: str, secret: SecretStr) -> Subscription:
        """Have every repository in scope send its webhooks to *url*; those of the organisation a person sets up."""
        return await subscribe(self._api, self._project, url, secret)

    async def replay(self, url: str, since: datetime) -> int:
        """Have failed deliveries of the repositories' webhooks sent again."""
        return await replay(self._api, self._project, url, since)

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out each write once, in order, and answer for each."""
        return await self._writer.write(batch)

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return every record carrying each key's marker in its container, oldest first."""
        return await self._finder.find_created(keys)

    async def people(self, handles: Sequence[str]) -> Mapping[str, Person]:
        """Return the user behind each login or node id; GitHub finds nobody by e-mail."""
        found: dict[str, Person] = {}
        wanted = [handle for handle in dict.fromkeys(handles) if handle and "@" not in handle]
        ids = [handle for handle in wanted if handle.startswith(_NODE_ID_PREFIXES)]
        logins = [handle for handle in wanted if not handle.startswith(_NODE_ID_PREFIXES)]
        where = f"{self.name} people"
        for start in range(0, len(ids), PEOPLE_BATCH):
            some = ids[start : start + PEOPLE_BATCH]
            answer = await self._api.query(queries.USERS_BY_ID, {"ids": some}, where=where)
            nodes = answer.data.get("nodes")
            for handle, node in zip(some, nodes if isinstance(nodes, list) else (), strict=False):
                if isinstance(node, Mapping) and node.get("id"):
                    found[handle] = person(parse(UserNode, node, where))
        for start in range(0, len(logins), PEOPLE_BATCH):
            some = logins[start : start + PEOPLE_BATCH]
            variables = {f"l{index}": login for index, login in enumerate(some)}
            answer = await self._api.query(queries.users_by_login(len(some)), variables, where=where)
            for index, handle in enumerate(some):
                if answer.data.get(f"u{index}") is not None:
                    found[handle] = person(parse(UserNode, answer.data[f"u{index}"], where))
        return found

    def history(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Yield who edited issues and comments; drafts, milestones and most project fields have no history."""
        return self._historian.edits(refs)

    async def show_home(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """Show each item's counterparts in a line below its body or description."""
        return await self._home.show(items)

    async def take_mark_off(self, op: OpId, record: Record) -> Outcome:
        """Take our HTML comment out of a text."""
        return await self._writer.take_mark_off(op, record)

    def _check_scopes(self, project: Project) -> None:
        """
        Raise when a classic token lacks what reading needs; other credentials are judged by their answers.

        Source: GitHub Docs, "Using the API to manage Projects" and "Scopes for OAuth apps".
        """
        if project.scopes is None:
            return
        missing = [
            " or ".join(sorted(any_of))
            for any_of in ({"project", "read:project"}, {"repo", "public_repo"})
            if not any_of & project.scopes
        ]
        if missing:
            raise AuthError(
                f"the token lacks the scope {', and '.join(missing)}",
                where=f"{self.name} auth.token",
                fix="add `project` (or `read:project` to observe only) and `repo` to the token on GitHub",
            )


def _container(repository: Repository) -> Container:
    types: Sequence[Choice] = repository.types
    return Container(
        name=repository.name,
        record_types=frozenset({ISSUE_TYPE, MILESTONE, COMMENT, *(choice.label for choice in types)}),
        writable=repository.writable,
    )
