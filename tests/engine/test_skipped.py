"""What a sweep calls a skipped change: only what the changes should have told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.protocol import Page
from syncd.engine.absent import sweep
from syncd.engine.cycle import sync
from tests.engine.bench import Bench
from tests.engine.hand import agreed, github_of, jira_of

HOUR_S = 3600.0


def make(bench: Bench, tool: str) -> None:
    """Let a person make an item."""
    if tool == "jira":
        jira_of(bench).add("Story", "ENG", {"title": "Just made"}, by="ada")
    else:
        github_of(bench).add("Task", "api", {"title": "Just made"}, by="ben")


@pytest.mark.parametrize("tool", ["jira", "github"])
async def test_what_is_made_between_the_pull_and_the_sweep_is_no_skipped_change(tmp_path: Path, tool: str) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        await sync(desk)
        make(bench, tool)
        assert (await sweep(desk)).unseen == 0


@pytest.mark.parametrize("tool", ["jira", "github"])
async def test_what_was_there_long_before_a_pull_that_did_not_tell_of_it_is_one(
    tmp_path: Path, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await agreed(tmp_path)
    make(bench, tool)
    bench.clock.pass_(HOUR_S)

    async def nothing(*_: Any) -> AsyncIterator[Page]:  # noqa: ANN401 - whatever is asked
        pages: tuple[Page, ...] = ()
        for page in pages:
            yield page

    async with bench.desk() as desk:
        for account in desk.accounts.values():
            monkeypatch.setattr(account.connector, "changes", nothing)
        await sync(desk)
        assert (await sweep(desk)).unseen == 1
        assert (await sweep(desk)).unseen == 0
