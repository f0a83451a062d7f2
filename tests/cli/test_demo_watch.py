"""The demo's last act ends when told to, whatever happens to the interruption on its way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from syncd.cli import demo_watch


async def test_an_interruption_that_a_round_swallowed_still_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def swallowing(*_: object) -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def pair(_: object) -> tuple[str, str, str]:
        return "entity", "ENG-1", "acme/api#1"

    monkeypatch.setattr(demo_watch, "_round", swallowing)
    monkeypatch.setattr(demo_watch, "find_pair", pair)
    stage: Any = SimpleNamespace(program="syncd", url="http://127.0.0.1", common=SimpleNamespace(folder="demo"))
    desk: Any = SimpleNamespace(world=SimpleNamespace(sleep=lambda _: asyncio.sleep(0)))
    watching = asyncio.create_task(demo_watch.watch(stage, desk))
    await begun.wait()
    watching.cancel()
    done, _ = await asyncio.wait({watching}, timeout=5)
    assert done
    assert watching.cancelled()
