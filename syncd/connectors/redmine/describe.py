"""What the account can see and do, in the words every connector uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncd.connectors.protocol import Container, Description
from syncd.connectors.redmine.catalog import (
    ISSUE,
    PROJECT_CLOSED,
    STANDARD,
    VERSION,
    VERSION_STATUSES,
    Catalog,
    status_choice,
)
from syncd.connectors.redmine.comments import COMMENT, COMMENT_FIELDS
from syncd.connectors.redmine.payloads import Project
from syncd.connectors.redmine.settings import Format
from syncd.connectors.redmine.site import Site
from syncd.model.native import Choice, NativeField, NativeType, Person, TextFormat


def describe(site: Site, catalog: Catalog) -> Description:
    """Return what the account can see and do."""
    account = catalog.account
    types = frozenset(tracker.name for project in catalog.scope for tracker in project.trackers)
    customs = _custom_fields(site, catalog, types)
    fields = (*_issue_fields(catalog, types), *_version_fields(), *COMMENT_FIELDS, *customs)
    text = TextFormat(site.settings.options.text_format)
    return Description(
        fields=tuple(replace(each, format=text) if each.type is NativeType.RICH_TEXT else each for each in fields),
        containers=tuple(
            Container(
                name=project.identifier,
                record_types=frozenset(_creatable(site, catalog, project)),
                writable=project.status != PROJECT_CLOSED,
            )
            for project in catalog.scope
        ),
        account=Person(str(account.id), account.name, account.login, account.mail),
    )


def _creatable(site: Site, catalog: Catalog, project: Project) -> Iterator[str]:
    """Yield the record types that may be created: notes, and those with a custom field to carry our mark."""
    options = site.settings.options
    yield COMMENT
    if catalog.custom_named(VERSION, options.marker_name(VERSION)):
        yield VERSION
    custom = catalog.custom_named(ISSUE, options.marker_name(ISSUE))
    if custom and custom.is_filter is not False:
        yield from (one.name for one in project.trackers if not custom.trackers or one.name in custom.trackers)


def _issue_fields(catalog: Catalog, types: frozenset[str]) -> Iterator[NativeField]:
    """Yield the fields of issues, each for the trackers that have it switched on."""
    for field in _all_issue_fields(catalog):
        name = STANDARD.get(field.key)
        where = types & {
            tracker.name
            for tracker in catalog.trackers
            if name is None or tracker.enabled_standard_fields is None or name in tracker.enabled_standard_fields
        }
        if where:  # an empty set would mean every type
            yield replace(field, record_types=where)


def _all_issue_fields(catalog: Catalog) -> Iterator[NativeField]:
    statuses = tuple(status_choice(status, catalog) for status in catalog.statuses)
    priorities = tuple(Choice(str(p.id), p.name) for p in catalog.priorities if p.active)
    kind = NativeType
    yield NativeField(
        key="subject", label="Subject", type=kind.TEXT, required_on_create=True, max_length=255, can_be_empty=False
    )
    yield NativeField(key="description", label="Description", type=kind.RICH_TEXT)
    yield NativeField(key="status", label="Status", type=kind.CHOICE, options=statuses, can_be_empty=False)
    yield NativeField(key="priority", label="Priority", type=kind.CHOICE, options=priorities, can_be_empty=False)
    yield NativeField(key="assigned_to", label="Assignee", type=kind.PERSON)
    yield NativeField(key="author", label="Author", type=kind.PERSON, writable=False)
    for project in catalog.scope:
        options = tuple(Choice(str(category.id), category.name) for category in project.issue_categories)
        places = frozenset({project.identifier})
        yield NativeField(key="category", label="Category", type=kind.CHOICE, options=options, containers=places)
    yield NativeField(key="fixed_version", label="Target version", type=kind.REF)
    yield NativeField(key="parent", label="Parent task", type=kind.REF)
    yield NativeField(key="start_date", label="Start date", type=kind.DATE)
    yield NativeField(key="due_date", label="Due date", type=kind.DATE)
    yield NativeField(key="estimated_hours", label="Estimated time", type=kind.NUMBER)
    yield NativeField(key="spent_hours", label="Spent time", type=kind.NUMBER, writable=False)
    yield NativeField(key="done_ratio", label="% Done", type=kind.NUMBER, can_be_empty=False)
    yield NativeField(key="is_private", label="Private", type=kind.BOOL, can_be_empty=False)
    yield NativeField(key="depends_on", label="Depends on", type=kind.REFS)
    yield NativeField(key="created_on", label="Created", type=kind.INSTANT, writable=False)
    yield NativeField(key="closed_on", label="Closed", type=kind.INSTANT, writable=False)


def _version_fields() -> Iterator[NativeField]:
    only = frozenset({VERSION})
    yield NativeField(
        key="name",
        label="Name",
        type=NativeType.TEXT,
        required_on_create=True,
        max_length=60,
        can_be_empty=False,
        record_types=only,
    )
    yield NativeField(key="description", label="Description", type=NativeType.TEXT, max_length=255, record_types=only)
    yield NativeField(
        key="status",
        label="Status",
        type=NativeType.CHOICE,
        options=VERSION_STATUSES,
        can_be_empty=False,
        record_types=only,
    )
    yield NativeField(key="due_date", label="Date", type=NativeType.DATE, record_types=only)


def _custom_fields(site: Site, catalog: Catalog, types: frozenset[str]) -> Iterator[NativeField]:
    for custom in catalog.customs.values():
        if (custom.on, custom.name) == (ISSUE, site.settings.options.links_field):
            continue
        marks = custom.name == site.settings.options.marker_name(custom.on)
        yield NativeField(
            key=custom.key,
            label=custom.name,
            type=custom.type,
            options=custom.options,
            free=custom.type in {NativeType.CHOICE, NativeType.CHOICES} and not custom.options,
            writable=not marks and custom.format in set(Format),
            required_on_create=custom.required,
            max_length=custom.max_length,
            can_be_empty=not custom.required,
            record_types=frozenset({VERSION}) if custom.on == VERSION else custom.trackers or types,
        )
