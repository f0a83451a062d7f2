"""`syncd unlink` as a person types it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("stores")


def test_a_record_is_parted_and_the_rest_goes_on(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    told = cli("unlink", github)
    assert told.code == 0, told.err
    assert told.out.splitlines() == [
        f"Parted: github-eng {github}. It stays there as it is.",
        f"Nothing links it again but you: syncd match --from FILE -c {cli.folder}",
        f"Next: syncd sync -c {cli.folder}",
    ]
    cli.edit("github", github, "title", "On its own now")
    for _ in range(2):
        assert cli("sync").code == 0
    assert cli.held("jira", jira)["summary"] != "On its own now"
    assert cli("unlink", github, "--json").json["is_new"] is False
    unknown = cli("unlink", "NOPE-1")
    assert (unknown.code, unknown.err.splitlines()[0]) == (2, 'error: no linked record is called "NOPE-1"')
