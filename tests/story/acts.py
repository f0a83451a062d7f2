"""The acts of the story, in order; each leaves the tools in agreement unless it says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.story.office import EPIC, FEATURE
from tests.story.stage import PLAN, Stage

LONG = """Customers sign in once, with the account of their own company.

## Why now

Six of the last twenty renewals asked for it, three of them in *writing*.

- audit trail for every sign-in
- a session of at most twelve hours

## Not in scope

Anything a partner can build on our API.

The pilot begins with two customers."""


MANNERS = """Ask @ada, see #12 and **fixes #3**; \N{PARTY POPPER} \u05e9\u05dc\u05d5\u05dd

| Browser | Seconds |
|---|---|
| one | 4 |

```sql
select 1;
```

- [ ] measure
- [x] complain"""


@dataclass
class Plot:
    """The things the story is about, by the names their people use."""

    sso: str
    """Number of the epic in Redmine."""
    checkout: str
    portal: str
    """The epic that will be deleted with everything below it."""
    children: tuple[str, str]
    beta: str
    """Number of a version in Redmine."""


def planning(stage: Stage) -> Plot:
    """Plan in Redmine as the office does; nothing is written anywhere until a person approves the plan."""
    office = stage.office
    beta = office.add_version("Private beta", due_date="2027-03-15", description="Two pilot customers.")
    office.add_version("Launch", due_date="2027-06-30")
    sso = office.add(
        EPIC,
        "Single sign-on",
        description=LONG,
        priority="High",
        assigned_to="dana",
        start_date="2027-01-04",
        due_date="2027-06-15",
    )
    office.edit(sso, status="In Progress")  # a new issue begins as "New", whatever it is sent with
    checkout = office.add(EPIC, "Faster checkout", description="Pay in two clicks.", due_date="2027-04-30")
    portal = office.add(EPIC, "Old portal", description="Switch it off.")
    children = [
        office.add(FEATURE, f"Portal: {what}", parent_issue_id=portal, assigned_to="rita")
        for what in ("move the last customers", "archive the data")
    ]
    assert stage.sync().waiting
    assert not +stage.writes()
    plan = stage.plan()
    assert not +stage.writes()
    applied = stage.apply(plan.plan_id)
    assert not applied.missed, [(row.payload, row.reason) for row in applied.missed]
    stage.settle()
    jira, github = stage.all("jira"), stage.all("github")
    walk_by_hand(stage, jira["Single sign-on"])
    stage.agree()
    epic = stage.seen("jira", jira["Single sign-on"])
    assert (epic["type"], epic["status"], epic["duedate"]) == ("Epic", "Under Way", "2027-06-15")
    assert (epic["assignee"], epic["priority"]) == ("Ada Example", "High")
    issue = stage.seen("github", github["Single sign-on"])
    assert (issue["type"], issue["Status"], issue["Target date"]) == ("Epic", "In Progress", "2027-06-15")
    assert (issue["assignees"], issue["Priority"]) == (["ada"], "High")
    assert [stage.seen("jira", f"ENG/{name}")["due_on"] for name in ("Private beta", "Launch")] == [
        "2027-03-15",
        "2027-06-30",
    ]
    assert [stage.seen("github", key)["due_on"] for key in github["Launch"].split()] == ["2027-06-30"] * 2
    assert stage.seen("github", github["Portal: archive the data"])["parent"] == github["Old portal"]
    return Plot(sso, checkout, portal, (children[0], children[1]), beta)


def walk_by_hand(stage: Stage, key: str) -> None:
    """Walk an epic from Funnel to Under Way, where Jira has no single step: that is told, not tried for ever."""
    [found] = stage.verify().differences
    assert (found.title, found.field, found.canonical) == ("Single sign-on", "status", "in_progress")
    writes = stage.writes()
    stage.sync(full=True)
    assert stage.writes() == writes
    for status in ("Planned", "Under Way"):
        stage.jira.set(key, "status", status, by="ada")
    stage.settle()


def work(stage: Stage) -> None:
    """Add the teams' work in Jira and GitHub; it arrives where the rules say, under its parents."""
    jira = stage.all("jira")
    sso, checkout = jira["Single sign-on"], jira["Faster checkout"]
    for title, fields in {
        "Sign in with SAML": {"parent": sso, "fix_versions": "Private beta", "labels": "backend", "assignee": "ada"},
        "Session of twelve hours": {"parent": sso, "fix_versions": "Launch", "duedate": "2027-05-20"},
        "Audit trail": {"parent": sso, "description": "Every sign-in, with **time** and place."},
        "Remember the card": {"parent": checkout, "fix_versions": "Launch", "assignee": "chi"},
        "One page less": {"parent": checkout, "labels": "frontend, quick-win"},
    }.items():
        stage.jira.add("Story", "ENG", {"title": title, **fields}, by="ben")
    stage.github.add(
        "Bug", "web", {"title": "Checkout fails on Fridays", "Priority": "Urgent", "labels": "API", "assignees": "ben"}
    )
    stage.github.add_milestone("api", "Hardening", due_on="2027-08-31")
    stage.settle()
    first = stage.plan()
    assert {line.place.connection for line in first.lines} == {PLAN}, "only Redmine still waits for its first approval"
    assert not stage.apply(first.plan_id).missed
    stage.settle()
    stage.agree()
    github = stage.all("github")
    story = stage.seen("github", github["Sign in with SAML"])
    assert (story["parent"], story["milestone"]) == (github["Single sign-on"], "Private beta")
    assert (story["labels"], story["assignees"]) == (["backend"], ["ada"])
    bugs = [each for each in stage.office.issues() if each["subject"] == "Checkout fails on Fridays"]
    assert [(each["priority"]["name"], each["assigned_to"]["name"]) for each in bugs] == [("Urgent", "Rita Reporter")]
    areas = next(each for each in bugs[0]["custom_fields"] if each["name"] == "Areas")
    assert areas["value"] == ["API"]
    assert {each["name"]: each["due_date"] for each in stage.office.versions()}["Hardening"] == "2027-08-31"


def edits(stage: Stage, plot: Plot) -> None:
    """Edit on every side, in each tool's own words; nothing contradicts, so everything flows."""
    office, jira, github = stage.office, stage.all("jira"), stage.all("github")
    office.edit(plot.checkout, status="In Progress", assigned_to="rita")
    office.edit(plot.sso, due_date="2027-07-01")
    office.edit_version(plot.beta, due_date="2027-03-22")
    stage.jira.set(jira["Sign in with SAML"], "status", "In Review", by="ada")
    stage.jira.set(jira["Sign in with SAML"], "labels", "backend, security", by="ada")
    stage.jira.set(jira["Faster checkout"], "duedate", "2027-12-24", by="chi")
    stage.github.set(github["Sign in with SAML"], "labels", "backend, customer-request", by="ben")
    stage.github.set(github["Remember the card"], "Status", "Done", by="chi")
    stage.github.set(github["Audit trail"], "assignees", "chi", by="chi")
    stage.github.set(github["Checkout fails on Fridays"], "Status", "In Progress", by="ben")
    stage.github.set(github["Launch"].split()[0], "due_on", "2027-07-10", by="ben")
    written = stage.writes()["redmine"]
    stage.settle()
    stage.agree()
    assert stage.writes()["redmine"] == written + 2, "the launch's date and the bug's status, each once"
    checkout = stage.seen("jira", jira["Faster checkout"])
    assert (checkout["status"], checkout["assignee"]) == ("Under Way", "Ben Example")
    assert checkout["duedate"] == "2027-04-30", "the office leads that date: an edit elsewhere is put back"
    assert stage.losers(jira["Faster checkout"], "target_on") == [date(2027, 12, 24)]
    assert stage.seen("github", github["Single sign-on"])["Target date"] == "2027-07-01"
    assert stage.seen("jira", "ENG/Private beta")["due_on"] == "2027-03-22"
    assert {stage.seen("github", key)["due_on"] for key in github["Launch"].split()} == {"2027-07-10"}
    assert {each["name"]: each["due_date"] for each in office.versions()}["Launch"] == "2027-07-10"
    both = {"backend", "security", "customer-request"}
    assert set(stage.seen("jira", jira["Sign in with SAML"])["labels"]) == both
    assert set(stage.seen("github", github["Sign in with SAML"])["labels"]) == both
    assert stage.seen("github", github["Sign in with SAML"])["Status"] == "In Review"
    assert stage.seen("jira", jira["Remember the card"])["status"] == "Done"
    assert stage.seen("jira", jira["Audit trail"])["assignee"] == "Chi Example"
    stalled(stage)


def moves(stage: Stage, plot: Plot) -> None:
    """Move things about: other parents, milestones, blockers, a release, closed issues; and words that must not act."""
    office, jira, github = stage.office, stage.all("jira"), stage.all("github")
    bug, late = "Checkout fails on Fridays", "Payment page is slow"
    stage.github.add("Bug", "web", {"title": late, "Priority": "Urgent", "body": MANNERS, "milestone": "Launch"})
    stage.settle()
    github = stage.all("github")
    stage.github.set(github[bug], "blocked_by", github[late], by="ben")
    stage.github.set(github[bug], "milestone", "Launch", by="ben")
    stage.github.set(github["Session of twelve hours"], "blocked_by", github["Sign in with SAML"], by="ben")
    stage.github.set(github["Audit trail"], "state", "closed", by="chi")
    stage.jira.set(jira["One page less"], "parent", jira["Single sign-on"], by="ada")
    stage.jira.set(jira["Sign in with SAML"], "fix_versions", "Launch", by="ada")
    office.edit_version(plot.beta, status="closed")
    stage.settle()
    stage.agree()
    jira = stage.all("jira")
    issues = {each["subject"]: each for each in office.issues()}
    assert issues[bug]["fixed_version"]["name"] == issues[late]["fixed_version"]["name"] == "Launch"
    relations = office.call("GET", f"/issues/{issues[bug]['id']}/relations.json")["relations"]
    assert [(each["relation_type"], each["issue_id"]) for each in relations] == [("blocks", issues[late]["id"])]
    assert stage.seen("jira", jira[bug])["blocked by"] == [jira[late]]
    assert stage.seen("jira", jira["Session of twelve hours"])["blocked by"] == [jira["Sign in with SAML"]]
    assert stage.seen("jira", jira["Audit trail"])["status"] == "Done"
    assert stage.seen("github", github["One page less"])["parent"] == github["Single sign-on"]
    assert stage.seen("github", github["Sign in with SAML"])["milestone"] == "Launch"
    assert stage.seen("jira", "ENG/Private beta")["released"]
    assert {stage.seen("github", key)["state"] for key in github["Private beta"].split()} == {"closed"}


def stalled(stage: Stage) -> None:
    """Say a word that GitHub has not: it goes on showing the nearest one, and the two others agree."""
    [bug] = [each for each in stage.office.issues() if each["subject"] == "Checkout fails on Fridays"]
    assert bug["status"]["name"] == "In Progress"
    stage.office.edit(str(bug["id"]), status="Feedback")
    stage.settle()
    stage.agree()
    assert stage.seen("jira", stage.all("jira")[bug["subject"]])["status"] == "Blocked"
    assert stage.seen("github", stage.all("github")[bug["subject"]])["Status"] == "In Progress"


def texts(stage: Stage, plot: Plot) -> None:
    """Edit three paragraphs of one long description at once, each in another tool: the union arrives everywhere."""
    jira, github = stage.all("jira")["Single sign-on"], stage.all("github")["Single sign-on"]
    first, second, third = "the account of their own employer", "built on the partner API", "with five customers"
    held = stage.office.show(plot.sso)["description"]
    stage.office.edit_text(plot.sso, held.replace("the account of their own company", first))
    stage.retype_in_jira(jira, "build on our API", second)
    body = stage.seen("github", github)["body"]
    stage.github.set(github, "body", body.replace("with two customers", third), by="ben")
    stage.settle()
    stage.agree()
    office = stage.office.show(plot.sso)["description"]
    wanted = LONG.replace("the account of their own company", first).replace("build on our API", second)
    wanted = wanted.replace("with two customers", third)
    assert office.replace("\r\n", "\n") == wanted
    assert stage.seen("github", github)["body"].replace("\r\n", "\n").startswith(wanted)
    assert all(text in str(stage.seen("jira", jira)["description"]) for text in (first, second, third))
