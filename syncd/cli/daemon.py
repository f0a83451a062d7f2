"""`syncd run`: the daemon, until told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from socket import socket
from typing import Final, TypeAlias

import structlog

from syncd.cli.failing import DONE
from syncd.cli.opening import Shop, choose_portfolio, load_settings, run_command, tell_upgrade
from syncd.cli.options import Common
from syncd.cli.standing import status_view
from syncd.cli.streams import put, say
from syncd.engine.cycle import Cycle
from syncd.engine.rest import rest
from syncd.engine.service import Service
from syncd.engine.tools import tools
from syncd.errors import ConfigError
from syncd.report.values import as_json
from syncd.settings.load import Settings
from syncd.store.store import open_store
from syncd.world import World, real_world

WATCH_S: Final = 2.0
"""How often the configuration's files are looked at; a change counts once they stood still for as long."""

TRY_AGAIN_S: Final = 30.0
"""How often a configuration that was refused is tried again: what mends it may be a file that nobody watches yet."""

Stamps: TypeAlias = Mapping[Path, tuple[int, int, int] | None]
"""When each file was changed, its size and its number; `None` where there is none."""

log = structlog.get_logger()


def run_daemon(common: Common) -> int:
    """
    Run until SIGTERM or SIGINT; SIGHUP, or a changed file, reloads the configuration.

    It logs what changed even when not told to say more: nobody sits in front of it to be asked.
    """
    return run_command(replace(common, verbose=max(common.verbose, 1)), _run(common))


async def _run(common: Common) -> int:
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    settings, world = load_settings(common), real_world()
    only = None if common.portfolio is None else frozenset({common.portfolio})
    _check_there(settings, only)
    for warning in settings.warnings:
        say(f"warning: {warning}")
    with _sockets(settings) as sockets:
        async with await open_store(settings.store, world) as store:
            tell_upgrade(store.upgrade)
            load = partial(load_settings, common)
            service = Service(settings, store, world, tools(), load=load, only=only, told=_tell)
            for name in sorted(only or settings.portfolios):
                say(f"Syncing {name} every {settings.portfolios[name].every_s:g} s; SIGTERM or Ctrl-C stops it.")
            watching = asyncio.create_task(_watch(service, world, reload))
            answering = asyncio.create_task(_answer(service, common, sockets, stop))
            try:
                await service.run(stop)
            finally:
                watching.cancel()
                stop.set()
                await answering
    cycles = sum(service.counts.cycles.values())
    say(f"Stopped in order after {cycles} cycles.")
    return DONE


@contextmanager
def _sockets(settings: Settings) -> Iterator[Mapping[str, socket]]:
    """Open what the daemon listens at, by key; raises ConfigError for what it cannot have."""
    from syncd.console.server import listen

    where = f"{settings.folder}/syncd.yaml"
    with ExitStack() as opened:
        addresses = {"hooks": settings.listen.hooks, "admin": settings.listen.admin}
        yield {
            key: opened.enter_context(listen(address, key, where))
            for key, address in addresses.items()
            if address is not None
        }


async def _answer(service: Service, common: Common, sockets: Mapping[str, socket], stop: asyncio.Event) -> None:
    """Answer webhooks, and the operator, until told to stop; when nobody can any more, all of it stops."""
    from syncd.console.admin import admin_app
    from syncd.console.hooks import Receiver
    from syncd.console.outward import outward_app
    from syncd.console.server import Listener, serve, url_of

    async def status_of(portfolio: str | None) -> object:
        settings = service.settings
        chosen = choose_portfolio(settings, portfolio)
        shop = Shop(settings=settings, portfolio=chosen, store=service.store, world=service.world)
        return as_json(await status_view(shop, replace(common, portfolio=portfolio, json=True)))

    listeners, receiver = [], Receiver(service, tools())
    if "admin" in sockets:
        listeners.append(Listener(socket=sockets["admin"], app=admin_app(service, receiver, status_of)))
        say(f"Metrics, health and the API are at {url_of(sockets['admin'])}.")
    if "hooks" in sockets:
        listeners.append(Listener(socket=sockets["hooks"], app=outward_app(receiver, service)))
        say(f"Webhooks are taken at {url_of(sockets['hooks'])}/hooks/CONNECTION.")
    try:
        await serve(listeners, stop)
    finally:
        stop.set()


def _check_there(settings: Settings, only: frozenset[str] | None) -> None:
    for name in sorted((only or frozenset()) - settings.portfolios.keys()):
        raise ConfigError(
            f'there is no portfolio "{name}"',
            where=str(settings.folder),
            fix=f"say one of: {', '.join(sorted(settings.portfolios))}",
        )


async def _watch(service: Service, world: World, asked: asyncio.Event) -> None:
    """
    Reload whenever *asked*, and when a file of the configuration was changed and stands still again.

    One that was refused is tried again now and then. No failure ends the watch.
    """
    known = stamps(service.settings.files)
    last, tried_at = known, world.monotonic()
    while True:
        await rest(world, WATCH_S, asked)
        now = stamps(service.settings.files)
        is_due = service.is_refused and world.monotonic() - tried_at >= TRY_AGAIN_S
        if asked.is_set() or is_due or (now != known and now == last):
            asked.clear()
            try:
                await service.reload()
            except Exception:
                log.exception("reload_failed")
            now = known = stamps(service.settings.files)
            tried_at = world.monotonic()
        last = now


def stamps(files: Iterable[Path]) -> Stamps:
    """Return what tells whether any of *files* was changed, made or removed since."""
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _tell(portfolio: str, cycle: Cycle) -> None:
    """Print one line for each change that was written."""
    del portfolio
    done = set(cycle.pushed.done)
    for line in cycle.lines:
        if line.digest in done:
            fields = ", ".join(write.field for write in line.writes)
            put(f"{line.verb}d {line.place.connection} {line.key or line.title}: {fields}")
