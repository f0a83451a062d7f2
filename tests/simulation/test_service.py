"""The daemon as a whole, in virtual time: webhooks, reloads, failures of one portfolio, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from syncd.cli.daemon import _watch
from syncd.engine.service import Service
from syncd.engine.tools import tools
from syncd.engine.vitals import NAME, from_json
from syncd.errors import ConfigError, StoreError
from syncd.model.refs import Ref
from syncd.settings.load import Settings
from syncd.store.rows import InboxRow
from syncd.store.store import open_store
from tests.engine.bench import Bench
from tests.engine.hand import JIRA, TASK, shown
from tests.simulation.loop import simulate
from tests.simulation.office import copy_of, prepared

Work = Callable[[Service, Bench], Awaitable[None]]


def daemon(
    folder: Path, work: Work, *, bad: Sequence[Exception] = (), more: str = "", creates_per_hour: int = 500
) -> None:
    """
    Run a daemon, do *work* beside it once its first cycle is over, and stop it.

    It rests for an hour after each whole cycle; *more* stands in its
    configuration. While *bad* has anything in it, that cannot be loaded.
    """
    bench = copy_of(prepared("held"), folder, 1)
    bench.main += more
    pace = "mutation_interval_s: 0"
    bench.main = bench.main.replace(pace, f"{pace}, creates_per_hour: {creates_per_hour}")
    bench.env = {**bench.env, "NOTIFY_URL": "http://sandbox/nobody"}

    async def run() -> None:
        bench.main = bench.main.replace("mapping: platform.yaml", "mapping: platform.yaml\n    every: 1h")
        settings = bench.settings()

        def load() -> Settings:
            for error in bad:
                raise error
            return bench.settings()

        async with await open_store(settings.store, bench.world) as store:
            service = Service(settings, store, bench.world, tools(), load=load)
            stop = asyncio.Event()
            running = asyncio.create_task(service.run(stop))
            await asyncio.sleep(60)
            try:
                await work(service, bench)
            finally:
                stop.set()
                await running

    simulate(run())


async def tell(service: Service, bench: Bench, delivery: str, key: str = TASK[0]) -> bool:
    """Let a webhook tell that an issue moved."""
    ref = Ref(JIRA, "issue", str(shown(bench, "jira", key)["id"]))
    row = InboxRow(connection=JIRA, delivery=delivery, received_at=bench.world.now(), refs=(ref,))
    return await service.take_in(row)


def edit(bench: Bench, title: str) -> None:
    bench.sandbox.tools["jira"].set(TASK[0], "summary", title)


def test_what_a_webhook_tells_is_in_the_other_tool_at_once_and_asks_only_for_that_item(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        mark = bench.sandbox.log.mark()
        edit(bench, "Told by a webhook")
        assert await tell(service, bench, "one")
        await asyncio.sleep(2)
        assert shown(bench, "github", TASK[1])["title"] == "Told by a webhook"
        asked = bench.sandbox.log.since(mark)
        assert len(asked) <= 6, [entry.operation for entry in asked]
        assert not await tell(service, bench, "one"), "the same delivery counts once"

    daemon(tmp_path, work)


def test_our_own_write_told_of_by_the_tool_leads_to_nothing(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        edit(bench, "Once")
        await tell(service, bench, "one")
        await asyncio.sleep(2)
        mark = bench.sandbox.log.mark()
        await tell(service, bench, "echo")
        await asyncio.sleep(2)
        assert bench.writes_since(mark) == []
        assert await service.store.inbox.waiting([JIRA]) == []

    daemon(tmp_path, work)


def test_a_bad_configuration_keeps_the_one_before_running_and_is_told(tmp_path: Path) -> None:
    bad: list[ConfigError] = []

    async def work(service: Service, bench: Bench) -> None:
        bad.append(ConfigError("a key is missing", where="syncd.yaml:3", fix="add it"))
        assert not await service.reload()
        told = await service.store.standing.get(NAME)
        assert told is not None
        refused = from_json(told[0]).configuration
        assert refused is not None
        assert (refused.what, refused.fix) == ("a key is missing", "add it")
        edit(bench, "Goes on")
        await tell(service, bench, "one")
        await asyncio.sleep(2)
        assert shown(bench, "github", TASK[1])["title"] == "Goes on"
        bad.clear()
        assert await service.reload()
        assert (await service.vitals()).configuration is None

    daemon(tmp_path, work, bad=bad)


def test_a_new_configuration_takes_effect_at_once(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        bench.main = bench.main.replace("every: 1h", "every: 5s")
        assert await service.reload()
        await asyncio.sleep(30)
        mark = bench.sandbox.log.mark()
        edit(bench, "Polled soon")
        await asyncio.sleep(30)
        assert bench.sandbox.log.since(mark)
        assert shown(bench, "github", TASK[1])["title"] == "Polled soon"

    daemon(tmp_path, work)


def test_a_watch_of_the_files_outlives_every_failure_and_tries_again_what_was_refused(tmp_path: Path) -> None:
    bad: list[Exception] = []

    async def work(service: Service, bench: Bench) -> None:
        asked = asyncio.Event()
        watching = asyncio.create_task(_watch(service, bench.world, asked))
        bad.append(RuntimeError("nobody thought of that"))
        asked.set()
        await asyncio.sleep(10)
        bad[:] = [ConfigError("the file of a secret cannot be read", where="syncd.yaml:3", fix="make it")]
        asked.set()
        await asyncio.sleep(10)
        assert service.is_refused
        bad.clear()
        bench.main = bench.main.replace("every: 1h", "every: 5s")
        await asyncio.sleep(60)
        assert (await service.vitals()).configuration is None
        assert service.settings.portfolios["platform"].every_s == 5
        assert not watching.done()
        watching.cancel()

    daemon(tmp_path, work, bad=bad)


def test_a_configuration_is_in_force_or_not_whatever_becomes_of_telling_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(service: Service, bench: Bench) -> None:
        monkeypatch.setattr(service.chores.notifier, "configuration", _fails)
        bench.main = bench.main.replace("every: 1h", "every: 5s")
        assert await service.reload()
        await asyncio.sleep(30)
        assert (await service.vitals()).portfolios["platform"].state == "running"
        edit(bench, "Polled soon")
        await asyncio.sleep(60)
        assert shown(bench, "github", TASK[1])["title"] == "Polled soon"

    daemon(tmp_path, work)


def test_the_store_cannot_be_exchanged_under_a_running_daemon(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        bench.store = f"sqlite:///{tmp_path / 'other.db'}"
        assert not await service.reload()
        refused = (await service.vitals()).configuration
        assert refused is not None
        assert "store" in refused.what

    daemon(tmp_path, work)


def test_a_tool_that_is_down_is_told_and_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        bench.sandbox.faults.add("github:503")
        service.cycle_now()
        await asyncio.sleep(400)
        vitals = (await service.vitals()).portfolios["platform"]
        assert vitals.connections["github-eng"].state == "down"
        assert vitals.connections["jira-pmo"].state == "up"
        edit(bench, "While it is down")
        await tell(service, bench, "one")
        await asyncio.sleep(30)
        assert len(await service.store.inbox.waiting([JIRA])) <= 1
        bench.sandbox.faults.clear()
        service.cycle_now()
        await asyncio.sleep(60)
        assert (await service.vitals()).portfolios["platform"].connections["github-eng"].state == "up"
        assert shown(bench, "github", TASK[1])["title"] == "While it is down"

    daemon(tmp_path, work)


def test_a_tool_that_was_left_alone_is_asked_again_however_long_cycles_take(tmp_path: Path) -> None:
    """A cycle that began before its time and ended after it is no failure more: else nobody would ever ask again."""

    async def work(service: Service, bench: Bench) -> None:
        bench.main = bench.main.replace("every: 1h", "every: 20s")
        assert await service.reload()
        bench.sandbox.faults.add("github:401")
        bench.sandbox.faults.add("jira:latency=9000")
        await asyncio.sleep(600)
        assert (await service.vitals()).portfolios["platform"].connections["github-eng"].state == "down"
        bench.sandbox.faults.clear()
        bench.sandbox.faults.add("jira:latency=9000")
        await asyncio.sleep(900)
        assert (await service.vitals()).portfolios["platform"].connections["github-eng"].state == "up"

    daemon(tmp_path, work)


def test_a_portfolio_that_fails_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(service: Service, bench: Bench) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("syncd.engine.loop.sync", _fails)
            service.cycle_now()
            await asyncio.sleep(5)
            failed = (await service.vitals()).portfolios["platform"]
            assert failed.state == "failed"
            assert failed.trouble is not None
            assert failed.trouble.what == "the disk is full"
        await asyncio.sleep(700)
        assert (await service.vitals()).portfolios["platform"].state == "running"
        edit(bench, "Begun anew")
        await tell(service, bench, "one")
        await asyncio.sleep(5)
        assert shown(bench, "github", TASK[1])["title"] == "Begun anew"

    daemon(tmp_path, work)


async def _fails(*_: object, **__: object) -> None:
    raise StoreError("the disk is full", fix="make room")


def test_people_are_told_of_a_lost_credential_and_of_its_return(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        bench.sandbox.faults.add("jira:401")
        service.cycle_now()
        await asyncio.sleep(300)
        told = await service.store.notified.of("platform")
        assert [(row.topic, row.subject) for row in told] == [("credential", "jira-pmo")]
        bench.sandbox.faults.clear()
        service.cycle_now()
        await asyncio.sleep(300)
        assert await service.store.notified.of("platform") == []

    daemon(tmp_path, work, more="notify:\n  - webhook: {url: {env: NOTIFY_URL}}\n")


def test_repeated_edits_of_one_item_are_fewer_writes_than_webhooks(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        mark = bench.sandbox.log.mark()
        for number in range(20):
            edit(bench, f"Edit {number}")
            await tell(service, bench, f"told {number}")
            await asyncio.sleep(0.05)
        await asyncio.sleep(5)
        assert shown(bench, "github", TASK[1])["title"] == "Edit 19"
        assert len(bench.writes_since(mark)) < 10
        assert await service.store.inbox.waiting([JIRA]) == []

    daemon(tmp_path, work)
