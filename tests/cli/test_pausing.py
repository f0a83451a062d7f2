"""`syncd pause` and `resume` as a person types them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("stores")


def test_what_is_paused_is_shown_with_the_command_that_ends_it(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    told = cli("pause", "jira-pmo", "--why", "their migration")
    assert told.code == 0
    assert told.out.startswith("Paused: connection jira-pmo, since ")
    assert told.out.splitlines()[-1] == f"Next: syncd resume jira-pmo -c {cli.folder}, to go on"
    cli.edit("github", github, "title", "Renamed meanwhile")
    mark = cli.server.sandbox.log.mark()
    synced = cli("sync")
    assert synced.code == 0, synced.err
    assert "(their migration); 1 change waits for it" in synced.out
    assert not [each for each in cli.server.sandbox.log.since(mark) if each.tool == "jira"]
    status = cli("status")
    assert "Paused:\n  connection jira-pmo, since " in status.out
    (view,) = cli("status", "--json").json["paused"]
    assert (view["scope"], view["name"], view["why"]) == ("connection", "jira-pmo", "their migration")
    assert view["resume"] == f"syncd resume jira-pmo -c {cli.folder}"
    assert "1 change waits for it" in cli("plan").out
    verified = cli("verify")
    assert (verified.code, "All that runs agrees: " in verified.out) == (3, True)
    assert cli("resume", "jira-pmo").out.startswith("Resumed: connection jira-pmo, since ")
    assert cli("sync").code == 0
    assert cli.held("jira", jira)["summary"] == "Renamed meanwhile"
    assert cli("status", "--json").json["paused"] == []


def test_a_paused_portfolio_refuses_and_says_how_to_go_on(cli: Cli) -> None:
    name = "platform"
    cli("pause", name)
    for command in ("sync", "plan", "verify"):
        answer = cli(command)
        assert answer.code == 3
        assert f"the portfolio {name} is paused since " in answer.err
        assert f"fix: run syncd resume portfolio:{name} to go on with it" in answer.err
    assert cli("resume", f"portfolio:{name}").code == 0
    assert cli("plan").code == 0


def test_one_item_is_paused_by_its_key(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    assert cli("pause", jira, "--json").json["scope"] == "item"
    before = cli.held("jira", jira)["summary"]
    cli.edit("github", github, "title", "Renamed meanwhile")
    assert cli("sync").code == 0
    assert cli.held("jira", jira)["summary"] == before
    assert cli("resume", github).code == 0
    assert cli("sync").code == 0
    assert cli.held("jira", jira)["summary"] == "Renamed meanwhile"


def test_two_things_of_one_name_are_told_apart_and_nothing_is_guessed(cli: Cli) -> None:
    main = cli.folder / "syncd.yaml"
    main.write_text(main.read_text().replace("  platform:", "  jira-pmo:"))
    unclear = cli("pause", "jira-pmo")
    assert unclear.code == 2
    assert unclear.err == ('error: "jira-pmo" means 2 things\n  fix: write connection:jira-pmo or portfolio:jira-pmo\n')
    assert cli("pause", "portfolio:jira-pmo").code == 0
    assert cli("pause", "connection:jira-pmo").code == 0
    both = [view["resume"] for view in cli("status", "--json").json["paused"]]
    assert sorted(both) == [f"syncd resume {each}:jira-pmo -c {cli.folder}" for each in ("connection", "portfolio")]
    assert cli("resume", "jira-pmo").code == 2
    assert cli("resume", "portfolio:jira-pmo").code == 0
    assert cli("resume", "jira-pmo").code == 0
    nothing = cli("resume", "jira-pmo")
    assert nothing.err == 'error: nothing called "jira-pmo" is paused\n  fix: nothing is paused\n'
    unknown = cli("pause", "jira-pom")
    assert 'no connection, portfolio or item is called "jira-pom"' in unknown.err
