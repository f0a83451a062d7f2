"""Where a scan stands, between two cycles and in the middle of one, and what it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from syncd.connectors._mark import ScanMark, read_cursor
from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.fields import COMMENT, ITERATION
from syncd.connectors.jira.payloads import User
from syncd.connectors.jira.settings import Scope
from syncd.connectors.jira.site import Site
from syncd.connectors.jira.sprints import Sprints
from syncd.connectors.protocol import Known, only_moved
from syncd.model.native import Record
from syncd.model.refs import Cursor

OPTIONAL: Final = frozenset({COMMENT, ITERATION})
"""Record types that cost more to read, and are left out unless asked for."""
FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Mark(ScanMark):
    """Where a scan stands. While *started_ms* is set, the scan that began then is unfinished."""

    version: int = 2
    mark_ms: int | None = None
    """
    Everything changed before this was read, apart from what the index held back.

    `None`: all is to be read, several requests at a time. 0: nothing was there to be read.
    """
    started_ms: int | None = None
    newest_ms: int | None = None
    token: str | None = None
    """The page to go on with: of the search, or of the list of ids."""
    is_list: bool = False
    """Whether that page is of the list of ids."""
    listed: str | None = None
    """A digest of that page of ids, of which *read* have been read."""
    read: int = 0

    def begun(self, now_ms: int) -> Mark:
        """Return it as a scan under way: the one it stands in, or one that begins now."""
        return self if self.started_ms is not None else self.model_copy(update={"started_ms": now_ms})

    def at(self, token: str | None, listed: str | None = None, read: int = 0) -> Mark:
        """Return it as standing at a page of the list of ids, of which *read* have been read."""
        return self.model_copy(update={"token": token, "is_list": True, "listed": listed, "read": read})

    def saw(self, records: Sequence[Record]) -> Mark:
        """Return it with the newest change among *records* taken in."""
        seen = [to_ms(one.updated_at) for one in records if one.updated_at]
        return self.model_copy(update={"newest_ms": max([self.newest_ms or 0, *seen])})

    def done(self) -> Mark:
        """
        Return where the next scan begins: never after this one's own start, nor after the newest change seen.

        Where nothing was ever seen that is the beginning of time: our own clock may be ahead of Jira's.
        """
        reached_ms = min(self.newest_ms or self.mark_ms or 0, self.started_ms or 0)
        return Mark(query=self.query, mark_ms=max(reached_ms, self.mark_ms or 0))

    def anew(self) -> Mark:
        """Return it without the unfinished scan."""
        return Mark(query=self.query, mark_ms=self.mark_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan reads, and for whom."""

    site: Site
    catalog: Catalog
    sprints: Sprints
    account: User
    """Whose credential it is."""
    types: frozenset[str]
    """The record types asked for; comments and sprints are read only when they are among them."""
    known: Known

    @property
    def asked(self) -> list[str]:
        """Return the fields each issue is asked for."""
        return [*self.catalog.asked, *([COMMENT] if COMMENT in self.types else [])]

    async def moved(self, records: Sequence[Record]) -> list[Record]:
        """Return the records that are not known as they are."""
        return list(await only_moved(records, self.known))


def read_mark(cursor: Cursor | None, scan: Scan) -> Mark:
    """Return the mark in a cursor; the beginning when it is of another query, scope or format."""
    return read_cursor(cursor, Mark(query=query_hash(scan.site.settings.scope, scan.catalog, scan.types)))


def query_hash(scope: Scope, catalog: Catalog, types: frozenset[str]) -> str:
    """Return a hash of what a scan asks for."""
    text = "\n".join([*sorted(scope.projects), scope.jql or "", catalog.fingerprint, *sorted(types & OPTIONAL)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_jql(scope: Scope, since_ms: int | None) -> str:
    """Return the search of everything in scope, changed at or after *since_ms* when given."""
    projects = ", ".join(f'"{key}"' for key in scope.projects)
    conditions = [f"project in ({projects})"]
    if scope.jql:
        conditions.append(f"({scope.jql})")
    if since_ms is not None:
        conditions.append(f"updated >= {since_ms}")
    return f"{' AND '.join(conditions)} ORDER BY key ASC"


def to_ms(moment: datetime) -> int:
    """Return a moment as epoch milliseconds."""
    return (moment - FIRST) // timedelta(milliseconds=1)
