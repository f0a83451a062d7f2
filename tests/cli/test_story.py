"""The whole job from the command line: plan, apply, sync, a conflict, agreement."""

from __future__ import annotations

import pytest

from syncd.sandbox.client import add
from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("stores")


def test_plan_writes_nothing_and_names_the_next_command(cli: Cli) -> None:
    answer = cli("plan")
    assert answer.code == 0
    assert answer.err in ("", "Reading the tools ...\n"), "a slow machine is told what it waits for, and nothing else"
    *_, summary, notified, next_ = answer.out.splitlines()
    assert notified == "Notifies people: github-eng 1 new record."
    assert summary.startswith("Plan ")
    assert summary.endswith("Nothing was written.")
    plan = summary.split()[1].rstrip(":")
    assert next_ == f"Next: syncd apply {plan} -c {cli.folder}"
    assert cli.server.sandbox.log.objects_written() == 0


def test_sync_leaves_what_needs_approval_and_says_so(cli: Cli) -> None:
    answer = cli("sync")
    assert answer.code == 3
    assert cli.server.sandbox.log.objects_written() == 0
    assert "Waiting for you: " in answer.out
    assert answer.out.splitlines()[-1] == f"Next: syncd plan -c {cli.folder}"


def test_apply_carries_out_the_plan_and_then_all_is_quiet(cli: Cli) -> None:
    plan = cli("plan", "--json").json
    applied = cli("apply", plan["plan"], "--json")
    assert applied.code == 0
    assert len(applied.json["done"]) == len(plan["lines"])
    assert applied.json["missed"] == []
    cli.agree()
    verified = cli("verify")
    assert verified.code == 0
    assert verified.out.startswith("All tools agree: ")
    mark = cli.server.sandbox.log.mark()
    quiet = cli("sync")
    assert quiet.out.splitlines()[-1].startswith("Nothing was written: ")
    assert cli.server.sandbox.log.objects_written(mark) == 0
    assert cli("plan").out.splitlines()[-1].startswith("Nothing to do: ")


def test_a_change_that_moved_since_it_was_shown_is_skipped_and_listed(cli: Cli) -> None:
    plan = cli("plan", "--json").json
    line = next(
        each
        for each in plan["lines"]
        if each["connection"] == "github-eng" and each["fields"][0]["field"] == "due_on" and each["kind"] == "task"
    )
    cli.edit("github", line["key"], "Target date", "2031-01-01")
    applied = cli("apply", plan["plan"])
    assert applied.code == 3
    assert "Not carried out:" in applied.out
    assert line["key"] in applied.out
    assert applied.out.splitlines()[-1] == f"Next: syncd plan -c {cli.folder}"
    assert cli.held("github", line["key"])["Target date"] == "2031-01-01"


def test_one_edit_arrives_and_is_explained(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    cli.edit("jira", jira, "summary", "Said in Jira")
    answer = cli("sync")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "Written: 1 change (github-eng updated 1).")
    assert cli.held("github", github)["title"] == "Said in Jira"
    told = cli("explain", github, "title")
    assert told.code == 0
    assert "title: Said in Jira" in told.out
    assert "jira-pmo" in told.out.split("from: ")[1]
    assert "-> Said in Jira" in told.out.split("written: ")[1]


def test_a_conflict_is_held_shown_and_settled(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    cli.edit("jira", jira, "priority", "Highest")
    cli.edit("github", github, "Priority", "Low")
    mark = cli.server.sandbox.log.mark()
    held = cli("sync", "--json")
    assert held.code == 3
    assert cli.server.sandbox.log.objects_written(mark) == 0
    assert cli("verify").code == 3
    (conflict,) = cli("conflicts", "list", "--json").json["conflicts"]
    assert held.json["findings"]["held"][0]["name"] == conflict["id"]
    shown = cli("conflicts", "show", conflict["id"][:4])
    assert shown.code == 0
    assert f"Next: syncd conflicts resolve {conflict['id']} --take " in shown.out
    assert "conflicts held     1" in cli("status").out
    wrong = cli("conflicts", "resolve", conflict["id"], "--take", "linear")
    assert wrong.code == 2
    assert wrong.err == (
        'error: --take: "linear" is not a connection of this portfolio\n  fix: use github-eng, jira-pmo\n'
    )
    settled = cli("conflicts", "resolve", conflict["id"], "--take", "jira-pmo")
    assert settled.code == 0
    assert settled.out.splitlines()[-1] == "Written: 1 change (github-eng updated 1)."
    assert cli.held("github", github)["Priority"] == "Urgent"
    assert cli("sync").code == 0
    assert cli("verify").code == 0
    assert cli("conflicts", "list").out == "No conflict is held.\n"
    assert "ended " in cli("conflicts", "show", conflict["id"]).out


def test_a_connection_in_observe_mode_is_previewed_and_never_written(cli: Cli) -> None:
    main = cli.folder / "syncd.yaml"
    main.write_text(main.read_text().replace("mode: write", "mode: observe"))
    plan = cli("plan")
    assert plan.code == 0
    assert "observed only" in plan.out
    last = plan.out.splitlines()[-1]
    assert last.startswith("Next: say mode: write for ")
    assert cli("sync").code == 0
    assert cli.server.sandbox.log.objects_written() == 0


def test_check_online_asks_every_tool(cli: Cli) -> None:
    answer = cli("check", "--online", "--json")
    assert answer.code == 0
    (portfolio,) = answer.json["portfolios"]
    assert [(each["name"], each["answer"]) for each in portfolio["connections"]] == [
        ("jira-pmo", "ok"),
        ("github-eng", "ok"),
    ]
    assert portfolio["people"] == []
    assert "task.status for github-eng: blocked is shown as in_progress" in portfolio["fallbacks"]


def test_check_names_people_nobody_answers_to(cli: Cli) -> None:
    people = cli.folder / "people.csv"
    people.write_text(people.read_text() + "zoe@acme.example,,zoe-nobody\n")
    answer = cli("check", "--online")
    assert '  github-eng: "zoe-nobody" (correct the github-eng column of the people file)' in answer.out


def test_lists_that_are_empty_say_so(cli: Cli) -> None:
    assert cli("match", "list").out == "No match waits for you.\n"
    assert cli("quarantine", "list").out == "Nothing is set aside.\n"
    assert cli("match", "list", "--json").json == {"matches": []}
    assert cli("quarantine", "list", "--json").json == {"quarantine": []}


def test_init_writes_a_configuration_and_never_overwrites_one(cli: Cli) -> None:
    folder = cli.folder.parent / "new"
    first = cli.plainly("init", "-c", str(folder))
    assert first.code == 0
    assert first.out.splitlines() == [
        str(folder / each) for each in ("syncd.yaml", "mappings/platform.yaml", "people.csv")
    ]
    assert first.err.splitlines()[-1] == f"Next: syncd check -c {folder}"
    (folder / "people.csv").unlink()
    again = cli.plainly("init", "-c", str(folder))
    assert again.code == 2
    assert not (folder / "people.csv").exists()
    assert again.err == (
        f"error: {folder}: {folder}/syncd.yaml, {folder}/mappings/platform.yaml: there already, and never overwritten\n"
        "  fix: name another folder with -c, or move the old one away\n"
    )


def test_the_schemas_are_published(cli: Cli) -> None:
    both = cli.plainly("config", "schema").json
    one = cli.plainly("config", "schema", "syncd.yaml").json
    assert one == both["syncd.yaml"]
    wrong = cli.plainly("config", "schema", "x")
    assert (wrong.code, wrong.err) == (
        2,
        'error: there is no schema of "x"\n  fix: use one of syncd.yaml, mapping.yaml\n',
    )


def test_the_sandbox_is_edited_and_read_as_a_person_would(cli: Cli) -> None:
    url = cli.server.url
    cli.plainly("sandbox", "set", "jira", "ENG-1", "Story Points", "13", "--url", url)
    shown = cli.plainly("sandbox", "show", "jira", "ENG-1", "--url", f"{url}/").json
    assert shown["Story Points"] == 13
    cli("plan")
    assert {entry["tool"] for entry in cli.plainly("sandbox", "log", "jira", "--url", url).json} == {"jira"}
    wrong = cli.plainly("sandbox", "set", "jira", "ENG-1", "sumary", "x", "--url", url)
    assert wrong.code == 2
    assert "summary" in wrong.err


def test_an_unmatched_person_is_told_once_with_a_count(cli: Cli) -> None:
    people = cli.folder / "people.csv"
    people.write_text("".join(line for line in people.read_text().splitlines(keepends=True) if "dora" not in line))
    findings = cli("plan", "--json").json["findings"]
    about = [row for row in findings["unreadable"] if "Dora Example" in row["what"]]
    assert about
    assert len({row["what"] for row in about}) == len(about)
    assert max(row["count"] for row in about) > 1


def test_an_ambiguous_match_is_listed_and_decided_by_a_person(cli: Cli) -> None:
    for _ in range(2):
        add(cli.server.url, "github", "issue", "acme/api", {"title": "Twice the same", "type": "Task"})
    add(cli.server.url, "jira", "Task", "ENG", {"title": "Twice the same"})
    planned = cli("plan")
    assert planned.out.splitlines()[-1] == f"Next: syncd match list -c {cli.folder}"
    (found,) = cli("match", "list", "--json").json["matches"]
    keys = {name: key for name, key, _ in found["records"]}
    assert len(found["records"]) == 3
    refused = cli("match", "accept", found["id"])
    assert refused.code == 2
    assert "two of these live in the same place" in refused.err
    accepted = cli("match", "accept", found["id"], keys["jira-pmo"], keys["github-eng"])
    assert accepted.code == 0, accepted.err
    assert accepted.out.splitlines()[0] == "Linked as one item. Nothing was written yet."
    links = cli("explain", keys["jira-pmo"], "title", "--json").json["links"]
    assert {link["key"] for link in links} == {keys["jira-pmo"], keys["github-eng"]}
