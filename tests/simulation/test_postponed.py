"""New records wait for their tool's budget without keeping anybody from writing."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from syncd.engine.service import Service
from tests.engine.bench import Bench
from tests.engine.hand import TASK, shown
from tests.simulation.test_service import daemon, edit, tell

MADE = 12
"""More than may be made at once."""
PER_HOUR = 120
"""At half a share, one a minute."""


def made(bench: Bench) -> Counter[str]:
    rows = bench.sandbox.tools["github"].show()
    assert isinstance(rows, list)
    return Counter(str(row["title"]) for row in rows if str(row["title"]).startswith("Made "))


def test_edits_cross_at_once_while_new_records_wait_for_the_budget_and_each_is_made_once(tmp_path: Path) -> None:
    async def work(service: Service, bench: Bench) -> None:
        for number in range(MADE):
            bench.sandbox.tools["jira"].add("Story", "ENG", {"title": f"Made {number}"}, by="ada")
        service.cycle_now("platform")
        await asyncio.sleep(20)
        assert 0 < made(bench).total() < MADE
        for number in range(8):
            edit(bench, f"Told {number}")
            await tell(service, bench, f"delivery {number}")
            await asyncio.sleep(11)
            assert shown(bench, "github", TASK[1])["title"] == f"Told {number}"
        assert made(bench).total() < MADE
        await asyncio.sleep(MADE * 90)
        assert made(bench) == {f"Made {number}": 1 for number in range(MADE)}

    daemon(tmp_path, work, creates_per_hour=PER_HOUR)
