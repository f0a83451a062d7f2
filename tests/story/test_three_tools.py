"""One portfolio in three tools, from the first plan to silence; its figures stand at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import STORY
from tests.story.acts import edits, moves, planning, texts, work
from tests.story.office import open_office
from tests.story.stage import Stage, open_stage
from tests.story.troubles import away, contradictions, deleted, derived, much_later, revoked, silence, wrong_key

pytestmark = pytest.mark.redmine


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Lend a stage; the curtain falls on the project in Redmine and on the stand-ins."""
    office = open_office()
    try:
        made = open_stage(tmp_path, office, monkeypatch)
        with made.sandbox:
            yield made
    finally:
        office.close()


def test_three_tools_tell_one_story(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    plot = planning(stage)
    work(stage)
    edits(stage, plot)
    moves(stage, plot)
    texts(stage, plot)
    contradictions(stage, plot)
    revoked(stage, plot)
    wrong_key(stage)
    away(stage, plot)
    derived(stage, plot)
    deleted(stage, plot)
    silence(stage)
    much_later(stage, plot)
    for line in stage.report():
        record_property(STORY, line)
