"""What the site has: projects, trackers, statuses, custom fields."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syncd.connectors.redmine.payloads import (
    CustomField,
    CustomFields,
    CustomValue,
    IssuePage,
    OneProject,
    Priorities,
    Priority,
    Project,
    Status,
    Statuses,
    Tracker,
    Trackers,
    User,
    Versions,
)
from syncd.connectors.redmine.queries import (
    ANY_STATUS,
    CUSTOM_FIELDS,
    ISSUES,
    MAX_LIMIT,
    PRIORITIES,
    PROJECT,
    PROJECT_VERSIONS,
    STATUSES,
    TRACKERS,
)
from syncd.connectors.redmine.settings import Format, RedmineSettings
from syncd.connectors.redmine.site import Site
from syncd.errors import ForbiddenError, NotFoundError
from syncd.model.native import Choice, NativeType

ISSUE: Final = "issue"
VERSION: Final = "version"

OPEN: Final = "open"
CLOSED: Final = "closed"
PROJECT_CLOSED: Final = 5

VERSION_STATUSES: Final = (
    Choice("open", "open", OPEN),
    Choice("locked", "locked", OPEN),
    Choice("closed", "closed", CLOSED),
)

_SINGLE: Final = {
    Format.INT: NativeType.NUMBER,
    Format.FLOAT: NativeType.NUMBER,
    Format.BOOL: NativeType.BOOL,
    Format.DATE: NativeType.DATE,
    Format.LIST: NativeType.CHOICE,
    Format.ENUMERATION: NativeType.CHOICE,
    Format.USER: NativeType.PERSON,
    Format.VERSION: NativeType.REF,
    Format.TEXT: NativeType.RICH_TEXT,
}
_MULTIPLE: Final = {Format.USER: NativeType.PEOPLE, Format.VERSION: NativeType.REFS}

STANDARD: Final[Mapping[str, str]] = {
    "assigned_to": "assigned_to_id",
    "category": "category_id",
    "fixed_version": "fixed_version_id",
    "parent": "parent_issue_id",
    "start_date": "start_date",
    "due_date": "due_date",
    "estimated_hours": "estimated_hours",
    "done_ratio": "done_ratio",
    "description": "description",
}
"""Fields a tracker may have switched off, with the names `trackers.json` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A custom field, as far as this account can know it."""

    id: int
    name: str
    on: str
    """`issue` or `version`."""
    format: str = Format.STRING
    multiple: bool = False
    options: tuple[Choice, ...] = ()
    trackers: frozenset[str] = frozenset()
    """Empty: all, or unknown."""
    max_length: int | None = None
    required: bool = False
    is_filter: bool | None = None
    """`None`: only administrators are told."""

    @property
    def key(self) -> str:
        """Its key in `Record.fields`."""
        return f"cf_{self.id}"

    @property
    def type(self) -> NativeType:
        """What its values are."""
        known = Format(self.format) if self.format in set(Format) else Format.STRING
        if self.multiple:
            return _MULTIPLE.get(known, NativeType.CHOICES)
        return _SINGLE.get(known, NativeType.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What the site has, as last read."""

    account: User
    projects: Mapping[int, Project]
    """Every project the account sees; those in scope with their details."""
    scope: tuple[Project, ...]
    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    trackers: tuple[Tracker, ...]
    customs: Mapping[tuple[str, int], Custom]
    """By `issue` or `version`, and id."""
    inferred: bool
    """The account is no administrator: custom fields are known only as far as they were seen."""

    def custom_named(self, on: str, name: str) -> Custom | None:
        """Return the custom field of that name."""
        return next((field for field in self.customs.values() if (field.on, field.name) == (on, name)), None)

    def identifier(self, project_id: int) -> str:
        """Return a project's identifier; one the account does not see is called by its number."""
        project = self.projects.get(project_id)
        return project.identifier if project else f"#{project_id}"

    @property
    def in_scope(self) -> frozenset[int]:
        """The ids of the projects in scope."""
        return frozenset(project.id for project in self.scope)

    @property
    def fingerprint(self) -> str:
        """A hash of what records are read by: when it changes, everything is read anew."""
        told = () if self.inferred else self.customs.values()  # what was inferred depends on what was seen
        parts = [str(sorted(self.in_scope)), *sorted(str((c.key, c.on, c.type, c.name)) for c in told)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def seen(self, on: str, values: Iterable[CustomValue], settings: RedmineSettings) -> Catalog:
        """Return the catalog with the custom fields that show on a record."""
        new = {(on, value.id): infer(value, on, settings) for value in values if (on, value.id) not in self.customs}
        return replace(self, customs={**self.customs, **new}) if new else self


async def read_scope(site: Site) -> tuple[dict[int, Project], tuple[Project, ...]]:
    """
    Return every project the account sees, and those in scope, in order of their identifiers.

    Raises `NotFoundError` or `ForbiddenError` naming a project of the scope that cannot be read.
    """
    projects = await site.projects()
    named = {project.identifier: project for project in projects.values()}
    scope: dict[int, Project] = {}
    for identifier in site.settings.scope.projects:
        top = named.get(identifier) or await read_project(site, identifier)
        projects[top.id] = top
        scope[top.id] = top
    grew = site.settings.scope.subprojects
    while grew:
        below = {p.id: p for p in projects.values() if p.parent and p.parent.id in scope and p.id not in scope}
        scope |= below
        grew = bool(below)
    return projects, tuple(sorted(scope.values(), key=lambda project: project.identifier))


async def read_project(site: Site, identifier: str) -> Project:
    """Return one project with its trackers and categories; the error names the scope's line when it is not there."""
    where = f"{site.name} (scope.projects: {identifier})"
    params = {"include": "trackers,issue_categories,issue_custom_fields"}
    try:
        return (await site.get(PROJECT, OneProject, identifier, params=params, where=where)).project
    except NotFoundError as exc:
        raise NotFoundError(
            f'there is no project "{identifier}", or the account may not see it',
            where=where,
            fix="use the identifier in the project's address, and make the account a member",
        ) from exc
    except ForbiddenError as exc:
        raise ForbiddenError(
            f'the account may not read the project "{identifier}"',
            where=where,
            fix="make the account a member of it, un-archive it, or take it out of scope.projects; and check that "
            "the REST web service is enabled (Administration, Settings, API)",
        ) from exc


async def read_catalog(site: Site) -> Catalog:
    """Return what the site has, read anew."""
    account = await site.account()
    projects, scope = await read_scope(site)
    scope = tuple([await read_project(site, project.identifier) for project in scope])
    catalog = Catalog(
        account=account,
        projects=projects | {project.id: project for project in scope},
        scope=scope,
        statuses=(await site.get(STATUSES, Statuses)).issue_statuses,
        priorities=(await site.get(PRIORITIES, Priorities)).issue_priorities,
        trackers=(await site.get(TRACKERS, Trackers)).trackers,
        customs={},
        inferred=False,
    )
    try:
        told = (await site.get(CUSTOM_FIELDS, CustomFields)).custom_fields
    except ForbiddenError:  # only administrators may
        return await _look_around(site, replace(catalog, inferred=True))
    customs = [_told(field) for field in told if field.customized_type in {ISSUE, VERSION}]
    return replace(catalog, customs={(field.on, field.id): field for field in customs})


async def _look_around(site: Site, catalog: Catalog) -> Catalog:
    """Return the catalog with the custom fields seen on some issues and on the versions of each project."""
    for project in catalog.scope:
        params: dict[str, str | int] = {"project_id": project.identifier, "limit": MAX_LIMIT, **ANY_STATUS}
        for issue in (await site.get(ISSUES, IssuePage, params=params)).issues:
            catalog = catalog.seen(ISSUE, issue.custom_fields, site.settings)
        for version in (await site.get(PROJECT_VERSIONS, Versions, project.identifier)).versions:
            catalog = catalog.seen(VERSION, version.custom_fields, site.settings)
    return catalog


def _told(field: CustomField) -> Custom:
    return Custom(
        id=field.id,
        name=field.name,
        on=field.customized_type,
        format=field.field_format,
        multiple=field.multiple,
        options=tuple(Choice(one.value, one.label or one.value) for one in field.possible_values),
        trackers=frozenset(tracker.name for tracker in field.trackers),
        max_length=field.max_length or None,
        required=field.is_required,
        is_filter=field.is_filter,
    )


def infer(value: CustomValue, on: str, settings: RedmineSettings) -> Custom:
    """Return what can be known of a custom field from one value: its format only if the configuration says it."""
    form = settings.options.custom_fields.get(value.name, Format.LIST if value.multiple else Format.STRING)
    return Custom(id=value.id, name=value.name, on=on, format=form, multiple=value.multiple)


def status_choice(status: Status, catalog: Catalog) -> Choice:
    """Return an issue status with its category, which is `open` or `closed`."""
    is_closed = status.is_closed
    if is_closed is None:
        is_closed = any(known.id == status.id and known.is_closed for known in catalog.statuses)
    return Choice(str(status.id), status.name, CLOSED if is_closed else OPEN)
