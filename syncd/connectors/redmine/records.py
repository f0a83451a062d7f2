"""Issues and versions as typed records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from syncd.connectors.redmine.catalog import (
    CLOSED,
    ISSUE,
    OPEN,
    VERSION,
    VERSION_STATUSES,
    Catalog,
    infer,
    status_choice,
)
from syncd.connectors.redmine.fields import DEPENDS_ON, choice, custom_value, person, waits_for
from syncd.connectors.redmine.marks import without_links
from syncd.connectors.redmine.payloads import CustomValue, Issue, Named, Version
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.model import codec
from syncd.model.native import (
    Bool,
    Choice,
    Date,
    Instant,
    Missing,
    Native,
    Number,
    Record,
    RecordState,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision


def issue_record(issue: Issue, catalog: Catalog, name: ConnectionName, settings: RedmineSettings) -> Record:
    """Return an issue as a record. What the account may not see is absent; what is empty is `None`."""
    text = TextFormat(settings.options.text_format)
    description = without_links(issue.description or "")
    fields: dict[str, Native] = {
        "subject": Text(issue.subject),
        "description": RichText(text, description) if description else None,
        "status": status_choice(issue.status, catalog),
        "priority": choice(issue.priority),
        "assigned_to": person(issue.assigned_to),
        "author": person(issue.author),
        "category": choice(issue.category),
        "fixed_version": _ref(name, VERSION, issue.fixed_version),
        "parent": _ref(name, ISSUE, issue.parent),
        "start_date": _date(issue.start_date),
        "due_date": _date(issue.due_date),
        "estimated_hours": None if issue.estimated_hours is None else Number(issue.estimated_hours),
        DEPENDS_ON: waits_for(issue.id, issue.relations, name),
        "created_on": Instant(issue.created_on),
        "closed_on": Instant(issue.closed_on) if issue.closed_on else None,
    }
    if issue.done_ratio is not None:
        fields["done_ratio"] = Number(Decimal(issue.done_ratio))
    if issue.is_private is not None:
        fields["is_private"] = Bool(issue.is_private)
    if issue.spent_hours is not None:
        fields["spent_hours"] = Number(issue.spent_hours)
    container, state = place_of(issue.project.id, catalog)
    fields |= _customs(ISSUE, issue.custom_fields, catalog, name, settings)
    return Record(
        ref=Ref(name, ISSUE, str(issue.id)),
        type=issue.tracker.name,
        container=container,
        key=f"#{issue.id}",
        revision=revision_of(fields, issue.updated_on.isoformat(), issue.project.id, issue.tracker.id),
        fields=fields,
        url=f"{settings.url}/issues/{issue.id}",
        updated_at=issue.updated_on,
        created_at=issue.created_on,
        marker=_marker(issue.custom_fields, settings.options.marker_name(ISSUE)),
        state=state,
    )


def version_record(version: Version, catalog: Catalog, name: ConnectionName, settings: RedmineSettings) -> Record:
    """Return a version as a record of its own project, wherever it is shared."""
    fields: dict[str, Native] = {
        "name": Text(version.name),
        "description": Text(version.description) if version.description else None,
        "status": _version_status(version.status),
        "due_date": _date(version.due_date),
    }
    container, state = place_of(version.project.id, catalog)
    fields |= _customs(VERSION, version.custom_fields, catalog, name, settings)
    return Record(
        ref=Ref(name, VERSION, str(version.id)),
        type=VERSION,
        container=container,
        key=version.name,
        revision=revision_of(fields, version.updated_on.isoformat(), version.project.id),
        fields=fields,
        url=f"{settings.url}/versions/{version.id}",
        updated_at=version.updated_on,
        created_at=version.created_on,
        marker=_marker(version.custom_fields, settings.options.marker_name(VERSION)),
        state=state,
    )


def _ref(name: ConnectionName, kind: str, target: Named | None) -> Ref | None:
    return Ref(name, kind, str(target.id)) if target else None


def _date(day: date | None) -> Date | None:
    return Date(day) if day else None


def _version_status(status: str) -> Choice:
    known = {option.id: option for option in VERSION_STATUSES}
    return known.get(status) or Choice(status, status, CLOSED if status == CLOSED else OPEN)


def _customs(
    on: str, values: Iterable[CustomValue], catalog: Catalog, name: ConnectionName, settings: RedmineSettings
) -> Mapping[str, Native]:
    found: dict[str, Native] = {}
    text = TextFormat(settings.options.text_format)
    for value in values:
        if on == ISSUE and value.name == settings.options.links_field:
            continue
        custom = catalog.customs.get((on, value.id)) or infer(value, on, settings)
        native = custom_value(value, custom, name, text)
        if not isinstance(native, Missing):
            found[custom.key] = native
    return found


def _marker(values: Iterable[CustomValue], name: str) -> EntityId | None:
    marks = (value.value for value in values if value.name == name and isinstance(value.value, str))
    return next((EntityId(mark) for mark in marks if mark), None)


def place_of(project: int, catalog: Catalog) -> tuple[str, RecordState]:
    """Return what a project is called, and how its records stand to the scope."""
    state = RecordState.LIVE if project in catalog.in_scope else RecordState.OUT_OF_SCOPE
    return catalog.identifier(project), state


def revision_of(fields: Mapping[str, Native], *also: object) -> Revision:
    """Return a hash of all we read: `updated_on` has whole seconds, and relations and derived values do not move it."""
    text = codec.dump_text([codec.dump_map(fields, codec.dump_native), *map(str, also)])
    return Revision(hashlib.sha256(text.encode()).hexdigest()[:20])
