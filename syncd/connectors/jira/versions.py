"""Project versions: made, edited, and found again by the mark in their description."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.encode import clean
from syncd.connectors.jira.fields import ARCHIVED, RELEASED, VERSION
from syncd.connectors.jira.payloads import Version
from syncd.connectors.jira.queries import VERSION as VERSION_PATH
from syncd.connectors.jira.queries import VERSIONS
from syncd.connectors.jira.records import mark_description
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import Create, Update
from syncd.errors import RejectedError
from syncd.model.native import Choice, Date, Native, Text
from syncd.model.refs import Ref

MAX_NAME = 255
MAX_DESCRIPTION_BYTES = 16_384
"""Source: contract, schema Version."""


async def create_version(site: Site, catalog: Catalog, create: Create) -> Ref:
    """Make a version carrying our mark; raises RemoteError."""
    where = f"{site.name}:{VERSION} (create in {create.container})"
    project = catalog.project_id(create.container)
    if project is None:
        raise RejectedError(
            f"project {create.container} is not in this connection's scope",
            where=where,
            fix="add it to scope.projects, or correct create in the mapping",
        )
    given = {key: value for key, value in create.fields.items() if value is not None}
    body = make_version({"description": None, **given}, create.marker, where=where)
    response = await site.send("POST", VERSIONS, body={"projectId": int(project), **body}, where=where)
    return Ref(site.name, VERSION, site.parse_write(response, Version, where).id)


async def update_version(site: Site, update: Update) -> Ref:
    """Change the named fields of a version, and no others; raises RemoteError."""
    ref = update.pre.ref
    body = make_version(update.fields, update.pre.marker, where=str(ref))
    await site.send("PUT", VERSION_PATH, ref.id, body=body, where=str(ref))
    return ref


def make_version(fields: Mapping[str, Native], marker: str | None, *, where: str) -> dict[str, object]:
    """
    Return the body that sets these fields; a date of `null` clears it.

    Raises:
        RejectedError: a field is unknown or cannot hold the value.
    """
    body: dict[str, object] = {}
    for key, value in fields.items():
        match key, value:
            case "name", Text(text) if text.strip():
                body[key] = _bounded(clean(text, is_line=True), MAX_NAME, key, where)
            case "description", Text() | None:
                text = clean(value.value) if isinstance(value, Text) else ""
                body[key] = _bounded(mark_description(text, marker), MAX_DESCRIPTION_BYTES, key, where)
            case "startDate" | "releaseDate", Date(day):
                body[key] = day.isoformat()
            case "startDate" | "releaseDate", None:
                body[key] = None
            case "status", Choice():
                body["archived"] = value == ARCHIVED
                if value != ARCHIVED:
                    body["released"] = value == RELEASED
            case _:
                raise RejectedError(
                    f'a version\'s "{key}" cannot hold {type(value).__name__ if value else "nothing"}',
                    where=f"{where} {key}",
                    fix="correct the mapping: a version has name, description, startDate, releaseDate and status",
                )
    return body


def _bounded(text: str, limit: int, key: str, where: str) -> str:
    if len(text.encode()) > limit:
        raise RejectedError(
            f'a version\'s "{key}" takes at most {limit:,} bytes, this text has {len(text.encode()):,}',
            where=f"{where} {key}",
            fix="shorten the text",
        )
    return text
