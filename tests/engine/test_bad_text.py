"""Bad input: texts of every unpleasant kind reach the other tool as well as it can hold them, or are told and left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine.bench import Bench
from tests.engine.hand import (
    LATER_S,
    OTHER,
    TASK,
    agreed,
    all_is_well,
    census,
    findings,
    flows,
    github_of,
    jira_of,
    shown,
    told,
)

FAMILY = "\U0001f680 Ship \U0001f468\u200d\U0001f469\u200d\U0001f467 it \u2705"
RIGHT_TO_LEFT = (
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u2014 \u0645\u0631\u062d\u0628\u0627 \u202eabc\u202c"
)
CONTROLS = "nul \0 bell \x07 escape \x1b[31m delete \x7f end"
PRINTED = "nul  bell  escape [31m delete  end"


def document(text: str) -> Mapping[str, Any]:
    """Return a Jira description of one paragraph, with whatever is in *text*."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


def smuggle_into_jira(bench: Bench, key: str, field: str, value: object) -> None:
    """Put into a field what Jira's own page would refuse, as an import or an old version left it."""
    site = jira_of(bench).site
    site.update(site.find_issue(key), "712020:ada", {field: value}, ())


def smuggle_into_github(bench: Bench, key: str, field: str, value: str) -> None:
    """Put into an issue what GitHub's own page would refuse."""
    github = github_of(bench)
    one = github.people.find(key)
    setattr(one, field, value)
    github.set(key, "labels", ["touched"], by="ben")


PAIRS = (
    ("PMO-1", "acme/api#1"),
    ("ENG-1", "acme/api#2"),
    ("ENG-2", "acme/api#3"),
    ("ENG-3", "acme/web#1"),
    ("ENG-4", "acme/web#2"),
)
TITLES = (
    (FAMILY, FAMILY),
    (RIGHT_TO_LEFT, RIGHT_TO_LEFT),
    (CONTROLS, PRINTED),
    (
        "two\nlines\r\n\tand \u2028three **bold** <b>x</b> @ben #12 /close",
        "two lines and three **bold** <b>x</b> @ben #12 /close",
    ),
    ("x" * 255, "x" * 255),
)
"""As typed, and as one clean line."""


async def test_a_title_arrives_as_one_clean_line_from_either_side(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    before = census(bench)
    for (_, github), (typed, _) in zip(PAIRS, TITLES, strict=True):
        smuggle_into_github(bench, github, "title", typed)
    await all_is_well(bench)
    for (jira, github), (typed, printed) in zip(PAIRS, TITLES, strict=True):
        assert shown(bench, "jira", jira)["summary"] == printed
        assert shown(bench, "github", github)["title"] == typed, "what a person typed stays as it is"

    for (jira, _), (typed, _) in zip(PAIRS, TITLES, strict=True):
        smuggle_into_jira(bench, jira, "summary", f"{typed}!"[-255:])
    await all_is_well(bench)
    for (_, github), (_, printed) in zip(PAIRS, TITLES, strict=True):
        assert shown(bench, "github", github)["title"] == f"{printed}!"[-255:]
    assert census(bench).total() == before.total()


async def test_a_title_that_is_empty_or_too_long_is_told_and_the_rest_flows(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "title", "y" * 256, by="ben")
    report = await findings(bench)
    assert told(report.left_alone) == {
        "task.title for jira-pmo takes at most 255 characters, and this text has 256: shorten it": 1
    }
    await flows(bench, "Flows past a long title")
    assert shown(bench, "jira", TASK[0])["summary"] == "Design session lifetime"

    smuggle_into_github(bench, TASK[1], "title", "")
    report = await findings(bench)
    assert told(report.left_alone) == {"task.title for jira-pmo cannot be empty": 1}
    await flows(bench, "Flows past no title")
    assert shown(bench, "jira", TASK[0])["summary"] == "Design session lifetime"

    github_of(bench).set(TASK[1], "title", "Short again", by="ben")
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "Short again"


BODIES = (
    (f"{FAMILY}\n\n- [x] {RIGHT_TO_LEFT}\n- :tada:", RIGHT_TO_LEFT),
    ("one\r\ntwo\r\n\r\n| a | b |\r\n|---|---|\r\n| 1 | 2 |\r\n", "two"),
    (f"{CONTROLS}\n\n\x85next", "delete"),
    ("half \ufffd rocket", "rocket"),
    ("<script>alert(1)</script>\n\n@ben fixes #1\n\n```\nunclosed", "alert(1)"),
)
"""As typed, and a part that must arrive."""


async def test_a_description_arrives_and_stays(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    for (_, github), (typed, _) in zip(PAIRS, BODIES, strict=True):
        smuggle_into_github(bench, github, "body", typed)
    await all_is_well(bench)
    for (jira, github), (typed, part) in zip(PAIRS, BODIES, strict=True):
        assert part in shown(bench, "jira", jira)["description"]
        assert shown(bench, "github", github)["body"] == typed, "what a person typed stays as it is"
    mark = bench.sandbox.log.mark()
    await bench.sync(full=True)
    assert bench.writes_since(mark) == []


async def test_what_jira_holds_of_odd_texts_arrives_in_github(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    smuggle_into_jira(bench, TASK[0], "description", document(f"{FAMILY} {CONTROLS} half \ud83d rocket"))
    jira_of(bench).set(OTHER[0], "description", RIGHT_TO_LEFT, by="ada")
    await all_is_well(bench)
    body = shown(bench, "github", TASK[1])["body"]
    assert FAMILY in body
    assert body.endswith("half \ufffd rocket")
    assert RIGHT_TO_LEFT in shown(bench, "github", OTHER[1])["body"]


TOO_LARGE = {
    "3 MB in GitHub": ("github", "word " * 620_000),
    "over Jira's limit": ("github", "paragraph of words. " * 2_000),
    "3 MB in Jira": ("jira", "word " * 620_000),
    "over GitHub's limit": ("jira", "word " * 14_000),
    "no document at all": ("jira", None),
}
TOLD = {
    "3 MB in GitHub": "markdown text of this form or size cannot be read as task.description for github-eng",
    "over Jira's limit": "task.description for jira-pmo takes at most 32,767 characters, and this text has",
    "3 MB in Jira": "adf text of this form or size cannot be read as task.description for jira-pmo",
    "over GitHub's limit": "task.description for github-eng takes at most",
    "no document at all": "jira-pmo does not show task.description",
}


@pytest.mark.parametrize("case", TOO_LARGE)
async def test_a_description_too_large_or_broken_is_frozen_told_and_never_cut(tmp_path: Path, case: str) -> None:
    tool, text = TOO_LARGE[case]
    bench = await agreed(tmp_path)
    jira, github = shown(bench, "jira", TASK[0])["description"], shown(bench, "github", TASK[1])["body"]
    if tool == "github":
        smuggle_into_github(bench, TASK[1], "body", str(text))
    else:
        smuggle_into_jira(bench, TASK[0], "description", "not a document" if text is None else document(text))
    report = await findings(bench)
    (what,) = [*told(report.unreadable), *told(report.left_alone)]
    assert what.startswith(TOLD[case])
    await flows(bench, "Flows past a large text")
    if tool == "github":
        assert shown(bench, "jira", TASK[0])["description"] == jira
    else:
        assert shown(bench, "github", TASK[1])["body"] == github
    if tool == "github":
        github_of(bench).set(TASK[1], "body", "Short again.", by="ben")
    else:
        smuggle_into_jira(bench, TASK[0], "description", document("Short again."))
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["description"] == "Short again."
    assert shown(bench, "github", TASK[1])["body"] == "Short again."


async def test_labels_jira_cannot_hold_stay_where_they_are_and_the_others_flow(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "labels", ["needs review", "sso", "\u00c4\u00d6"], by="ben")
    await all_is_well(bench)
    assert set(shown(bench, "jira", TASK[0])["labels"]) == {"sso", "\u00c4\u00d6"}
    jira_of(bench).set(TASK[0], "labels", ["\u00e4\u00f6", "new"], by="ada")
    await all_is_well(bench)
    assert set(shown(bench, "github", TASK[1])["labels"]) == {"needs review", "\u00c4\u00d6", "new"}
    mark = bench.sandbox.log.mark()
    bench.clock.pass_(LATER_S)
    await bench.sync(full=True)
    assert bench.writes_since(mark) == []
