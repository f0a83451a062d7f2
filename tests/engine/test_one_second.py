"""Two edits within one second leave a tool's time of change as it was: a webhook's cycle sees the second one, too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from syncd.engine.hints import sync_items
from syncd.model.refs import Ref
from tests.engine.hand import LATER_S, TASK, agreed, github_of, shown


async def test_an_edit_in_the_second_of_the_last_one_is_carried_over_at_once(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        links = await desk.store.links.by_key(TASK[1])
        refs: list[Ref] = [link.ref for link in links]
        bench.clock.seconds = float(int(bench.clock.seconds) + 1)
        for title in ("Named anew", "Named once more"):
            github_of(bench).set(TASK[1], "title", title, by="ben")
            await sync_items(desk, refs, asyncio.Lock())
            assert shown(bench, "jira", TASK[0])["summary"] == title
