"""What a site has: a catalogue for ourselves, a description for mappings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as parts_of
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from syncd.connectors._together import side_by_side
from syncd.connectors.jira.comments import COMMENT_FIELDS
from syncd.connectors.jira.fields import (
    COMMENT,
    DEPENDS_ON,
    LINKS,
    NATIVE_TYPES,
    PARENT,
    STATUS,
    VERSION,
    VERSION_STATUSES,
    FieldInfo,
    Wire,
    field_info,
    read_choice,
    read_person,
)
from syncd.connectors.jira.payloads import CreateField, CreateFields, FieldDetails, LinkTypes, Project, TypeStatuses
from syncd.connectors.jira.queries import CREATE_FIELDS, FIELDS, LINK_TYPES, PROJECT, PROJECT_STATUSES
from syncd.connectors.jira.site import Site
from syncd.connectors.jira.sprints import ITERATION_FIELDS
from syncd.connectors.protocol import Container, Description
from syncd.errors import ForbiddenError, NotFoundError
from syncd.model.native import Choice, NativeField, NativeType, TextFormat

MAX_VERSION_NAME: Final = 255
MAX_VERSION_DESCRIPTION: Final = 16_000
"""Of 16,384 bytes (contract, schema Version), the rest is for our mark."""

_ALL_BUT_TYPES: Final = attrgetter(*(one.name for one in parts_of(NativeField) if one.name != "record_types"))

PAGE: Final = 200
MAX_PAGES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What we must know of a site to read and write its records."""

    fields: Mapping[str, FieldInfo]
    blocks: str | None
    """The id of the link type that means one issue waits for another; `None` when the site has none of that name."""
    projects: Mapping[str, str]
    """Project keys by id."""
    types: Mapping[str, Mapping[str, str]]
    """Issue type ids by name, by project key."""
    fingerprint: str
    """Changes when records would hold other fields."""

    @property
    def asked(self) -> list[str]:
        """Return the fields every read asks for."""
        return [*self.fields, "issuetype", "project", *([LINKS] if self.blocks else [])]

    def project_id(self, key: str) -> str | None:
        """Return the id of the project with that key."""
        return next((found for found, known in self.projects.items() if known == key), None)


async def read_projects(site: Site) -> list[Project]:
    """
    Read every project in scope.

    Raises:
        NotFoundError: some are not there, or hidden; all of them are named.
    """
    projects, missing = [], []
    for key in site.settings.scope.projects:
        try:
            projects.append(await site.get(PROJECT, Project, key, where=f"{site.name} (scope.projects)"))
        except (NotFoundError, ForbiddenError):
            missing.append(key)
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise NotFoundError(
            f"no project{plural} {', '.join(missing)}, or hidden from this account",
            where=f"{site.name} (scope.projects)",
            fix=f'correct the key{plural}, or grant the account "Browse projects" there',
        )
    return projects


async def read_catalog(site: Site) -> Catalog:
    """Read what we must know of the site."""
    details = await site.get(FIELDS, list[FieldDetails])
    projects = await read_projects(site)
    fields = {info.key: info for info in map(field_info, details) if info is not None}
    fields.setdefault(PARENT, FieldInfo(key=PARENT, label="Parent", wire=Wire.PARENT, writable=True))
    blocks = await _blocks(site)
    shape = sorted(f"{info.key}:{info.wire}" for info in fields.values())
    return Catalog(
        fields=MappingProxyType(fields),
        blocks=blocks,
        projects=MappingProxyType({project.id: project.key for project in projects}),
        types=MappingProxyType(
            {project.key: {kind.name: kind.id for kind in project.issue_types} for project in projects}
        ),
        fingerprint=hashlib.sha256("\n".join([*shape, str(blocks)]).encode()).hexdigest()[:8],
    )


async def _blocks(site: Site) -> str | None:
    wanted = site.settings.options.depends_on_link.casefold()
    try:
        known = await site.get(LINK_TYPES, LinkTypes)
    except NotFoundError:  # linking is switched off on this site
        return None
    return next((kind.id for kind in known.types if kind.name.casefold() == wanted), None)


async def describe(site: Site, catalog: Catalog) -> Description:
    """Return the fields, containers and account, read anew."""
    account = read_person(await site.account())
    found: list[NativeField] = []
    places = [(key, name, type_id) for key, types in catalog.types.items() for name, type_id in types.items()]
    at_once = site.settings.options.scan_in_flight

    async def statuses_of(key: str) -> list[TypeStatuses]:
        return await site.get(PROJECT_STATUSES, list[TypeStatuses], key)

    async def screen_of(place: tuple[str, str, str]) -> dict[str, CreateField]:
        return await _screen(site, place[0], place[2])

    statuses = await side_by_side(statuses_of, catalog.types, at_once=at_once)
    screens = await side_by_side(screen_of, places, at_once=at_once)
    for key, told in zip(catalog.types, statuses, strict=True):
        found += _statuses(key, told)
    for (key, name, _), screen in zip(places, screens, strict=True):
        found += _fields_of_type(catalog, key, name, screen)
    containers = tuple(
        Container(name=key, record_types=frozenset({*types, VERSION, COMMENT})) for key, types in catalog.types.items()
    )
    return Description(
        fields=(*_merged(found), *_VERSION_FIELDS, *COMMENT_FIELDS, *ITERATION_FIELDS),
        containers=containers,
        account=account,
    )


async def _screen(site: Site, project: str, type_id: str) -> dict[str, CreateField]:
    """Return the create screen's fields by id; none when the account may not create there."""
    found: list[CreateField] = []
    for _ in range(MAX_PAGES):
        try:
            page = await site.get(
                CREATE_FIELDS, CreateFields, project, type_id, params={"startAt": len(found), "maxResults": PAGE}
            )
        except (ForbiddenError, NotFoundError):
            break
        new = page.fields or page.results
        found += new
        if not new or len(new) < PAGE or len(found) >= (page.total or 0):
            break
    return {field.field_id: field for field in found}


def _fields_of_type(
    catalog: Catalog, project: str, type_name: str, screen: Mapping[str, CreateField]
) -> Iterable[NativeField]:
    for info in catalog.fields.values():
        if info.wire is Wire.STATUS:
            continue
        shown = screen.get(info.key)
        yield NativeField(
            key=info.key,
            label=info.label,
            type=NATIVE_TYPES[info.wire],
            format=TextFormat.ADF if info.wire is Wire.ADF else None,
            options=_options(info, shown),
            free=info.is_free,
            writable=info.writable,
            required_on_create=shown is not None and shown.required and not shown.has_default,
            max_length=info.max_length,
            can_be_empty=info.key not in {"summary", "priority", "timeoriginalestimate"},
            record_types=frozenset({type_name}),
            containers=frozenset({project}),
        )
    if catalog.blocks is not None:
        yield NativeField(
            key=DEPENDS_ON,
            label="Is blocked by",
            type=NativeType.REFS,
            record_types=frozenset({type_name}),
            containers=frozenset({project}),
        )


def _options(info: FieldInfo, shown: CreateField | None) -> tuple[Choice, ...]:
    if shown is None or shown.allowed is None or info.wire not in {Wire.OPTION, Wire.OPTIONS}:
        return ()
    return tuple(read_choice(one) for one in shown.allowed)


def _statuses(project: str, types: Iterable[TypeStatuses]) -> Iterable[NativeField]:
    for kind in types:
        yield NativeField(
            key=STATUS,
            label="Status",
            type=NativeType.CHOICE,
            options=tuple(read_choice(one.model_dump(by_alias=True)) for one in kind.statuses),
            can_be_empty=False,
            record_types=frozenset({kind.name}),
            containers=frozenset({project}),
        )


def _merged(found: Iterable[NativeField]) -> list[NativeField]:
    """Say once, for several record types of a container, what is the same for all of them."""
    groups: dict[tuple[object, ...], list[NativeField]] = {}
    for one in found:
        options = tuple((option.id, option.label, option.category) for option in one.options)
        groups.setdefault((options, *_ALL_BUT_TYPES(one)), []).append(one)
    return [
        replace(same[-1], record_types=frozenset().union(*(one.record_types for one in same)))
        for same in groups.values()
    ]


_OF_VERSIONS: Final = frozenset({VERSION})

_VERSION_FIELDS: Final = (
    NativeField(
        key="name",
        label="Name",
        type=NativeType.TEXT,
        required_on_create=True,
        max_length=MAX_VERSION_NAME,
        can_be_empty=False,
        record_types=_OF_VERSIONS,
    ),
    NativeField(
        key="description",
        label="Description",
        type=NativeType.TEXT,
        max_length=MAX_VERSION_DESCRIPTION,
        record_types=_OF_VERSIONS,
    ),
    NativeField(key="startDate", label="Start date", type=NativeType.DATE, record_types=_OF_VERSIONS),
    NativeField(key="releaseDate", label="Release date", type=NativeType.DATE, record_types=_OF_VERSIONS),
    NativeField(
        key="status",
        label="Status",
        type=NativeType.CHOICE,
        options=VERSION_STATUSES,
        can_be_empty=False,
        record_types=_OF_VERSIONS,
    ),
)
