"""From what Jira sends to records: issues and versions, with our marks told apart from people's content."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from pydantic import ValidationError

from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.fields import (
    ARCHIVED,
    DEPENDS_ON,
    ISSUE,
    LABELS,
    LINKS,
    PARENT,
    PROPERTY,
    RELEASED,
    UNRELEASED,
    VERSION,
    read_depends_on,
    read_field,
)
from syncd.connectors.jira.payloads import Issue, IssueCore, Version
from syncd.connectors.jira.settings import JiraSettings
from syncd.errors import RejectedError
from syncd.model.native import Choices, Date, Native, Record, RecordState, Text
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision
from syncd.world import ID_ALPHABET, ID_LENGTH

MARK_LABEL: Final = re.compile(rf"syncd-([{ID_ALPHABET}]{{{ID_LENGTH}}})")
_VERSION_MARK: Final = re.compile(r"\s*\[syncd:([0-9a-z-]+)\]\s*$")


def mark_label(marker: str) -> str:
    """Return the label an issue of that entity carries, by which a search finds it."""
    return f"syncd-{marker}"


def mark_description(text: str | None, marker: str | None) -> str:
    """Return a version's description with our mark as its last line."""
    mark = f"[syncd:{marker}]" if marker else ""
    return "\n\n".join(part for part in (text, mark) if part)


def issue_record(issue: Issue, catalog: Catalog, connection: ConnectionName, settings: JiraSettings) -> Record:
    """
    Return an issue as a record; a field whose JSON is not of its type is left out (`MISSING`).

    Raises:
        RejectedError: it lacks its type, project or time of change.
    """
    try:
        core = IssueCore.model_validate(issue.fields)
    except ValidationError as exc:
        raise RejectedError(
            "the issue lacks its type, project or time of change",
            where=f"{connection}:issue:{issue.id}",
            fix="let the account see these fields",
        ) from exc
    fields = _fields(issue, catalog, connection)
    labels = fields.get(LABELS)
    marker = _marker(issue, labels)
    if isinstance(labels, Choices):
        ours = {mark_label(marker)} if marker else set()
        fields[LABELS] = Choices(
            frozenset(one for one in labels.members if one.id not in ours and not MARK_LABEL.fullmatch(one.id))
        )
    site = settings.site_url
    return Record(
        ref=Ref(connection, ISSUE, issue.id),
        type=core.issue_type.name,
        container=core.project.key,
        key=issue.key,
        revision=Revision(f"{int(core.updated.timestamp() * 1000)}-{catalog.fingerprint}"),
        fields=fields,
        url=f"{site}/browse/{issue.key}" if site else None,
        updated_at=core.updated,
        created_at=core.created,
        marker=marker,
        state=_state(core.project.key, settings),
    )


def version_record(version: Version, catalog: Catalog, connection: ConnectionName, settings: JiraSettings) -> Record:
    """Return a project version as a record."""
    text = version.description or ""
    mark = _VERSION_MARK.search(text)
    shown = text[: mark.start()] if mark else text
    status = ARCHIVED if version.archived else RELEASED if version.released else UNRELEASED
    project = catalog.projects.get(str(version.project_id), str(version.project_id))
    fields: dict[str, Native] = {
        "name": Text(version.name),
        "description": Text(shown) if shown else None,
        "startDate": Date(version.start_date) if version.start_date else None,
        "releaseDate": Date(version.release_date) if version.release_date else None,
        "status": status,
    }
    site = settings.site_url
    return Record(
        ref=Ref(connection, VERSION, version.id),
        type=VERSION,
        container=project,
        key=version.name,
        revision=Revision(hashlib.sha256(version.model_dump_json().encode()).hexdigest()[:16]),
        fields=fields,
        url=f"{site}/projects/{project}/versions/{version.id}" if site else None,
        marker=EntityId(mark.group(1)) if mark else None,
        state=_state(project, settings),
    )


def _state(project: str, settings: JiraSettings) -> RecordState:
    return RecordState.LIVE if project in settings.scope.projects else RecordState.OUT_OF_SCOPE


def _fields(issue: Issue, catalog: Catalog, connection: ConnectionName) -> dict[str, Native]:
    fields: dict[str, Native] = {}
    if PARENT in catalog.fields:
        fields[PARENT] = None  # an issue without a parent is sent without the key, though it was asked for
    for key, raw in issue.fields.items():
        info = catalog.fields.get(key)
        if info is None:
            continue
        try:
            fields[key] = read_field(info, raw, connection)
        except (ValueError, TypeError, ArithmeticError):
            fields.pop(key, None)  # MISSING: frozen and reported, never read as empty
    if LINKS in issue.fields and catalog.blocks is not None:
        try:
            fields[DEPENDS_ON] = read_depends_on(issue.fields[LINKS], catalog.blocks, connection)
        except (ValueError, TypeError):
            fields.pop(DEPENDS_ON, None)
    return fields


def _marker(issue: Issue, labels: Any) -> EntityId | None:  # noqa: ANN401 - any native value
    """Return the entity an issue is marked with: by its property, or by its label when a person copied the issue."""
    mark = issue.properties.get(PROPERTY)
    entity = mark.get("entity") if isinstance(mark, dict) else None
    if isinstance(entity, str) and entity:
        return EntityId(entity)
    if not isinstance(labels, Choices):
        return None
    found = sorted(match.group(1) for one in labels.members if (match := MARK_LABEL.fullmatch(one.id)))
    return EntityId(found[0]) if found else None
