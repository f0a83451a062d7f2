"""The acts of the four-tool story: a roadmap in Linear, an office in Redmine, engineers in Jira and GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncd.sandbox.jira.adf import to_text
from syncd.sandbox.jira.comments import comments_of
from tests.story.office import EPIC
from tests.story.stage import Stage

SSO, BETA, LAUNCH = "Single sign-on", "Private beta", "Launch"
GROWTH = "Enterprise ready"
SAML, AUDIT = "Sign in with SAML", "Audit trail"


def roadmap(stage: Stage) -> None:
    """Plan in Linear: an initiative, a project below it with two milestones; after approval they are everywhere."""
    linear = stage.linear
    linear.add("initiative", "", {"title": GROWTH, "target_date": "2027-12-31"}, by="ada")
    linear.add("project", "API", {"title": SSO, "target_date": "2027-06-15", "lead": "ada"}, by="ada")
    project = stage.all("linear")[SSO]
    linear.set(project, "content", "Customers sign in once.\n\n- audit trail\n- twelve hours", by="ada")
    linear.set(project, "initiatives", GROWTH, by="ada")
    for name, day in ((BETA, "2027-03-15"), (LAUNCH, "2027-06-30")):
        linear.add("milestone", project, {"title": name, "target_date": day}, by="ada")
    assert stage.sync().waiting
    assert not +stage.writes()
    approve(stage)
    issues = {each["subject"]: each for each in stage.office.issues()}
    assert issues[SSO]["tracker"]["id"] == issues[GROWTH]["tracker"]["id"] == EPIC
    assert issues[SSO]["due_date"] == "2027-06-15"
    assert issues[SSO]["assigned_to"]["name"] == "Dana Developer"
    assert {each["name"]: each["due_date"] for each in stage.office.versions()} == {
        BETA: "2027-03-15",
        LAUNCH: "2027-06-30",
    }
    jira, github = stage.all("jira"), stage.all("github")
    epic = stage.seen("jira", jira[SSO])
    assert (epic["type"], epic["duedate"], epic["assignee"]) == ("Epic", "2027-06-15", "Ada Example")
    assert stage.seen("jira", f"ENG/{BETA}")["due_on"] == "2027-03-15"
    issue = stage.seen("github", github[SSO])
    assert (issue["type"], issue["Target date"], issue["parent"]) == ("Epic", "2027-06-15", github[GROWTH])
    assert [stage.seen("github", key)["due_on"] for key in github[LAUNCH].split()] == ["2027-06-30"] * 2


def approve(stage: Stage, rounds: int = 4) -> None:
    """Approve plans until none waits, as a person does at first contact, and let everything come to rest."""
    for _ in range(rounds):
        plan = stage.plan()
        if not plan.lines:
            break
        applied = stage.apply(plan.plan_id)
        assert not applied.missed, [(row.payload, row.reason) for row in applied.missed]
    stage.settle()
    stage.agree()


def work(stage: Stage) -> None:
    """Add work in Jira; it arrives in the three other tools, below its project and in its milestone."""
    jira = stage.all("jira")
    for title, fields in {
        SAML: {"parent": jira[SSO], "fix_versions": BETA, "labels": "backend", "assignee": "ada"},
        AUDIT: {"parent": jira[SSO], "fix_versions": LAUNCH, "duedate": "2027-06-15"},
    }.items():
        stage.jira.add("Story", "ENG", {"title": title, **fields}, by="ben")
    approve(stage)
    stage.linear.set(stage.all("linear")[AUDIT], "blocked_by", stage.all("linear")[SAML], by="ada")
    stage.settle()
    stage.agree()
    issue = stage.seen("linear", stage.all("linear")[SAML])
    assert (issue["project"], issue["milestone"], issue["assignee"], issue["labels"]) == (
        SSO,
        BETA,
        "ada",
        ["backend"],
    )
    jira = stage.all("jira")
    assert stage.seen("jira", jira[AUDIT])["blocked by"] == [jira[SAML]]
    story = stage.seen("github", stage.all("github")[AUDIT])
    assert (story["parent"], story["milestone"]) == (stage.all("github")[SSO], LAUNCH)
    redmine = {each["subject"]: each for each in stage.office.issues()}
    assert redmine[AUDIT]["fixed_version"]["name"] == LAUNCH


def moves(stage: Stage) -> None:
    """Move the roadmap's dates and the teams' statuses; each arrives in the other three."""
    stage.linear.set(milestone(stage, BETA), "target_date", "2027-03-29", by="ada")
    stage.github.set(stage.all("github")[SAML], "Status", "In Progress", by="ben")
    stage.settle()
    stage.agree()
    assert {each["name"]: each["due_date"] for each in stage.office.versions()}[BETA] == "2027-03-29"
    assert stage.seen("jira", f"ENG/{BETA}")["due_on"] == "2027-03-29"
    assert stage.seen("linear", stage.all("linear")[SAML])["state"] == "In Progress"
    assert stage.seen("jira", stage.all("jira")[SAML])["status"] == "In Progress"


def milestone(stage: Stage, name: str) -> str:
    """Return what people call one of Linear's milestones."""
    return stage.all("linear")[name]


def comments(stage: Stage, title: str) -> Mapping[str, Sequence[str]]:
    """Return what people read below one task in each tool, oldest first."""
    number = next(str(each["id"]) for each in stage.office.issues() if each["subject"] == title)
    notes = [each["notes"] for each in stage.office.show(number)["journals"] if each.get("notes")]
    jira = stage.jira.site.find_issue(stage.all("jira")[title])
    return {
        "linear": stage.seen("linear", stage.all("linear")[title])["comments"],
        "redmine": notes,
        "jira": [to_text(each.body) for each in comments_of(jira)],
        "github": [each["body"] for each in stage.seen("github", stage.all("github")[title])["comments"]],
    }


def talk(stage: Stage) -> None:
    """Say something in every tool: each comment is read in all four, once, with its author's name in the copies."""
    number = next(str(each["id"]) for each in stage.office.issues() if each["subject"] == SAML)
    stage.linear.add("comment", stage.all("linear")[SAML], {"body": "Which **provider** first?"}, by="ada")
    stage.jira.add("comment", stage.all("jira")[SAML], {"body": "The one in the pilot."}, by="ben")
    stage.github.add("comment", stage.all("github")[SAML], {"body": "Metadata import is ready, @ada"}, by="chi")
    stage.office.call("PUT", f"/issues/{number}.json", {"issue": {"notes": "The customer agreed."}})
    approve(stage)
    said = {
        "provider": "linear-roadmap",
        "one in the pilot": "jira-eng",
        "Metadata import is ready": "github-eng",
        "customer agreed": "redmine-plan",
    }
    read = comments(stage, SAML)
    for words, origin in said.items():
        for tool, bodies in read.items():
            [body] = [each for each in bodies if words in each]
            assert (origin in body) is (not origin.startswith(tool)), f"{tool}: {body}"
    assert {tool: len(bodies) for tool, bodies in read.items()} == dict.fromkeys(read, 4)


def retold(stage: Stage) -> None:
    """Edit a comment where it was written: the copies follow, and none is doubled."""
    issue: Any = stage.jira.site.find_issue(stage.all("jira")[SAML])
    mine = next(each for each in comments_of(issue) if "one in the pilot" in to_text(each.body))
    stage.jira.set(f"{issue.key}#c{mine.id}", "body", "The two in the pilot.", by="ben")
    stage.settle()
    read = comments(stage, SAML)
    assert all(sum("two in the pilot" in each for each in bodies) == 1 for bodies in read.values())
    assert {tool: len(bodies) for tool, bodies in read.items()} == dict.fromkeys(read, 4)


def homes(stage: Stage) -> None:
    """See in each tool where the item's counterparts are."""
    keys = {tool: stage.all(tool)[SAML] for tool in ("linear", "jira", "github")}
    attachments = stage.seen("linear", keys["linear"])["attachments"]
    assert any(keys["jira"] in url for url in attachments), attachments
    body = stage.seen("github", keys["github"])["body"]
    assert keys["jira"] in body
    assert keys["linear"] in body
    number = next(str(each["id"]) for each in stage.office.issues() if each["subject"] == SAML)
    assert keys["jira"] in stage.office.show(number)["description"]
