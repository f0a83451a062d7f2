"""`syncd sync REF...`: some items only, read anew in every tool."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("stores")


def test_named_items_are_read_anew_and_what_follows_is_written(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    cli.edit("github", github, "title", "Read anew")
    told = cli("sync", jira)
    assert told.code == 0, told.err
    assert told.out.startswith("Written: 1 change")
    assert cli.held("jira", jira)["summary"] == "Read anew"
    assert cli("sync", github).out.startswith("Nothing was written: ")
    assert cli("sync", "NOPE-1").code == 2
    assert cli("sync", jira, "--full").code == 2
    cli("pause", "github-eng")
    cli.edit("github", github, "title", "Meanwhile")
    quiet = cli("sync", jira)
    assert (quiet.code, cli.held("jira", jira)["summary"]) == (1, "Read anew")
    assert "github-eng is paused since " in quiet.err
