"""
Whether a connection still leads to the site that its records are of.

An id says nothing of its site: number 10042 is somebody else's issue in another
Jira. So where the address or the account is another one than last time, some
linked records are read by id before anything else.

    their day of birth is theirs         the same site, at another address or by another account
    it is not, or none of them is there  another site: the connection takes no part
    nothing is linked                    nothing can be mistaken: it begins anew

Likewise its items are of one portfolio, by its name: in another one they would rest for ever, and nobody would know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from syncd.connectors.protocol import Description
from syncd.engine.desk import Account, Desk
from syncd.errors import ForbiddenError, NotFoundError, RemoteError, StrangerError
from syncd.mapping.compiled import CompiledMapping
from syncd.model.canonical import Kind
from syncd.model.native import Record
from syncd.model.refs import Ref
from syncd.store.rows import LinkRow, LinkState

SAMPLE: Final = 20
"""Records that are looked at, at most."""


def site_of(account: Account) -> str:
    """Return the address that the configuration tells, without a credential in it, and the same however it is spelt."""
    scheme, _, rest = str(getattr(account.connection.settings, "url", "")).lower().rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if rest else scheme


async def check_portfolio(desk: Desk, account: Account) -> None:
    """
    Raise when nothing that *account* is linked to belongs to this portfolio, but to another.

    Raises:
        StrangerError: the portfolio was called otherwise, or had another connection of this name.
    """
    found = await desk.store.links.portfolios(account.name)
    if found and desk.portfolio.name not in found:
        raise StrangerError(
            f'its items belong to a portfolio "{found[0]}", not to "{desk.portfolio.name}"',
            where=account.name,
            fix=f'call the portfolio "{found[0]}", or move the connection back there;'
            " or, if these items are to be let go, give the connection another name",
        )


async def check_site(desk: Desk, account: Account, told: Description, before: Description | None) -> None:
    """
    Raise unless *account*, which just *told* of itself, leads where it led *before*.

    Raises:
        StrangerError: to another site.
        RemoteError: it could not be found out.
    """
    if before is None or (before.site, before.account.id) == (told.site, told.account.id):
        return
    links = await desk.store.links.by_connection(account.name, desk.portfolio.name, state=LinkState.LIVE)
    seen = await desk.store.records.observed([link.ref for link in _some(desk.mapping, links)])
    ours = {ref: row.record for ref, row in seen.items()}
    if not ours:
        return
    answers: dict[Ref, Record | RemoteError] = {}
    refs, size = sorted(ours), account.connector.capabilities.max_read_batch
    for start in range(0, len(refs), size):
        answers |= await account.connector.read_many(refs[start : start + size])
    if not _is_home(ours, answers):
        raise _stranger(account, before)


def _some(mapping: CompiledMapping, links: Sequence[LinkRow]) -> Sequence[LinkRow]:
    """Return some links, spread over all; no comments, which may cost a request each."""
    items = [link for link in links if mapping.kind_of(link.ref.connection, link.type) is not Kind.COMMENT]
    return items[:: max(1, -(-len(items) // SAMPLE))]


def _is_home(ours: Mapping[Ref, Record], answers: Mapping[Ref, Record | RemoteError]) -> bool:
    """Say whether most of what is there is what was known. Raises what kept a record from being read for now."""
    found = [(ours[ref], answer) for ref, answer in answers.items() if isinstance(answer, Record)]
    for answer in answers.values():
        if not found and isinstance(answer, RemoteError) and not isinstance(answer, NotFoundError | ForbiddenError):
            raise answer
    if any(record.created_at is not None for record in ours.values()):  # a version of that name may be anybody's
        found = [pair for pair in found if pair[0].created_at is not None]
    alike = [_is_same(*pair) for pair in found]
    return 2 * sum(alike) > len(alike)


def _is_same(one: Record, other: Record) -> bool:
    """Say whether two readings of one id are of one record: nobody can change when it was made."""
    if one.created_at is not None:
        return one.created_at == other.created_at
    return (one.type, one.container, one.key) == (other.type, other.container, other.key)


def _stranger(account: Account, before: Description) -> StrangerError:
    moved = before.site and before.site != site_of(account)
    was = f"{before.site} before" if moved else f"the account {before.account.name or before.account.id} before"
    return StrangerError(
        f"another site answers than that of the items which are linked there ({was})",
        where=account.name,
        fix="write the address and credential from before; or, if these items are to be let go, give the new site"
        " a connection of another name. If it is the same site, let this account see the items",
    )
