"""Taking our mark off a record again: out of its custom field, or out of a note's text."""

from __future__ import annotations

from syncd.connectors.protocol import Outcome, Refused, Unknown, Update
from syncd.connectors.redmine.catalog import ISSUE, VERSION, Catalog
from syncd.connectors.redmine.comments import COMMENT, update_comment
from syncd.connectors.redmine.queries import ISSUE as ISSUE_PATH
from syncd.connectors.redmine.queries import VERSION as VERSION_PATH
from syncd.connectors.redmine.site import Site
from syncd.connectors.redmine.writes import marker_field, read_back
from syncd.errors import OutcomeUnknownError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import OpId

UNMARKED = frozenset({ISSUE, VERSION, COMMENT})


async def take_mark_off(site: Site, catalog: Catalog, op: OpId, record: Record) -> Outcome:
    """Take our mark off an issue, a version or a note, and read it back."""
    try:
        await _send(site, catalog, op, record)
    except OutcomeUnknownError as exc:
        return Unknown(op=op, error=exc)
    except RemoteError as exc:
        return Refused(op=op, error=exc)
    return await read_back(site, catalog, op, record.ref)


async def _send(site: Site, catalog: Catalog, op: OpId, record: Record) -> None:
    ref = record.ref
    if ref.kind == COMMENT:
        await update_comment(site, Update(op=op, pre=record, fields={"body": record.fields["body"]}), marker=None)
        return
    name, path = ("version", VERSION_PATH) if ref.kind == VERSION else ("issue", ISSUE_PATH)
    emptied = [{"id": marker_field(site, catalog, ref.kind, record.type), "value": ""}]
    await site.send("PUT", path, ref.id, body={name: {"custom_fields": emptied}}, where=str(ref))
