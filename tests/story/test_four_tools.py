"""A roadmap in Linear, an office in Redmine, engineers in Jira and GitHub: one portfolio of four, and its undoing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import STORY
from tests.story.config import FOUR
from tests.story.office import open_office
from tests.story.roadmap import AUDIT, BETA, homes, milestone, moves, retold, roadmap, talk, work
from tests.story.stage import Stage, open_stage
from tests.story.troubles import silence

pytestmark = pytest.mark.redmine


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Lend a stage of four tools; the curtain falls on the project in Redmine and on the stand-ins."""
    office = open_office()
    try:
        made = open_stage(tmp_path, office, monkeypatch, FOUR)
        with made.sandbox:
            yield made
    finally:
        office.close()


def test_four_tools_keep_one_roadmap(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    roadmap(stage)
    work(stage)
    moves(stage)
    talk(stage)
    retold(stage)
    homes(stage)
    an_hour_later(stage)
    silence(stage)
    an_hour_later(stage)
    taken_back(stage)
    an_hour_later(stage)
    silence(stage)
    for line in stage.report():
        record_property(STORY, f"four tools: {line}")


def an_hour_later(stage: Stage) -> None:
    """Let an hour pass: Linear counts what it is asked by the hour, and this story is in a hurry."""
    stage.leap += timedelta(hours=1)


def taken_back(stage: Stage) -> None:
    """Undo the run that carried two edits everywhere: every field is as before, and a further sync leaves it so."""
    longer = f"{AUDIT}, searchable"
    before = held(stage, AUDIT)
    stage.linear.set(milestone(stage, BETA), "target_date", "2027-04-19", by="ada")
    stage.jira.set(stage.all("jira")[AUDIT], "title", longer, by="ben")
    run = stage.sync().run
    stage.settle()
    stage.agree()
    carried = held(stage, longer)
    assert carried == {"titles": [longer] * 3, "dates": ["2027-04-19"] * 4}
    dry = stage.command("undo", run, "--dry-run")
    assert dry.returncode in (0, 3), dry.stdout + dry.stderr
    assert held(stage, longer) == carried
    assert "linear-roadmap" in dry.stdout, "the leader of the date will write its own again: that is said beforehand"
    done = stage.command("undo", run)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert held(stage, AUDIT) == before
    stage.settle()
    stage.agree()
    after = held(stage, AUDIT)
    assert after == {"titles": [AUDIT] * 3, "dates": ["2027-04-19"] * 4}, "the title stays undone; a leader insists"
    assert stage.seen("jira", stage.all("jira")[AUDIT])["summary"] == AUDIT, "and it reaches who had edited it"


def held(stage: Stage, title: str) -> dict[str, list[str]]:
    """Return what the tools that were written to show of the task's title, and all four of the milestone's date."""
    titles = [name for tool in ("linear", "github") for name in stage.all(tool) if name == title]
    titles += [each["subject"] for each in stage.office.issues() if each["subject"] == title]
    dates = {each["name"]: each["due_date"] for each in stage.office.versions()}
    github = stage.all("github")[BETA].split()
    found = [dates[BETA], stage.seen("jira", f"ENG/{BETA}")["due_on"]]
    return {"titles": titles, "dates": [*found, *(stage.seen("github", key)["due_on"] for key in github)]}
