"""`syncd match` as a person types it: suggest, list, review, accept many, link by a table."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest

from syncd.sandbox.client import add
from tests.cli.conftest import Cli

PAIRS = [("Rotate the signing keys", "Rotate signing keys"), ("Archive old invoices", "Archive the old invoices!")]


@pytest.fixture
def alike(cli: Cli) -> Cli:
    """Two pairs of items that are probably one, in an installation past its first contact."""
    cli.agree()
    for jira, github in PAIRS:
        add(cli.server.url, "jira", "Task", "ENG", {"title": jira})
        add(cli.server.url, "github", "Task", "acme/api", {"title": github})
    cli("sync")
    return cli


def test_suggest_links_nothing_and_names_the_next_command(alike: Cli) -> None:
    answer = alike("match", "suggest", "--at-least", "85")
    assert answer.code == 3
    assert answer.out.splitlines() == [
        "2 new proposals; 2 to decide. Nothing was linked.",
        f"Next: syncd match review -c {alike.folder}",
    ]
    assert alike("match", "suggest", "--at-least", "85", "--json").json["new"] == 0
    listed = alike("match", "list")
    assert "% sure, titles are " in listed.out
    assert "2 matches to accept or reject." in listed.out


def test_accept_at_least_takes_the_sure_ones(alike: Cli) -> None:
    alike("match", "suggest")
    assert len(alike("match", "accept", "--at-least", "80", "--json").json["entities"]) == 2
    assert alike("match", "list").out.strip() == "No match waits for you."


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["y", "n"], "1 accepted, 1 rejected, 0 left."),
        (["?", "s", "q"], "0 accepted, 0 rejected, 2 left."),
        (["A", "A"], "2 accepted, 0 rejected, 0 left."),
        ([], "0 accepted, 0 rejected, 2 left."),
    ],
)
def test_review_carries_out_each_answer(
    alike: Cli, monkeypatch: pytest.MonkeyPatch, typed: list[str], told: str
) -> None:
    alike("match", "suggest")
    answers = iter(typed)

    def type_in(prompt: str) -> str:
        assert prompt == ""
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(builtins, "input", type_in)
    answer = alike("match", "review")
    assert answer.out.startswith(told)
    assert answer.code == (3 if "0 left" not in told else 0)
    assert "1 of 2" in answer.err


def test_a_table_is_linked_or_refused_whole(alike: Cli, tmp_path: Path) -> None:
    rows = {row["title"]: row["key"] for tool in ("jira", "github") for row in alike.held(tool, "")}
    keys = [(rows[jira], rows[github]) for jira, github in PAIRS]
    table = tmp_path / "pairs.csv"
    table.write_text("jira-pmo,github-eng\n" + "".join(f"{jira},{github}\n" for jira, github in keys))
    dry = alike("match", "--from", str(table), "--dry-run")
    assert (dry.code, dry.out.splitlines()[0]) == (
        0,
        "Would link 2 items; 0 were one already. Nothing was written yet.",
    )
    done = alike("match", "--from", str(table), "--json").json
    assert (done["united"], done["already"]) == (2, 0)
    assert alike("match", "--from", str(table), "--json").json["already"] == 2
    table.write_text("jira-pmo,github-eng\nENG-404,acme/api#404\n")
    wrong = alike("match", "--from", str(table))
    assert wrong.code == 2
    assert f'{table}:2 (jira-pmo): nothing is called "ENG-404" there' in wrong.err
    assert wrong.err.rstrip().endswith("2 problems in the configuration")


@pytest.mark.parametrize("arguments", [("match", "--from"), ("match", "accept"), ("match", "--from", "nowhere.csv")])
def test_wrong_usage_says_what_to_type(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments).code == 2
