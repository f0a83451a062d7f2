"""What the tools told of themselves: needed when one of them does not answer, or shows less than it once did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import Row, bindparam, select

from syncd.model import codec
from syncd.model.native import Person
from syncd.model.refs import ConnectionName
from syncd.store._db import Db
from syncd.store._known import Known
from syncd.store._tables import described, seen_person

_DESCRIBED: Final = Known(select(described.c.description).where(described.c.connection == bindparam("connection")))
_SEEN: Final = Known(
    select(seen_person).where(seen_person.c.connection == bindparam("connection")).order_by(seen_person.c.id)
)


class Described:
    """Each connection's last description, as its reader wrote it."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def get(self, connection: ConnectionName) -> str | None:
        """Return the last description of *connection*, if there was one."""
        return await self._db.one(_DESCRIBED, lambda row: str(row.description), {"connection": connection})

    async def save(self, connection: ConnectionName, description: str) -> None:
        """Keep *description* in place of the one before."""
        row = {"connection": connection, "description": description, "saved_at": self._db.world.now()}
        await self._db.save(described, [row])


class People:
    """Every user a tool ever showed, with whatever it showed of them."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def all(self, connection: ConnectionName) -> list[Person]:
        """Return the users seen in *connection*, by id."""
        return await self._db.all(_SEEN, _person, {"connection": connection})

    async def save(self, connection: ConnectionName, people: Sequence[Person]) -> None:
        """Keep *people*, each in place of what was known of the same id."""
        rows = [
            {"connection": connection, "id": each.id, "person": codec.dump_text(codec.dump_native(each))}
            for each in people
        ]
        await self._db.save(seen_person, rows)


def _person(row: Row[Any]) -> Person:
    return cast("Person", codec.load_native(codec.load_text(row.person)))
