"""The audit trail, and taking a run back, from the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.cli.conftest import Cli
from tests.databases import DISARMING, SQLITE


def test_a_run_is_found_in_the_log_and_taken_back(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    before = cli.held("github", github)["title"]
    cli.edit("jira", jira, "summary", "Said by mistake")
    assert cli("sync").code == 0

    told = cli("log", "--runs", "1", "--json").json["runs"]
    assert [(each["connection"], each["key"], each["field"]) for each in told[0]["written"]] == [
        ("github-eng", github, "title")
    ]
    run = told[0]["run"]
    shown = cli("log", github)
    assert shown.out.splitlines()[0].startswith(run)
    assert f"{before} -> Said by mistake" in shown.out
    assert shown.out.splitlines()[-1] == f"Next: syncd undo {run} --dry-run -c {cli.folder}"

    mark = cli.server.sandbox.log.mark()
    preview = cli("undo", run, "--dry-run")
    assert preview.code == 0
    assert f"Run {run}: 1 field would be restored, 0 left. Nothing was written." in preview.out
    assert cli.server.sandbox.log.objects_written(mark) == 0
    done = cli("undo", run, "--json")
    assert done.code == 0
    assert (done.json["run"], len(done.json["lines"]), done.json["left"]) == (run, 1, [])
    assert cli.held("github", github)["title"] == before

    assert cli("sync").code == 0
    assert cli.held("jira", jira)["summary"] == before
    mark = cli.server.sandbox.log.mark()
    assert cli("sync").code == 0
    assert cli.server.sandbox.log.objects_written(mark) == 0
    assert cli("undo", run).code == 3
    assert "it was put back already" in cli("undo", run, "--dry-run").out
    assert cli("log", github, "--json").json["runs"][1]["command"] == f"undo {run}"


def test_what_cannot_be_found_is_told(cli: Cli) -> None:
    assert cli("log").out == "Nothing was written yet.\n"
    missing = cli("undo", "ffff")
    assert (missing.code, missing.out) == (2, "")
    assert missing.err == 'error: there is no run "ffff"\n  fix: run syncd log, and give an id that it shows\n'
    nobody = cli("log", "NOPE-1")
    assert nobody.code == 2
    assert nobody.err.startswith('error: nothing linked is called "NOPE-1"\n  fix: ')


def test_the_trail_is_proven_or_the_row_where_it_breaks_is_named(cli: Cli) -> None:
    cli.agree()
    whole = cli("log", "--check", "--json")
    assert (whole.code, whole.json["broken"]) == (0, [])
    assert whole.json["rows"] > 1
    assert cli("log", "--check").out.endswith(": every one is as it was written, none is missing, added or moved.\n")

    with closing(sqlite3.connect(cli.folder / "state" / "syncd.db", isolation_level=None)) as raw:
        ((run,),) = raw.execute("SELECT run FROM audit WHERE seq = 2 LIMIT 1").fetchall()
        for statement in DISARMING[SQLITE]:
            raw.execute(statement)
        raw.execute("DELETE FROM audit WHERE run = ? AND seq = 2", (run,))
    broken = cli("log", "--check")
    assert broken.code == 1
    assert broken.out.endswith(" proven; the chain of 1 run is broken.\n")
    assert f": the audit of run {run} cannot be trusted: row 2 is missing\n  fix: find out who or what" in broken.err
    assert cli("log", "ENG-1", "--check").code == 2
