"""`syncd connection rename` as a person types it: nothing is written, linked or made because of a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.cli import connecting
from syncd.sandbox.client import add
from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture
def settled(cli: Cli) -> Cli:
    """Return an installation past its first contact that shows links home, with a held field."""
    main = cli.folder / "syncd.yaml"
    main.write_text(main.read_text().replace("mode: write", "mode: write\n    links_home: true"))
    mapping = cli.folder / "mapping.yaml"
    mapping.write_text(mapping.read_text() + "# jira-pmo stays in this comment\n")
    cli.agree()
    jira, github = cli.pair()
    cli.edit("jira", jira, "summary", "One way")
    cli.edit("github", github, "title", "Another way")
    assert cli("sync").code == 3
    add(cli.server.url, "jira", "Task", "ENG", {"title": "For the record"})
    cli("sync")
    return cli


def test_a_cycle_after_the_rename_writes_links_and_makes_nothing(settled: Cli) -> None:
    cli = settled
    jira, _ = cli.pair()
    before = cli("status", "--json").json
    cli("pause", "jira-pmo")
    told = cli("connection", "rename", "jira-pmo", "office")
    assert told.code == 0, told.err
    assert told.out.startswith("jira-pmo is called office now: ")
    assert "jira-pmo stays in this comment" in (cli.folder / "mapping.yaml").read_text()
    assert [view["name"] for view in cli("status", "--json").json["paused"]] == ["office"]
    cli("resume", "office")
    mark = cli.server.sandbox.log.mark()
    for command in (("sync",), ("sync", "--full"), ("plan",)):
        assert cli(*command).code in (0, 3)
    assert cli.server.sandbox.log.objects_written(mark) == 0
    after = cli("status", "--json").json
    assert after["entities"] == before["entities"]
    assert [each["links"] for each in after["connections"]] == [each["links"] for each in before["connections"]]
    assert [each["homes"] for each in after["connections"]] == [each["homes"] for each in before["connections"]]
    assert (after["conflicts"], after["matches"]) == (before["conflicts"], before["matches"])
    assert cli("store", "check").code == 0
    assert cli("log", "--check").code == 0
    written = [each for run in cli("log", jira, "--json").json["runs"] for each in run["written"]]
    assert {each["connection"] for each in written if each["key"] == jira} == {"office"}
    assert '"jira-pmo"' not in cli("explain", jira, "--json").out
    run = cli("log", "--json").json["runs"][-1]["run"]
    undone = cli("undo", run, "--dry-run", "--json")
    assert "not linked" not in undone.out
    (held,) = [each for each in cli("conflicts", "list", "--json").json["conflicts"] if each["field"] == "title"]
    assert cli("conflicts", "resolve", held["id"], "--take", "office").code == 0
    again = cli("connection", "rename", "jira-pmo", "office")
    assert again.out == "jira-pmo is called office already, in the store and in the configuration.\n"


@pytest.mark.parametrize("files", [0, 1, 2])
def test_what_a_kill_left_half_done_the_same_command_completes(
    settled: Cli, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    cli = settled
    written = 0
    replace = connecting.replace_file

    def killed(path: Path, text: str) -> None:
        nonlocal written
        if written == files:
            raise KeyboardInterrupt
        written += 1
        replace(path, text)

    with monkeypatch.context() as here:
        here.setattr(connecting, "replace_file", killed)
        assert cli("connection", "rename", "jira-pmo", "office").code != 0
    done = cli("connection", "rename", "jira-pmo", "office")
    assert done.code == 0, done.err
    mark = cli.server.sandbox.log.mark()
    assert cli("sync").code == 3
    assert cli.server.sandbox.log.objects_written(mark) == 0
    assert "jira-pmo" not in (cli.folder / "people.csv").read_text()


def test_a_wrong_name_is_refused_and_changes_nothing(cli: Cli) -> None:
    before = (cli.folder / "syncd.yaml").read_text()
    cases = {
        ("jira-pmo", "github-eng"): '"github-eng" is another connection',
        ("jira-pmo", "leader"): '"leader" cannot be its new name',
        ("jira-pmo", "No Name"): '"No Name" cannot be its new name',
        ("nobody", "office"): 'there is no connection "nobody"',
    }
    for names, why in cases.items():
        answer = cli("connection", "rename", *names)
        assert answer.code == 2
        assert why in answer.err
    assert (cli.folder / "syncd.yaml").read_text() == before
