"""What `syncd status` says of what waits: for whom, for what, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.cli.opening import Shop
from syncd.cli.options import Common
from syncd.cli.standing import status_view
from syncd.cli.waiting import waits_for
from syncd.engine.home import FIELD as HOME
from syncd.engine.insist import PUSHED_BACK
from syncd.model.refs import EntityId, Ref
from syncd.report.status import status_text
from syncd.store.rows import FieldStateRow, QuarantineRow
from syncd.store.store import open_store
from tests.engine.bench import START, Bench
from tests.engine.hand import CREATE, JIRA, after_edits, agreed, jira_of

RETRY = "syncd quarantine retry ENG-1"
FIELD = QuarantineRow(connection=JIRA, ref=Ref(JIRA, "issue", "1"), field="title", reason="too long", since=START)
WHOLE = replace(FIELD, field=None, reason="it carries the marker of ENG-2, which is linked already")
CREATED = QuarantineRow(connection=JIRA, entity=EntityId("e"), reason="no such type", since=START)
BREAKER = FieldStateRow(entity=EntityId("e"), field="title", trouble=PUSHED_BACK, undone=3, since=START)
DROPPED = FieldStateRow(entity=EntityId("e"), field="title", refused="what would not stick", since=START)


@pytest.mark.parametrize(
    ("row", "state", "told"),
    [
        (FIELD, None, "the next cycle, which tries it once more"),
        (CREATED, None, "the next cycle, which tries it once more"),
        (
            replace(FIELD, attempts=2),
            None,
            f"another value; or the tool or the credential's right to change, then: {RETRY}",
        ),
        (replace(CREATED, attempts=2), None, f"the credential's right or the rule to change, then: {RETRY}"),
        (WHOLE, None, f"you to look at it in jira-pmo, then: {RETRY}"),
        (FIELD, DROPPED, f"another value; or the tool or the credential's right to change, then: {RETRY}"),
        (replace(FIELD, field=HOME), None, f"the credential's right or the rule to change, then: {RETRY}"),
        (FIELD, BREAKER, f"another value, 21 h 55 min to pass, or: {RETRY}"),
    ],
)
def test_each_entry_says_what_it_waits_for(row: QuarantineRow, state: FieldStateRow | None, told: str) -> None:
    assert waits_for(row, state, RETRY, START + timedelta(hours=2, minutes=5)) == told


@asynccontextmanager
async def shop_of(bench: Bench) -> AsyncIterator[Shop]:
    settings = bench.settings()
    async with await open_store(settings.store, bench.world) as store:
        yield Shop(settings=settings, portfolio=settings.portfolios["platform"], store=store, world=bench.world)


async def status(bench: Bench) -> str:
    """Return what `syncd status` prints."""
    async with shop_of(bench) as shop:
        return status_text(await status_view(shop, Common(folder=Path("config"))))


async def test_a_create_that_is_looked_up_says_how_long_the_index_may_still_lag(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    bench.sandbox.faults.add("github:timeout:match=createIssue:count=1")
    jira_of(bench).add("Story", "ENG", {"title": "Made in Jira"}, by="ada")
    await after_edits(bench)
    told = await status(bench)
    assert "Writes under way:" in told
    assert "being looked up for 1 h " in told
    bench.clock.pass_(2 * 3600)
    assert "being looked up, by the next cycle that reads it" in await status(bench)


async def test_what_a_tool_refuses_is_in_the_status_with_the_command(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    bench.sandbox.faults.add("jira:403:item=ENG-3:kind=write")
    bench.sandbox.tools["github"].set("acme/web#1", "title", "Not for you", by="ben")
    for _ in range(3):
        await after_edits(bench)
    told = await status(bench)
    assert "In quarantine:\n  jira-pmo ENG-3 title: " in told
    assert "then: syncd quarantine retry ENG-3" in told


async def test_a_restored_store_says_what_is_not_trusted_and_what_to_do(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    assert "Restored:" not in await status(bench)
    async with shop_of(bench) as shop, shop.store.transaction() as tx:
        await tx.restored.mark("it was restored from a backup")
    told = await status(bench)
    assert "Restored:\n  it was restored from a backup\n" in told
    assert "to be read anew, and not decided about before: github-eng, jira-pmo" in told
    assert "  do: syncd sync\n" in told
