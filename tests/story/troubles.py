"""The later acts: contradictions, keys that stop working, a tool that is away, a deleted subtree, and silence."""

from __future__ import annotations

import os
from datetime import timedelta

import httpx

from syncd.store.rows import LinkState
from tests.story.acts import Plot
from tests.story.office import EPIC
from tests.story.stage import CODE, PLAN, WORK, Stage

HELD = 3
"""The exit code that asks for a person."""


def contradictions(stage: Stage, plot: Plot) -> None:
    """Edit one field twice, another thrice: both are held, the rest flows, and a person settles them by command."""
    office, jira, github = stage.office, stage.all("jira"), stage.all("github")
    stage.jira.set(jira["One page less"], "title", "One page less, at last", by="ada")
    stage.github.set(github["One page less"], "title", "One screen less", by="ben")
    office.edit(plot.checkout, subject="Checkout, faster")
    stage.jira.set(jira["Faster checkout"], "title", "A faster checkout", by="chi")
    stage.github.set(github["Faster checkout"], "title", "Fast checkout", by="ben")
    text = office.show(plot.sso)["description"]
    office.edit_text(plot.sso, text.replace("Customers sign in once", "Staff sign in once"))
    stage.retype_in_jira(jira["Single sign-on"], "Customers sign in once", "Everybody signs in once")
    stage.github.set(github["One page less"], "Priority", "High", by="ben")
    cycle = stage.sync()
    assert sorted(row.field for row in cycle.opened) == ["description", "title", "title"]
    stage.settle()
    assert stage.seen("jira", jira["One page less"])["priority"] == "High", "the other fields flow"
    assert stage.seen("jira", jira["One page less"])["summary"] == "One page less, at last"
    assert stage.seen("github", github["One page less"])["title"] == "One screen less"
    assert stage.command("verify").returncode == HELD
    told = stage.command("conflicts", "list").stdout
    held = {row.entity: row for row in cycle.opened if row.field == "title"}
    for row in cycle.opened:
        assert row.id in told
    [story] = [row for row in held.values() if len(row.content.contenders) == 2]
    [epic] = [row for row in held.values() if len(row.content.contenders) == 3]
    [words] = [row for row in cycle.opened if row.field == "description"]
    for row, choice in (
        (story, ("--take", CODE)),
        (epic, ("--value", "Checkout in one go")),
        (words, ("--take", PLAN)),
    ):
        settled = stage.command("conflicts", "resolve", row.id, *choice)
        assert settled.returncode == 0, settled.stderr
    stage.settle()
    stage.agree()
    assert stage.seen("jira", jira["One page less"])["summary"] == "One screen less"
    assert {stage.seen("jira", jira["Faster checkout"])["summary"], office.show(plot.checkout)["subject"]} == {
        "Checkout in one go"
    }
    assert stage.losers(jira["One page less"], "title") == ["One page less, at last"]
    assert set(stage.losers(jira["Faster checkout"], "title")) == {
        "Checkout, faster",
        "A faster checkout",
        "Fast checkout",
    }
    assert "Staff sign in once" in str(stage.seen("jira", jira["Single sign-on"])["description"])


def revoked(stage: Stage, plot: Plot) -> None:
    """Revoke Jira's key between two writes of one run; the others go on, and nothing is lost or done twice."""
    jira, github = stage.all("jira"), stage.all("github")
    titles = ("Sign in with SAML", "Session of twelve hours", "Audit trail", "Remember the card")
    for title in titles:
        stage.github.set(github[title], "title", f"{title} (pilot)", by="ben")
    stage.office.edit(plot.sso, priority="Urgent")
    edits = 0

    def revoke(request: httpx.Request) -> None:
        nonlocal edits
        edits += request.method == "PUT" and b"(pilot)" in request.content
        if edits == 2:
            stage.jira.revoke()

    stage.before = revoke
    cycle = stage.sync()
    stage.before = lambda _request: None
    assert cycle.pushed.failed
    assert sum("(pilot)" in title for title in stage.all("jira")) == 1, "one had got through"
    assert stage.seen("github", github["Single sign-on"])["Priority"] == "Urgent", "GitHub and Redmine go on"
    assert list(stage.verify().unreachable) == [WORK]
    stage.restore_jira_key()
    stage.settle()
    stage.agree()
    assert all(stage.seen("jira", jira[title])["summary"] == f"{title} (pilot)" for title in titles)


def wrong_key(stage: Stage) -> None:
    """Use a wrong key: a public Redmine answers as to a stranger, and nothing of that is believed or lost."""
    github = stage.all("github")
    private = stage.office.add(2, "Talk to the works council", is_private=True)
    stage.settle()
    before, writes = stage.office.standing(), stage.writes()["redmine"]
    stage.give_redmine_key("0" * 40)
    stage.github.set(github["Checkout fails on Fridays"], "Status", "Done", by="ben")
    cycle = stage.sync()
    assert PLAN not in {row.place.connection for row in cycle.lines if row.digest in cycle.pushed.done}
    assert stage.seen("jira", stage.all("jira")["Checkout fails on Fridays"])["status"] == "Done"
    assert list(stage.verify().unreachable) == [PLAN]
    assert (stage.office.standing(), stage.writes()["redmine"]) == (before, writes)
    assert stage.states(PLAN)[f"#{private}"] is LinkState.LIVE, "what a stranger does not see is not gone"
    stage.give_redmine_key(os.environ["REDMINE_API_KEY"])
    stage.settle()
    blocked(stage)


def blocked(stage: Stage) -> None:
    """Close what Redmine does not close while its blocker is open: refused, listed, and done once a person says so."""
    [found] = stage.verify().differences
    assert (found.title, found.field, found.canonical) == ("Checkout fails on Fridays", "status", "done")
    stage.github.set(stage.all("github")["Payment page is slow"], "Status", "Done", by="ben")
    stage.settle()
    assert len(stage.verify().differences) == 1, "not tried again by itself"
    listed = stage.command("quarantine", "list").stdout
    assert "status" in listed, listed
    assert stage.command("quarantine", "retry").returncode == 0
    stage.settle()
    stage.agree()
    [bug] = [each for each in stage.office.issues() if each["subject"] == "Checkout fails on Fridays"]
    assert bug["status"]["name"] == "Closed"


def away(stage: Stage, plot: Plot) -> None:
    """Take GitHub down for one cycle; the two others agree meanwhile, and GitHub catches up."""
    github = stage.all("github")["Checkout in one go"]
    stage.office.edit(plot.checkout, status="Resolved")
    stage.sandbox.sandbox.faults.add("github:503")
    new = stage.office.add(EPIC, "Loyalty points", description="Planned while GitHub was down.")
    stage.sync()
    assert stage.seen("github", github)["Status"] == "In Progress"
    assert "Loyalty points" in stage.all("jira")
    assert list(stage.verify().unreachable) == [CODE]
    stage.sandbox.sandbox.faults.clear()
    stage.settle()
    stage.agree()
    assert stage.seen("github", github)["Status"] == "In Review"
    assert stage.seen("github", stage.all("github")["Loyalty points"])["type"] == "Epic"
    assert stage.office.show(new)["subject"] == "Loyalty points"


def derived(stage: Stage, plot: Plot) -> None:
    """Edit what Redmine derives from an epic's children: its 204 is not believed; that is told and not repeated."""
    jira = stage.all("jira")["Old portal"]
    stage.jira.set(jira, "priority", "Highest", by="ada")
    stage.settle()
    writes = stage.writes()
    stage.sync(full=True)
    assert stage.writes() == writes
    [found] = stage.verify().differences
    assert (found.title, found.field, found.canonical) == ("Old portal", "priority", "urgent")
    assert stage.office.show(plot.portal)["priority"]["name"] == "Normal"


def deleted(stage: Stage, plot: Plot) -> None:
    """Delete an epic, and Redmine everything below it: nobody else loses anything, nothing is made again."""
    jira, github, writes = stage.all("jira"), stage.all("github"), stage.writes()
    stage.office.delete(plot.portal)
    left = {str(each["id"]) for each in stage.office.issues()}
    assert not left & {plot.portal, *plot.children}
    stage.agree()
    stage.sync()
    stage.sync(full=True)
    assert (stage.all("jira"), stage.all("github"), stage.writes()) == (jira, github, writes)
    assert {str(each["id"]) for each in stage.office.issues()} == left
    states = stage.states(PLAN)
    assert {states[f"#{number}"] for number in (plot.portal, *plot.children)} == {LinkState.OUT_OF_SCOPE}


def silence(stage: Stage) -> None:
    """See that all tools agree, and that a further cycle of any sort writes nothing anywhere."""
    verified = stage.command("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert set(stage.links().values()) == {1}, "no item is anywhere twice"
    assert not any("\n" in key for key in stage.all("jira").values()), "nor does a title come twice"
    before, objects = stage.untouched(), (stage.objects("jira"), stage.objects("github"))
    stage.sync_twice_warm()
    stage.sync()
    stage.sync(full=True)
    for again in ((), ("--full",)):
        synced = stage.command("sync", *again)
        assert synced.returncode == 0, synced.stdout + synced.stderr
    assert stage.untouched() == before
    assert (stage.objects("jira"), stage.objects("github")) == objects


def much_later(stage: Stage, plot: Plot) -> None:
    """Look again ten minutes later: the deleted epic and its children have tombstones; still nothing moves."""
    before = stage.untouched()
    stage.leap += timedelta(minutes=11)
    stage.agree()
    stage.sync()
    states = stage.states(PLAN)
    assert {states[f"#{number}"] for number in (plot.portal, *plot.children)} == {LinkState.GONE}
    stage.sync(full=True)
    assert stage.untouched() == before
