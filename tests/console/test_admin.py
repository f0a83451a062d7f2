"""Health, metrics and the API of a running daemon, in virtual time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from syncd.console.admin import admin_app
from syncd.console.hooks import Receiver
from syncd.console.outward import outward_app
from syncd.engine.service import Service
from syncd.engine.tools import tools
from syncd.errors import ConfigError
from syncd.settings.listen import Listen
from tests.engine.bench import Bench
from tests.engine.hand import TASK, shown
from tests.simulation.test_service import daemon, tell

API_TOKEN = "a-token-of-the-operator"
HERE = "http://127.0.0.1:8081"
Ask = Callable[..., Awaitable[httpx.Response]]
ROOT = Path(__file__).resolve().parents[2]


async def status_of(portfolio: str | None) -> object:
    if portfolio not in (None, "platform"):
        raise ConfigError("there is no such portfolio", fix="say platform")
    return {"portfolio": "platform"}


def clients(service: Service, receiver: Receiver) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """Return clients of the admin's listener and of the outward one."""
    apps: tuple[Any, Any] = (admin_app(service, receiver, status_of), outward_app(receiver, service))
    inner, outer = (httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HERE) for app in apps)
    return inner, outer


def operate(
    folder: Path, work: Callable[[Service, Bench, httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]]
) -> None:
    async def both(service: Service, bench: Bench) -> None:
        receiver = Receiver(service, tools())
        receiver.counts["jira-pmo", "taken"] = 3
        inner, outer = clients(service, receiver)
        async with inner, outer:
            await work(service, bench, inner, outer)

    daemon(folder, both)


def test_it_is_ready_when_all_runs_and_says_what_keeps_it_otherwise(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        for client in (inner, outer):
            assert (await client.get("/healthz")).json() == {"alive": True}
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()) == (200, {"ready": True, "why": []})
        bench.sandbox.faults.add("github:401")
        service.cycle_now()
        await asyncio.sleep(60)
        ready = await inner.get("/readyz")
        assert ready.status_code == 503
        (why,) = ready.json()["why"]
        assert (why["connection"], why["state"], why["kind"]) == ("github-eng", "down", "AuthError")
        assert why["what"]
        assert why["fix"]
        (outside,) = (await outer.get("/readyz")).json()["why"]
        assert outside == {"about": "connection", "state": "down"}, "no name, and nothing of what a tool or a path says"
        assert (await outer.get("/healthz")).status_code == 200
        assert 'syncd_credential_refused{connection="github-eng"} 1.0' in (await inner.get("/metrics")).text

    operate(tmp_path, work)


def test_metrics_tell_how_it_stands_and_hold_nothing_of_an_item(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        bench.sandbox.tools["jira"].set(TASK[0], "summary", "Canary title")
        await tell(service, bench, "one")
        await asyncio.sleep(5)
        text = (await inner.get("/metrics")).text
        values = dict(re.findall(r"^(\S+?\}?) ([0-9.e+-]+)$", text, flags=re.MULTILINE))
        assert float(values['syncd_cycles_total{portfolio="platform",sort="whole"}']) >= 1
        assert values['syncd_cycles_total{portfolio="platform",sort="hint"}'] == "1.0"
        assert values['syncd_cycle_duration_seconds_count{portfolio="platform",sort="hint"}'] == "1.0"
        assert values['syncd_webhooks_total{connection="jira-pmo",result="taken"}'] == "3.0"
        assert values['syncd_writes_total{portfolio="platform",verb="update"}'] == "1.0"
        assert values['syncd_connection_state{connection="jira-pmo",state="up"}'] == "1.0"
        assert values['syncd_backlog{connection="jira-pmo"}'] == "0.0"
        assert 0 < float(values['syncd_lag_seconds{connection="github-eng"}']) < 120
        assert 0 < float(values['syncd_last_delivery_age_seconds{connection="jira-pmo"}']) < 60
        assert values["syncd_configuration_refused"] == "0.0"
        shares = [float(value) for name, value in values.items() if name.startswith("syncd_budget_left{")]
        assert shares
        assert all(0 <= share <= 1 for share in shares)
        assert "Canary" not in text
        assert TASK[0] not in text
        documented = (ROOT / "syncd" / "console" / "README.md").read_text()
        names = set(re.findall(r"^# TYPE (\S+?)(?:_total)? ", text, flags=re.MULTILINE))
        assert sorted(name for name in names if f"`{name}" not in documented) == []
        for path in ("/metrics", "/api/status", "/api/openapi.json"):
            assert (await outer.get(path)).status_code == 404

    operate(tmp_path, work)


def test_the_api_is_closed_without_a_token_and_to_whoever_has_it_not(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        calls = [
            ("GET", "/api/status"),
            ("POST", "/api/sync/platform"),
            ("POST", "/api/reload"),
            ("GET", "/api/openapi.json"),
        ]
        for method, path in calls:
            closed = await inner.request(method, path)
            assert (closed.status_code, "listen" in closed.json()["detail"]["fix"]) == (403, True)
        service.settings = replace(service.settings, listen=Listen(token=SecretStr(API_TOKEN)))
        for told in ("", "Bearer", "Bearer ", f"Basic {API_TOKEN}", f"Bearer {API_TOKEN}x", API_TOKEN, "Bearer \xff"):
            for method, path in calls:
                headers = [(b"authorization", told.encode("latin-1"))]
                refused = await inner.request(method, path, headers=headers)
                assert refused.status_code == 401
                assert API_TOKEN not in refused.text
        inner.headers["authorization"] = f"Bearer {API_TOKEN}"
        assert (await inner.get("/api/status")).json() == {"portfolio": "platform"}
        assert (await inner.get("/api/status", params={"portfolio": "no"})).status_code == 404
        assert set((await inner.get("/api/openapi.json")).json()["paths"]) >= {"/api/status", "/api/reload", "/metrics"}
        assert (await inner.post("/api/sync/nothing")).status_code == 404
        cycles = service.counts.cycles["platform", "whole"]
        assert (await inner.post("/api/sync/platform")).status_code == 202
        await asyncio.sleep(30)
        assert service.counts.cycles["platform", "whole"] == cycles + 1
        assert (await inner.post("/api/reload")).json() == {"in_force": True}
        assert (await inner.get("/api/status")).status_code == 403, "the configuration that was loaded has no token"
        del bench, outer

    operate(tmp_path, work)


def test_no_page_in_a_browser_can_read_it_under_a_name_of_its_own(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        for host in ("rebound.example", "rebound.example:8081", "127.0.0.1.rebound.example", "[::1].rebound", ""):
            for path in ("/metrics", "/readyz", "/api/status"):
                refused = await inner.get(path, headers={"host": host})
                assert (refused.status_code, "syncd" in refused.text) == (421, False), host
        for host in ("127.0.0.1:8081", "localhost", "LOCALHOST:9000", "[::1]:8081", "127.0.0.2"):
            assert (await inner.get("/metrics", headers={"host": host})).status_code == 200, host
        assert (await outer.get("/healthz", headers={"host": "hooks.acme.example"})).status_code == 200
        del service, bench

    operate(tmp_path, work)


def test_a_reload_whose_asker_goes_away_leaves_nothing_standing_still(tmp_path: Path) -> None:
    """It waits for the cycle under way, which may take longer than any answer may."""

    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        bench.sandbox.faults.add("jira:latency=15000")
        service.cycle_now()
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await service.reload()
        assert (await inner.get("/readyz")).status_code == 200
        bench.sandbox.faults.clear()
        await asyncio.sleep(300)
        assert (await service.vitals()).portfolios["platform"].state == "running"
        bench.sandbox.tools["jira"].set(TASK[0], "summary", "Goes on")
        await tell(service, bench, "one")
        await asyncio.sleep(5)
        assert shown(bench, "github", TASK[1])["title"] == "Goes on"
        del outer

    operate(tmp_path, work)


def test_a_portfolio_that_is_taken_out_is_told_of_until_its_last_cycle_ended(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        bench.sandbox.faults.add("jira:latency=15000")
        service.cycle_now()
        await asyncio.sleep(1)
        bench.main = bench.main.replace("  platform:\n", "  renamed:\n")
        reloading = asyncio.create_task(service.reload())
        await asyncio.sleep(1)
        assert (await inner.get("/readyz")).status_code == 200
        assert (await inner.get("/metrics")).status_code == 200
        bench.sandbox.faults.clear()
        assert await reloading
        await asyncio.sleep(300)
        why = (await inner.get("/readyz")).json()["why"]
        assert {each["connection"] for each in why} == {"jira-pmo", "github-eng"}
        assert all('belong to a portfolio "platform"' in each["what"] for each in why)
        assert all('call the portfolio "platform"' in each["fix"] for each in why)
        del outer

    operate(tmp_path, work)


def test_reloads_at_once_are_one_after_another(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench, inner: httpx.AsyncClient, outer: httpx.AsyncClient) -> None:
        assert await asyncio.gather(*(service.reload() for _ in range(3))) == [True] * 3
        await asyncio.sleep(60)
        assert len(service._tasks) == 1
        running = [task for task in asyncio.all_tasks() if "Service._portfolio" in repr(task.get_coro())]
        assert len(running) == 1
        del bench, inner, outer

    operate(tmp_path, work)
