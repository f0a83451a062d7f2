"""A brake holds back what leads to a write, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.errors import UnsafePlanError
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed
from tests.engine.test_stories import all_of


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


async def test_what_only_takes_in_a_tools_value_is_kept_while_a_brake_refuses_the_rest(bench: Bench) -> None:
    bench.main = bench.main.replace(
        "    mapping: platform.yaml", "    mapping: platform.yaml\n    limits: {update_count: 1, update_share: 0}"
    )
    await agreed(bench)
    for row in all_of(bench, "github")[:8]:
        if "#" in str(row["key"]):
            bench.sandbox.tools["github"].set(str(row["key"]), "title", f"Renamed {row['key']}", by="ben")
    bench.sandbox.tools["jira"].add("Story", "ENG", {"title": "Only read"}, by="ada")
    bench.clock.pass_(600)
    with pytest.raises(UnsafePlanError):
        await bench.sync()
    async with bench.desk() as desk:
        titles = {row.id: row.values.get("title") async for row in desk.store.entities.by_portfolio("platform")}
        waiting = await desk.store.dirty.take("platform")
    kept = [entity for entity, title in titles.items() if title == "Only read"]
    assert len(kept) == 1
    assert kept[0] not in waiting
    assert waiting
    assert not [title for title in titles.values() if str(title).startswith("Renamed")]
