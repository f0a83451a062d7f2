"""Identities: what a record, an entity, a link and a place in a tool are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

ConnectionName = NewType("ConnectionName", str)
"""A connection's name in the configuration: `jira-pmo`, not `jira`."""

EntityId = NewType("EntityId", str)
"""Our own immutable id of a canonical item (initiative, task, comment, ...); also its marker in the tools."""

LinkId = NewType("LinkId", str)
"""Our own id of one link (entity and ref)."""

PersonId = NewType("PersonId", str)
"""Our own name for a person: the `person` column of the people file, or a lower-case e-mail."""

OpId = NewType("OpId", str)
"""One intended remote write in the journal."""

RunId = NewType("RunId", str)
"""One recorded execution."""

Revision = NewType("Revision", str)
"""Opaque token that changes when a record changes; compare only with `==`."""

Cursor = NewType("Cursor", str)
"""Opaque place to resume reading; only the connector that made it can read it."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """
    The immutable identity of one record in one connection.

    *kind* is the tool's own family of records that share an id space (`issue`,
    `version`, `milestone`, `draft`), never a canonical kind: an item keeps its
    ref when its type changes. *id* is the tool's immutable id, never a key,
    number or title.
    """

    connection: ConnectionName
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}:{self.kind}:{self.id}"
