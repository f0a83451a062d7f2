"""One Redmine connection (the promises are in `syncd/connectors/protocol.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import httpx

from syncd.connectors._budget import Budget
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
from syncd.connectors.redmine.catalog import ISSUE, VERSION, Catalog, read_catalog, read_scope
from syncd.connectors.redmine.comments import COMMENT, find_comments
from syncd.connectors.redmine.describe import describe
from syncd.connectors.redmine.homes import show_home
from syncd.connectors.redmine.payloads import IssuePage, Versions
from syncd.connectors.redmine.people import find_people
from syncd.connectors.redmine.queries import ANY_STATUS, ISSUES, MAX_LIMIT, PROJECT_VERSIONS
from syncd.connectors.redmine.records import issue_record, version_record
from syncd.connectors.redmine.scan import RELATIONS, read_history, read_mark, read_records, scan, sweep
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.connectors.redmine.site import Site
from syncd.connectors.redmine.unmark import UNMARKED, take_mark_off
from syncd.connectors.redmine.writes import write_all
from syncd.errors import RejectedError, RemoteError
from syncd.model.native import Person, Record
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref
from syncd.world import World

MAX_BATCH: Final = 20
"""Writes go one by one; this only bounds what one call holds up."""


class RedmineConnector:
    """One account at one Redmine site."""

    def __init__(
        self, name: ConnectionName, settings: RedmineSettings, client: httpx.AsyncClient, world: World
    ) -> None:
        self.name = name
        self.capabilities = Capabilities(
            record_types=frozenset({VERSION, COMMENT}),
            create_identity=CreateIdentity.MARKER_CONSISTENT,
            history=True,
            max_batch=MAX_BATCH,
            max_read_batch=MAX_LIMIT,
            links_home=True,
            unmarks=UNMARKED,
        )
        self._site = Site(name, settings, client, world)
        self._with_comments = False
        self._known: Catalog | None = None

    @property
    def budget(self) -> Budget:
        """Return how fast it may ask."""
        return self._site.budget

    def focus(self, types: frozenset[str]) -> None:
        """Read comments only when they are among these types; everything else comes anyway."""
        self._with_comments = COMMENT in types

    async def check(self) -> None:
        """Raise unless the URL answers, the key is accepted and every project in scope is readable."""
        await self._site.account()
        await read_scope(self._site)

    async def describe(self) -> Description:
        """Return the fields, containers and account, read anew."""
        self._known = await read_catalog(self._site)
        return describe(self._site, self._known)

    async def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """Yield everything in scope that may have changed since that cursor; all of it when `None`."""
        catalog = await self._fresh_catalog()
        async for page in scan(self._site, catalog, since, known, with_comments=self._with_comments):
            yield page

    async def since(self, at: datetime) -> Cursor:
        """Return the cursor from which everything changed since *at* is read."""
        mark = read_mark(None, self._site, await self._catalog(), with_comments=self._with_comments)
        return mark.model_copy(update={"since": at, "full_at": self._site.world.now()}).as_cursor()

    async def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of everything in scope but comments."""
        async for refs in sweep(self._site, (await self._fresh_catalog()).scope):
            yield refs

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        """Read each ref by id, with an answer for every ref asked."""
        if not refs:
            return {}
        catalog = await self._catalog()
        _, records = await asyncio.gather(self._site.account(), read_records(self._site, catalog, refs))
        return records  # worth something only because the account was known: strangers see public projects, too

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out each write once, in order, and answer for each."""
        return await write_all(self._site, await self._catalog(), batch)

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return every record carrying each key's marker in its container, oldest first."""
        if not keys:
            return {}
        await self._site.account()
        catalog = await self._catalog()
        found: dict[EntityId, list[Record]] = {}
        found.update(await find_comments(self._site, catalog, [key for key in keys if key.type == COMMENT]))
        others = [key for key in keys if key.type != COMMENT]
        for key in dict.fromkeys((key.marker, key.container, key.type == VERSION) for key in others):
            marker, container, is_version = key
            look = self._marked_versions if is_version else self._marked_issues
            records = [one for one in await look(catalog, container, marker) if one.marker == marker]
            if records:
                found.setdefault(marker, []).extend(sorted(records, key=lambda one: int(one.ref.id)))
        return found

    async def people(self, handles: Sequence[str]) -> Mapping[str, Person]:
        """Return the user behind each id, login or e-mail."""
        return await find_people(self._site, await self._catalog(), handles) if handles else {}

    async def history(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Yield who changed which field when."""
        async for edit in read_history(self._site, refs):
            yield edit

    async def show_home(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """Make each issue show exactly these counterparts; versions and comments show none."""
        return await show_home(self._site, await self._catalog(), items) if items else {}

    async def take_mark_off(self, op: OpId, record: Record) -> Outcome:
        """Take our mark off an issue, a version or a note, and nothing else."""
        return await take_mark_off(self._site, await self._catalog(), op, record)

    async def _catalog(self) -> Catalog:
        if self._known is None:
            self._known = await read_catalog(self._site)
        return self._known

    async def _fresh_catalog(self) -> Catalog:
        """Return the catalog with the projects of today, the key proven: one or two requests."""
        if self._known is None:
            return await self._catalog()
        account = await self._site.account()
        projects, scope = await read_scope(self._site)
        details = {project.id: project for project in self._known.scope}
        if {project.id for project in scope} != set(details):
            self._known = await read_catalog(self._site)
        else:
            self._known = replace(self._known, account=account, projects=projects | details)
        return self._known

    async def _marked_issues(self, catalog: Catalog, container: str, marker: EntityId) -> list[Record]:
        """Return the issues a filter finds. A filter Redmine does not know is ignored and finds *everything*."""
        name = self._site.settings.options.marker_name(ISSUE)
        custom = catalog.custom_named(ISSUE, name)
        if custom is None:
            raise self._no_marker(name)
        params: dict[str, str | int] = {
            "project_id": container,
            custom.key: marker,
            "limit": MAX_LIMIT,
            **ANY_STATUS,
            **RELATIONS,
        }
        page = await self._site.get(ISSUES, IssuePage, params=params, where=f"{self.name} project {container}")
        records = [issue_record(issue, catalog, self.name, self._site.settings) for issue in page.issues]
        if any(record.marker != marker for record in records):
            raise RejectedError(
                f'the custom field "{name}" cannot be searched for, so nobody can tell what was created',
                where=f"{self.name} (options.marker_field)",
                fix='tick "Used as a filter" in its settings (Administration, Custom fields)',
            )
        return records

    async def _marked_versions(self, catalog: Catalog, container: str, _marker: EntityId) -> list[Record]:
        name = self._site.settings.options.marker_name(VERSION)
        if catalog.custom_named(VERSION, name) is None:
            raise self._no_marker(name)
        found = await self._site.get(PROJECT_VERSIONS, Versions, container, where=f"{self.name} project {container}")
        return [version_record(version, catalog, self.name, self._site.settings) for version in found.versions]

    def _no_marker(self, name: str) -> RejectedError:
        """Return the error of looking for marks without a field that holds them: "none found" would be a guess."""
        return RejectedError(
            f'there is no custom field "{name}" (or none was seen), so nobody can tell what was created',
            where=f"{self.name} (options.marker_field)",
            fix=f'bring the custom field "{name}" back, or name the one that holds the marks',
        )
