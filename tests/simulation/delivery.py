"""How the tools' webhooks reach a simulated daemon: late, twice, out of order, forged, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from syncd.console.hooks import Receiver
from syncd.sandbox.sender import Sender
from syncd.sandbox.webhooks import LOST, Sent
from tests.engine.bench import Bench
from tests.simulation.casts import PARTS
from tests.simulation.process import Killed, Process

SECRET: Final = "the secret of both tools"
OK: Final = 200


def hear(bench: Bench) -> None:
    """Let both connections of a bench take webhooks."""
    bench.env = {**bench.env, "HOOK": SECRET}
    bench.main = bench.main.replace("    mode: write\n", "    mode: write\n    webhook: {secret: {env: HOOK}}\n")


@dataclass
class Mail:
    """Who takes deliveries just now, and in which process; while nobody does, they are lost."""

    process: Process | None = None
    receiver: Receiver | None = None

    async def take(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Hand a delivery over, and return the status it is answered with."""
        if self.receiver is None or self.process is None or self.process.is_over:
            return LOST
        lower = {name.lower(): value for name, value in headers.items()}
        taking = self.process.start(self.receiver.take(url.rpartition("/")[2], None, lower, _parts(body)))
        await asyncio.wait({taking})
        return LOST if taking.cancelled() or isinstance(taking.exception(), Killed) else taking.result().status


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    yield body


@contextmanager
def delivering(bench: Bench, mail: Mail, dice: Random, shares: Mapping[str, float]) -> Iterator[Sender]:
    """Tell of everything that happens while the block lasts; *shares* of the deliveries fare ill, by trouble."""
    sender = Sender(bench.sandbox.tools, replace(bench.world, now=bench.clock.now, random=dice), mail.take)
    bench.sandbox.faults.sender = sender
    for tool in bench.sandbox.tools:
        sender.add(tool, f"http://syncd/hooks/{PARTS[tool].connection}", SECRET)
        for name, share in shares.items():
            sender.tune(tool, name, str(share))
    sending = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        sending.cancel()


def sent(bench: Bench) -> list[Sent]:
    """Return every delivery of both tools."""
    return [each for tool in bench.sandbox.tools.values() for each in getattr(tool, "webhooks").sent]  # noqa: B009
