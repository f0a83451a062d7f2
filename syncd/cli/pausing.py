"""`syncd pause` and `syncd resume`: a connection, a portfolio, or one item."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.cli.failing import DONE
from syncd.cli.opening import load_settings, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.streams import say
from syncd.engine.find import ids_called
from syncd.engine.pauses import pause, resume
from syncd.errors import ConfigError
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.titles import title_of
from syncd.report.paused import PausedView, paused_text
from syncd.report.values import as_json
from syncd.settings.load import Settings
from syncd.store.lease import readable
from syncd.store.rows import PausedRow, PauseScope
from syncd.store.store import WRITER, Store, open_store
from syncd.world import real_world


@dataclass(frozen=True, slots=True)
class _Meaning:
    """One thing that a name may mean."""

    scope: PauseScope
    subject: str


def pause_named(common: Common, name: str, why: str | None) -> int:
    """Pause what *name* means."""
    return run_command(common, _pause(common, name, why))


async def _pause(common: Common, name: str, why: str | None) -> int:
    settings = load_settings(common)
    world = real_world()
    async with await open_store(settings.store, world) as store:
        meaning = await _meant(settings, store, common, name)
        row = PausedRow(scope=meaning.scope, subject=meaning.subject, since=world.now(), why=why or None)
        (view,) = await paused_views(store, [await pause(store, row)], common)
        writer = await store.leases.holder(WRITER)
    emit(common, as_json(view), lambda: f"Paused: {paused_text(view)}.\nNext: {view.resume}, to go on")
    if writer is not None:
        say(f"Process {readable(writer.holder)} is in the middle of a cycle: a request under way is finished first.")
    return DONE


def resume_named(common: Common, name: str) -> int:
    """Let what *name* means run again."""
    return run_command(common, _resume(common, name))


async def _resume(common: Common, name: str) -> int:
    settings = load_settings(common)
    async with await open_store(settings.store, real_world()) as store:
        rows = await store.pauses.all()
        row = await _paused(settings, store, common, name, rows)
        (view,) = await paused_views(store, [row], common)
        await resume(store, row, list(settings.portfolios))
    next_ = common.command("sync")
    emit(
        common,
        {"resumed": as_json(view), "next": next_},
        lambda: f"Resumed: {paused_text(view)}. All of it is looked at in the next cycle.\nNext: {next_}",
    )
    return DONE


async def _paused(settings: Settings, store: Store, common: Common, name: str, rows: Sequence[PausedRow]) -> PausedRow:
    """Return what is paused and called *name*, be it configured still or not."""
    scope, bare = _scoped(name)
    found = [row for row in rows if scope in (None, row.scope) and row.subject == bare]
    if not found and scope in (None, PauseScope.ITEM):
        ids = await _items(settings, store, common, bare)
        found = [row for row in rows if row.scope is PauseScope.ITEM and row.subject in ids]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(name, [_Meaning(row.scope, row.subject) for row in found])
    views = await paused_views(store, rows, common)
    told = "; ".join(view.resume for view in views) or "nothing is paused"
    raise ConfigError(f'nothing called "{name}" is paused', fix=told)


async def _meant(settings: Settings, store: Store, common: Common, name: str) -> _Meaning:
    """
    Return what *name* means: a connection, a portfolio, or else an item.

    Raises:
        ConfigError: nothing is called that, or several things are.
    """
    scope, bare = _scoped(name)
    named: Mapping[PauseScope, Collection[str]] = {
        PauseScope.CONNECTION: settings.connections,
        PauseScope.PORTFOLIO: settings.portfolios,
    }
    found = [_Meaning(each, bare) for each, names in named.items() if scope in (None, each) and bare in names]
    if scope is PauseScope.ITEM or not found:
        ids = await _items(settings, store, common, bare) if scope in (None, PauseScope.ITEM) else []
        found = [_Meaning(PauseScope.ITEM, one) for one in ids]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(name, found)
    names = [*settings.connections, *settings.portfolios]
    raise ConfigError(
        f'no connection, portfolio or item is called "{name}"',
        where=str(settings.folder),
        fix=f"use one of {', '.join(names)}, or a key as the tool shows it, such as PMO-12",
    )


def _scoped(name: str) -> tuple[PauseScope | None, str]:
    """Split `portfolio:NAME`; a ref (`connection:kind:id`) stays whole."""
    scope, colon, rest = name.partition(":")
    if colon and rest and scope in tuple(PauseScope) and (scope == PauseScope.ITEM or ":" not in rest):
        return PauseScope(scope), rest
    return None, name


def _ambiguous(name: str, found: Iterable[_Meaning]) -> ConfigError:
    told = list(found)
    if all(each.scope is PauseScope.ITEM for each in told):
        return ConfigError(
            f'"{name}" means {len(told)} items', fix="name one by a ref, as syncd explain --json tells it"
        )
    typed = " or ".join(f"{each.scope}:{name}" for each in told)
    return ConfigError(f'"{name}" means {len(told)} things', fix=f"write {typed}")


async def _items(settings: Settings, store: Store, common: Common, name: str) -> list[EntityId]:
    portfolios = [common.portfolio] if common.portfolio else sorted(settings.portfolios)
    found: dict[EntityId, None] = {}
    for portfolio in portfolios:
        found |= dict.fromkeys(await ids_called(store, portfolio, name))
    return list(found)


async def paused_views(
    store: Store, rows: Sequence[PausedRow], common: Common, waiting: Mapping[ConnectionName, int] | None = None
) -> list[PausedView]:
    """Return *rows* as they are shown, each with the command that ends it."""
    names = await _item_names(store, [EntityId(row.subject) for row in rows if row.scope is PauseScope.ITEM])
    shared = {row.subject for row in rows if any(other.subject == row.subject and other != row for other in rows)}
    views = []
    for row in rows:
        name = names.get(EntityId(row.subject), row.subject) if row.scope is PauseScope.ITEM else row.subject
        typed = f"{row.scope}:{name}" if row.subject in shared else name
        counts = waiting or {}
        views.append(
            PausedView(
                scope=row.scope,
                name=name,
                since=row.since,
                why=row.why,
                resume=common.command(f"resume {shlex.quote(typed)}"),
                waiting=counts.get(ConnectionName(row.subject), 0) if row.scope is PauseScope.CONNECTION else 0,
            )
        )
    return views


async def _item_names(store: Store, ids: Sequence[EntityId]) -> dict[EntityId, str]:
    """Return a key by which each item can be named, or its title, or its id."""
    links = await store.links.by_entities(ids)
    names: dict[EntityId, str] = {}
    for one, row in (await store.entities.by_ids(ids)).items():
        keys = sorted((" " in link.key, link.ref.connection, link.key) for link in links.get(one, ()))
        names[one] = keys[0][2] if keys else title_of(row.kind, row.values) or one
    return names


async def paused_in(
    store: Store, portfolio: str, connections: Collection[str], common: Common, waiting: Mapping[ConnectionName, int]
) -> list[PausedView]:
    """Return what is paused of one portfolio: itself, its connections, its items."""
    rows = await store.pauses.all()
    ids = [EntityId(row.subject) for row in rows if row.scope is PauseScope.ITEM]
    mine = {one for one, row in (await store.entities.by_ids(ids)).items() if row.portfolio == portfolio}
    subjects: Mapping[PauseScope, Collection[str]] = {
        PauseScope.CONNECTION: set(connections),
        PauseScope.PORTFOLIO: {portfolio},
        PauseScope.ITEM: mine,
    }
    return await paused_views(store, [row for row in rows if row.subject in subjects[row.scope]], common, waiting)
