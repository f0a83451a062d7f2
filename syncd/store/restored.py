"""That this store is an old copy: which connections must be read anew, and which items were not looked at since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import delete, select

from syncd.model import codec
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision
from syncd.store._db import Db, chunks
from syncd.store._known import Known, among
from syncd.store._tables import cursor, entity, link, observed, restored, stale
from syncd.store.records import parse_ref

_SEEN: Final = among(
    select(link.c.entity, observed.c.ref, observed.c.revision).join(observed, observed.c.ref == link.c.ref),
    link.c.entity,
)
_UNREAD: Final = Known(select(restored))
_READ: Final = among(delete(restored), restored.c.connection)
_STALE: Final = among(select(stale), stale.c.entity)
_SETTLE: Final = among(delete(stale), stale.c.entity)


class Restored:
    """
    What must not be trusted in a store that was restored.

    A connection stays until it was read to the end anew. An item stays until
    nothing is due for it, or a person approved what is.
    """

    def __init__(self, db: Db) -> None:
        self._db = db

    async def mark(self, why: str, *, known: bool = True) -> None:
        """
        Trust no cursor and no base: the store is a copy that others wrote past. *why* is for people.

        Unless *known*, the tools were read since, and what their records were in the copy is forgotten.
        """
        at = self._db.world.now()
        query = select(link.c.connection).union(select(cursor.c.connection)).subquery()
        names = await self._db.all(select(query.c.connection), lambda row: str(row.connection))
        await self._db.save(restored, [{"connection": name, "why": why, "since": at} for name in names])
        await self._db.write(delete(stale))
        ids = await self._db.all(select(entity.c.id).order_by(entity.c.id), lambda row: EntityId(row.id))
        for some in chunks(ids):
            await self._keep(some, await self._revisions(some) if known else {})
        await self._db.write(delete(cursor))

    async def add(self, ids: Sequence[EntityId]) -> None:
        """Keep items as not looked at, with nothing known of their records."""
        for some in chunks(ids):
            await self._keep(some, {})

    async def _keep(self, ids: Iterable[EntityId], revisions: Mapping[EntityId, Mapping[Ref, Revision]]) -> None:
        rows = [
            {"entity": one, "revisions": codec.dump_text({str(ref): it for ref, it in revisions.get(one, {}).items()})}
            for one in ids
        ]
        await self._db.save(stale, rows)

    async def _revisions(self, ids: Sequence[EntityId]) -> dict[EntityId, dict[Ref, Revision]]:
        found: dict[EntityId, dict[Ref, Revision]] = {}
        for one, ref, revision in await self._db.within(
            _SEEN,
            ids,
            lambda row: (EntityId(row.entity), parse_ref(row.ref), Revision(row.revision)),
        ):
            found.setdefault(one, {})[ref] = revision
        return found

    async def unread(self) -> dict[ConnectionName, str]:
        """Return the connections that were not read to the end since, and why they have to be."""
        return dict(await self._db.all(_UNREAD, lambda row: (ConnectionName(row.connection), str(row.why))))

    async def read(self, names: Sequence[ConnectionName]) -> None:
        """Say that connections were read to the end anew."""
        await self._db.write_within(_READ, names)

    async def of_entities(self, ids: Sequence[EntityId]) -> dict[EntityId, Mapping[Ref, Revision]]:
        """Return those of *ids* not looked at since, each with the revisions its records had in the copy."""

        def known(text: str) -> dict[Ref, Revision]:
            return {parse_ref(ref): Revision(revision) for ref, revision in codec.load_text(text).items()}

        rows = await self._db.within(_STALE, ids, lambda row: (EntityId(row.entity), known(row.revisions)))
        return dict(rows)

    async def count(self) -> int:
        """Return how many items were not looked at since."""
        return len(await self._db.all(select(stale.c.entity), lambda row: str(row.entity)))

    async def settle(self, ids: Sequence[EntityId]) -> None:
        """Say that items were looked at: they are like all others again."""
        await self._db.write_within(_SETTLE, ids)
