"""One Jira Cloud connection (the promises are in `syncd/connectors/protocol.py`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

import httpx
from pydantic import SecretStr

from syncd.connectors._budget import Budget
from syncd.connectors.hooks import Subscription
from syncd.connectors.jira.comments import find_comments
from syncd.connectors.jira.describe import Catalog, describe, read_catalog, read_projects
from syncd.connectors.jira.fields import COMMENT, ISSUE, ITERATION, VERSION
from syncd.connectors.jira.full import issue_ids, read_versions, sweep
from syncd.connectors.jira.homes import show_home
from syncd.connectors.jira.marks import Mark, Scan, query_hash, to_ms
from syncd.connectors.jira.queries import MAX_BULK_CREATE, MAX_BULK_FETCH
from syncd.connectors.jira.reads import batched, find_people, read_history, read_records
from syncd.connectors.jira.records import mark_label, version_record
from syncd.connectors.jira.scan import scan
from syncd.connectors.jira.settings import BearerAuth, JiraSettings
from syncd.connectors.jira.site import Site
from syncd.connectors.jira.sprints import Sprints
from syncd.connectors.jira.subscribe import subscribe
from syncd.connectors.jira.writes import take_mark_off, write_all
from syncd.connectors.protocol import (
    Capabilities,
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
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref
from syncd.world import World

KEYS_A_SEARCH: Final = 50
"""Marks looked up by one search."""


class JiraConnector:
    """One account at one Jira Cloud site."""

    def __init__(self, name: ConnectionName, settings: JiraSettings, client: httpx.AsyncClient, world: World) -> None:
        self.name = name
        self.capabilities = Capabilities(
            record_types=frozenset({VERSION, COMMENT, ITERATION}),
            create_identity=CreateIdentity.MARKER_LAGGED,
            index_lag_s=settings.options.index_lag_s,
            history=True,
            max_batch=MAX_BULK_CREATE,
            max_read_batch=MAX_BULK_FETCH,
            quiet=frozenset({VERSION}),
            links_home=True,
            subscribes=isinstance(settings.auth, BearerAuth),
            unmarks=frozenset({ISSUE, VERSION, COMMENT}),
        )
        self._site = Site(name, settings, client, world)
        self._sprints = Sprints(self._site)
        self.types: frozenset[str] = frozenset()
        self._known: Catalog | None = None

    @property
    def budget(self) -> Budget:
        """Return how fast it may ask."""
        return self._site.budget

    def focus(self, types: frozenset[str]) -> None:
        """Read records of these types only."""
        self.types = types

    async def check(self) -> None:
        """Raise unless the URL answers, the credential is accepted and every project in scope is readable."""
        await self._site.account()
        await read_projects(self._site)

    async def describe(self) -> Description:
        """Return the fields, containers and account, read anew."""
        self._known = await read_catalog(self._site)
        return await describe(self._site, self._known)

    async def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """Yield everything in scope that may have changed since that cursor; all of it when `None`."""
        account = await self._site.account()
        asked = Scan(
            site=self._site,
            catalog=await self._catalog(),
            sprints=self._sprints,
            account=account,
            types=self.types,
            known=known,
        )
        async with aclosing(scan(asked, since)) as pages:
            async for page in pages:
                yield page

    async def since(self, at: datetime) -> Cursor:
        """Return the cursor from which everything changed since *at* is read."""
        query = query_hash(self._site.settings.scope, await self._catalog(), self.types)
        return Mark(query=query, mark_ms=to_ms(at)).as_cursor()

    async def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of everything in scope but the comments."""
        account = await self._site.account()
        async for refs in sweep(self._site):
            yield refs
        if ITERATION in self.types:
            yield [record.ref for record in await self._sprints.read_all(account)]

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        """Read each ref by id, with an answer for every ref asked."""
        sprints = [ref for ref in refs if ref.kind == ITERATION]
        others = [ref for ref in refs if ref.kind != ITERATION]
        answers = await read_records(self._site, await self._catalog(), others)
        if sprints:
            answers |= await self._sprints.read(sprints, await self._site.account())
        return answers

    async def subscribe(self, url: str, secret: SecretStr) -> Subscription:
        """Register or refresh an OAuth app's webhook; Jira signs with the app's client secret, not with *secret*."""
        del secret
        return await subscribe(self._site, url)

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out each write once, in order, and answer for each."""
        return await write_all(self._site, await self._catalog(), batch)

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return every record carrying each key's marker in its container, oldest first."""
        catalog = await self._catalog()
        places: dict[tuple[str, bool], set[EntityId]] = defaultdict(set)
        for key in (key for key in keys if key.type != COMMENT):
            places[key.container, key.type == VERSION].add(key.marker)
        found: dict[EntityId, list[Record]] = defaultdict(list)
        for (container, is_version), markers in sorted(places.items()):
            records = (
                await self._marked_versions(catalog, container)
                if is_version
                else await self._marked_issues(catalog, container, sorted(markers))
            )
            for record in sorted(records, key=lambda one: (len(one.ref.id), one.ref.id)):
                if record.marker in markers:
                    found[EntityId(record.marker)].append(record)
        for record in await find_comments(self._site, [key for key in keys if key.type == COMMENT]):
            found[EntityId(str(record.marker))].append(record)
        return dict(found)

    async def people(self, handles: Sequence[str]) -> Mapping[str, Person]:
        """Return the user behind each account id or e-mail."""
        return await find_people(self._site, handles)

    async def history(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Yield who changed which field when."""
        async for edit in read_history(self._site, refs):
            yield edit

    async def show_home(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """Make each issue show exactly these counterparts, by remote links of our own."""
        return await show_home(self._site, items)

    async def take_mark_off(self, op: OpId, record: Record) -> Outcome:
        """Take our label and property off an issue, and our last line off a version's description."""
        return await take_mark_off(self._site, await self._catalog(), op, record)

    async def _catalog(self) -> Catalog:
        if self._known is None:
            self._known = await read_catalog(self._site)
        return self._known

    async def _marked_issues(self, catalog: Catalog, container: str, markers: Sequence[str]) -> list[Record]:
        """Return the issues a search finds by their mark's label, confirmed by id: a label alone may be a copy."""
        records: list[Record] = []
        for some in batched(markers, KEYS_A_SEARCH):
            labels = ", ".join(f'"{mark_label(marker)}"' for marker in some)
            async for refs in issue_ids(self._site, f'project = "{container}" AND labels in ({labels})'):
                read = await read_records(self._site, catalog, refs)
                records += [record for record in read.values() if isinstance(record, Record)]
        return records

    async def _marked_versions(self, catalog: Catalog, container: str) -> list[Record]:
        versions = await read_versions(self._site, container)
        return [version_record(version, catalog, self.name, self._site.settings) for version in versions]
