"""Opening a portfolio: connectors, what their tools tell of themselves, and who is who."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter, ValidationError

from syncd.connectors._http import make_client
from syncd.connectors._together import together
from syncd.connectors.protocol import Description, Tool
from syncd.engine.allowance import shared
from syncd.engine.desk import Account, Desk
from syncd.engine.doubt import offered
from syncd.engine.pauses import heed, is_paused
from syncd.engine.stranger import check_portfolio, check_site, site_of
from syncd.errors import ConfigError, RemoteError
from syncd.mapping.against import check_against, vanished
from syncd.model.refs import ConnectionName
from syncd.settings.load import Connection, Settings
from syncd.store.store import Store
from syncd.world import World

_DESCRIPTION: TypeAdapter[Description] = TypeAdapter(Description)

TRUSTED_S: Final = 600.0
"""How long what a tool told of itself is taken as it was, if nothing speaks against it (`engine/doubt.py`)."""

Tools = Mapping[str, Callable[[], Tool]]


@asynccontextmanager
async def open_desk(
    settings: Settings, portfolio: str, store: Store, world: World, tools: Tools
) -> AsyncIterator[Desk]:
    """Open one portfolio with all its connections; a tool that does not answer is noted in its account."""
    chosen = settings.portfolios[portfolio]
    async with AsyncExitStack() as stack:
        accounts = {
            name: await _open(settings.connections[name], store, world, tools, stack) for name in chosen.connections
        }
        desk = Desk(
            portfolio=chosen,
            mapping=chosen.mapping,
            people=chosen.people,
            digest=chosen.digest,
            store=store,
            world=world,
            accounts=accounts,
        )
        await refresh(desk)
        yield desk


async def _open(connection: Connection, store: Store, world: World, tools: Tools, stack: AsyncExitStack) -> Account:
    client = await stack.enter_async_context(make_client(world))
    connector = tools[connection.tool]().connect(connection.name, connection.settings, client, world)
    await stack.enter_async_context(shared(connector.budget, connection.name, store, world))
    return Account(connection=connection, connector=connector, client=client)


async def refresh(desk: Desk) -> None:
    """
    Begin a cycle with nothing known of the tools but what they told of themselves a little while ago.

    A tool is asked anew what it can do and who its people are when it was last
    asked more than `TRUSTED_S` ago, when it failed since, and when a record
    spoke against what it told. One that does not answer, or is paused, is taken as
    last seen.
    """
    due = [account for account in desk.accounts.values() if _is_due(desk, account)]
    for name, account in desk.accounts.items():
        account.connector.focus(desk.mapping.types(name))
        account.pulled = False
        account.left_alone = _is_left_alone(desk, account)
        if not account.left_alone:
            account.error_before = None if is_paused(account) else account.error
            account.error = None
    await heed(desk)
    await describe(desk, [account for account in due if account.description is None or not is_paused(account)])
    desk.unbound.clear()
    desk.links.clear()


def _is_left_alone(desk: Desk, account: Account) -> bool:
    """Say whether a tool failed so often that it is not asked in this cycle: its last error stands."""
    return account.error is not None and account.retry_at is not None and desk.world.monotonic() < account.retry_at


def _is_due(desk: Desk, account: Account) -> bool:
    if _is_left_alone(desk, account):
        return False
    asked_at = account.described_at
    is_old = asked_at is None or desk.world.monotonic() - asked_at >= TRUSTED_S
    return is_old or bool(account.doubts) or account.error is not None


async def describe(desk: Desk, accounts: Sequence[Account]) -> None:
    """Ask the tools of *accounts* what they can do, and bind the mapping to that."""
    await together(_describe(desk, account) for account in accounts)
    for account in accounts:
        if account.description is not None:
            account.offered = offered(account.description)
            desk.mapping = desk.mapping.with_description(account.name, account.description)
    if accounts:
        desk.slots.clear()
        desk.rules.clear()
        desk.digests.clear()


async def _describe(desk: Desk, account: Account) -> None:
    name = account.name
    for person in await desk.store.people.all(name):
        desk.people.add_seen(name, person)
    if is_paused(account):
        account.description = account.description or await _last_seen(desk, name)
        return
    try:
        told = replace(await account.connector.describe(), site=site_of(account))
        if not account.is_known:
            await check_portfolio(desk, account)
            await check_site(desk, account, told, await _last_seen(desk, name))
        account.description, account.is_known = told, True
        found = await account.connector.people(desk.people.handles(name))
    except RemoteError as exc:
        account.error = exc
        if account.description is None:
            account.description = await _last_seen(desk, name)
        return
    account.described_at = desk.world.monotonic()
    account.doubts.clear()
    desk.people.resolve(name, found)
    async with desk.store.transaction() as tx:
        await tx.described.save(name, _DESCRIPTION.dump_json(account.description).decode())
        await tx.people.save(name, list(found.values()))


async def _last_seen(desk: Desk, name: ConnectionName) -> Description | None:
    text = await desk.store.described.get(name)
    if text is None:
        return None
    try:
        return _DESCRIPTION.validate_json(text)
    except ValidationError:
        return None


def problems(desk: Desk) -> list[ConfigError]:
    """Return what the mapping asks for and the tools, as they are now, do not have."""
    found: list[ConfigError] = []
    for name, account in desk.accounts.items():
        if account.description is not None:
            found += check_against(desk.mapping, name, account.description).found
            found += vanished(desk.mapping, name, account.description, desk.unbound)
    return found
