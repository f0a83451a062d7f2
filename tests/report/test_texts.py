"""Whole reports, as they are printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from syncd.model.canonical import Kind
from syncd.model.native import MISSING, Date
from syncd.model.policy import Interval, Provenance, Stated
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.plan import FieldWrite, Line, Place, Verb
from syncd.reconcile.state import DueReason
from syncd.report.checked import CheckView, ConnectionCheck, check_text
from syncd.report.explain import FieldView, HoldingView, ItemView, LinkView, LostView, came_from, explain_text
from syncd.report.findings import Findings, Held, tally
from syncd.report.outcome import Missed, OutcomeView, outcome_text
from syncd.report.plan import PlanView, line_json, plan_json, plan_text
from syncd.report.questions import (
    AsideView,
    ConflictView,
    MatchView,
    SideView,
    conflict_text,
    conflicts_text,
    matches_text,
    quarantine_text,
)
from syncd.report.status import ConnectionView, OldCopyView, OpView, RunView, StatusView, status_text
from syncd.report.verify import DifferenceView, VerifyView, verify_text

JIRA, GITHUB = ConnectionName("jira-pmo"), ConnectionName("github-eng")
AT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)

UPDATE = Line(
    verb=Verb.UPDATE,
    entity=EntityId("e1"),
    kind=Kind.TASK,
    title="Ship it",
    key="ENG-118",
    place=Place(connection=JIRA, container="ENG", record_type="Story"),
    link=LinkId("l1"),
    writes=(FieldWrite(field="status", value="done", before="in_progress"),),
)
CREATE = Line(
    verb=Verb.CREATE,
    entity=EntityId("e2"),
    kind=Kind.TASK,
    title="Ship SSO",
    key="",
    place=Place(connection=GITHUB, container="acme/api", record_type="Feature"),
    link=None,
    writes=(FieldWrite(field="title", value="Ship SSO"), FieldWrite(field="status", value="planned")),
    opening=True,
)
MILESTONE = replace(
    UPDATE,
    kind=Kind.MILESTONE,
    key="Public beta",
    place=Place(connection=GITHUB, container="acme/web", record_type="milestone"),
    writes=(FieldWrite(field="due_on", value=date(2026, 4, 1), reason=DueReason.FILL),),
)
HELD = Held(
    is_conflict=True,
    name="7agreg31",
    kind="task",
    key="ENG-1",
    title="A title that is far too long to fit into its column",
    field="priority",
    sides=(("jira-pmo", "urgent"), ("github-eng", "low")),
)


def test_a_plan_is_lines_in_columns_a_summary_and_the_next_command() -> None:
    view = PlanView(
        id="7f3c",
        lines=(CREATE, UPDATE, MILESTONE),
        compared=9,
        connections=("jira-pmo", "github-eng"),
        observed=frozenset({"jira-pmo"}),
        findings=Findings(held=(HELD,), unreadable=tally([("no rule", "ENG-2"), ("no rule", "ENG-1")]), ambiguous=1),
        next=("syncd apply 7f3c",),
    )
    assert plan_text(view) == (
        '  +  github-eng  task       "Ship SSO"                            new       '
        "Feature in acme/api, 2 fields  (first write there; needs approval)\n"
        "  ~  jira-pmo    task       ENG-118                               status    "
        "in_progress -> done  (observed only)\n"
        '  ~  github-eng  milestone  "Public beta" (acme/web)              due_on    '
        "(empty) -> 2026-04-01  (first contact, was empty; needs approval)\n"
        '  !  7agreg31    task       "A title that is far too long to f…"  priority  '
        "jira-pmo urgent, github-eng low  (held)\n"
        "\n"
        "Not readable, and therefore frozen:\n"
        "  no rule (2 items, such as ENG-1)\n"
        "\n"
        "Plan 7f3c: 1 to create, 2 to update, 0 to archive, 1 conflict held, 1 match to decide"
        " (2 only with your approval). Nothing was written.\n"
        "Next: syncd apply 7f3c"
    )
    assert plan_text(view, 1).splitlines()[1] == "  ... and 3 more (--all shows them)"


def test_a_plan_without_lines_says_what_was_compared() -> None:
    view = PlanView(id="0", lines=(), compared=1, connections=("jira-pmo", "github-eng"))
    assert plan_text(view) == "Nothing to do: 1 item compared over jira-pmo, github-eng. Nothing was written."


COMMENT = replace(
    CREATE,
    kind=Kind.COMMENT,
    title="Looks good",
    place=Place(connection=GITHUB, container="acme/api", record_type="comment"),
    writes=(FieldWrite(field="body", value="Looks good"),),
    opening=False,
)


def test_a_plan_counts_comments_whom_they_disturb_and_the_links_home() -> None:
    view = PlanView(
        id="7f3c",
        lines=(COMMENT,),
        compared=1,
        connections=("jira-pmo", "github-eng"),
        notifying={"github-eng": 1},
        homes={"jira-pmo": 2},
    )
    assert plan_text(view).splitlines()[-3:] == [
        "Plan 7f3c: 1 to create (1 comment), 0 to update, 0 to archive, 0 conflicts held. Nothing was written.",
        "Notifies people: github-eng 1 new record.",
        "Links home to show: jira-pmo 2 records.",
    ]
    told = plan_json(view)
    assert (told["comments"], told["notifying"], told["links_home"]) == (1, {"github-eng": 1}, {"jira-pmo": 2})


def test_an_outcome_counts_comments_apart_and_the_links_home() -> None:
    view = OutcomeView(done=(CREATE, COMMENT, COMMENT), homes=1)
    assert outcome_text(view).splitlines() == [
        "Written: 3 changes (github-eng created 1, github-eng created comments 2).",
        "Links home: 1 record brought up to date.",
    ]
    assert outcome_text(OutcomeView(done=(), homes=2)) == "Links home: 2 records brought up to date."


def test_a_line_as_json_has_the_same_facts() -> None:
    assert line_json(UPDATE) == {
        "verb": "update",
        "connection": "jira-pmo",
        "container": "ENG",
        "type": "Story",
        "kind": "task",
        "key": "ENG-118",
        "entity": "e1",
        "title": "Ship it",
        "needs_approval": False,
        "fields": [{"field": "status", "before": "in_progress", "value": "done", "reason": "flow"}],
    }


def test_an_outcome_tells_what_was_written_missed_and_waits() -> None:
    view = OutcomeView(
        done=(UPDATE, UPDATE, CREATE),
        missed=(Missed(connection="jira-pmo", item="ENG-3", field="due_on", why="was edited meanwhile", failed=False),),
        waiting=2,
        quarantine=1,
        findings=Findings(held=(HELD,)),
        next=("syncd plan",),
    )
    assert outcome_text(view) == (
        "Not carried out:\n"
        "  ~  jira-pmo  ENG-3  due_on  was edited meanwhile\n"
        "\n"
        "Held for you:\n"
        '  !  7agreg31  task  "A title that is far too long to f…"  priority  jira-pmo urgent, github-eng low  (held)\n'
        "\n"
        "Written: 3 changes (github-eng created 1, jira-pmo updated 2).\n"
        "Waiting for you: 2 changes to approve, 1 conflict, 1 item in quarantine.\n"
        "Next: syncd plan"
    )


def test_a_comparison_lists_every_difference() -> None:
    view = VerifyView(
        agrees=False,
        items=2,
        fields=9,
        connections=("jira-pmo", "github-eng"),
        differences=(
            DifferenceView(
                kind="task", title="Ship it", field="status", canonical="done", shows={"jira-pmo ENG-1": "planned"}
            ),
        ),
        missing=(("github-eng", "acme/api", "Ship SSO"),),
        unreachable={JIRA: "it is down"},
        next=("syncd plan",),
    )
    assert verify_text(view) == (
        '  ≠  task        "Ship it"   status  jira-pmo ENG-1 planned; agreed: done\n'
        '  +  github-eng  "Ship SSO"          to be created in acme/api\n'
        "  x  jira-pmo did not answer: it is down\n"
        "\n"
        "The tools differ: 1 difference, 1 missing item, 0 conflicts held, 1 connection silent"
        " (2 items, 9 fields, over jira-pmo, github-eng).\n"
        "Next: syncd plan"
    )
    quiet = VerifyView(agrees=True, items=2, fields=9, connections=("jira-pmo",))
    assert verify_text(quiet) == "All tools agree: 2 items, 9 fields, over jira-pmo."


def test_a_conflict_names_every_side_and_every_way_out() -> None:
    view = ConflictView(
        id="7agreg31",
        kind="task",
        key="ENG-1",
        title="Ship it",
        field="priority",
        why="edited differently, and no policy names a winner",
        opened_at=AT,
        ended_at=None,
        how=None,
        sides=(
            SideView(of="agreed", key=None, value="medium"),
            SideView(of="jira-pmo", key="ENG-1", value="urgent", author="Ada Example", when=Interval(AT, AT)),
        ),
        next=("syncd conflicts resolve 7agreg31 --take jira-pmo", "syncd conflicts resolve 7agreg31 --keep"),
    )
    assert conflict_text(view) == (
        '7agreg31: priority of ENG-1 "Ship it", open since 2026-03-02 09:05 UTC\n'
        "  agreed           medium  before\n"
        "  jira-pmo  ENG-1  urgent  edited by Ada Example at 2026-03-02 09:05 UTC\n"
        "  (edited differently, and no policy names a winner)\n"
        "Next: syncd conflicts resolve 7agreg31 --take jira-pmo\n"
        "  or: syncd conflicts resolve 7agreg31 --keep"
    )
    assert conflicts_text([view]) == (
        '  7agreg31  task  "Ship it"  priority  agreed medium, jira-pmo urgent\n'
        "\n"
        "1 conflict held. Nothing of these is written.\n"
        "Next: syncd conflicts resolve 7agreg31 --take jira-pmo"
    )
    assert "ended 2026-03-02 09:05 UTC by command" in conflict_text(replace(view, ended_at=AT, how="command", next=()))


def test_matches_and_things_set_aside_are_listed_with_the_way_on() -> None:
    match = MatchView(
        id="m1",
        kind="task",
        reason="two of them are called the same",
        records=(("jira-pmo", "ENG-1", "Ship it"), ("github-eng", "acme/api#7", "Ship it")),
        made_at=AT,
        next=("syncd match accept m1", "syncd match reject m1"),
    )
    assert matches_text([match]) == (
        "m1  task: two of them are called the same\n"
        '    jira-pmo    ENG-1       "Ship it"\n'
        '    github-eng  acme/api#7  "Ship it"\n'
        "\n"
        "1 match to accept or reject.\n"
        "Next: syncd match accept m1\n"
        "Next: syncd match reject m1"
    )
    aside = AsideView(connection="jira-pmo", item="ENG-1", field=None, reason="it is too long", since=AT, attempts=2)
    waiting = replace(aside, waits_for="another value")
    assert "it is too long  waits for another value\n" in quarantine_text([waiting], "syncd quarantine retry")
    assert quarantine_text([aside], "syncd quarantine retry") == (
        "  jira-pmo  ENG-1  (whole item)  since 2026-03-02 09:05 UTC, 2 attempts: it is too long\n"
        "\n"
        "1 entry in quarantine.\n"
        "Next: syncd quarantine retry"
    )


def test_status_tells_of_connections_what_is_open_and_the_last_runs() -> None:
    view = StatusView(
        portfolio="platform",
        connections=(
            ConnectionView(name="jira-pmo", tool="jira", mode="write", last_read_at=AT, links={"live": 3}),
            ConnectionView(name="github-eng", tool="github", mode="observe", last_read_at=None, links={}),
        ),
        entities={"task": 3},
        conflicts=1,
        matches=0,
        quarantine=1,
        to_decide=2,
        daemon=None,
        writer="here:1",
        aside=(
            AsideView(
                connection="jira-pmo",
                item="ENG-1",
                field="title",
                reason="it is too long",
                since=AT,
                attempts=2,
                waits_for="another value",
            ),
        ),
        old_copy=OldCopyView(why="it was restored", unread=["jira-pmo"], items=3, next=["syncd sync"]),
        ops=(
            OpView(id="o", connection="jira-pmo", item="ENG-1", verb="update", fields=["title"], waits_for="an answer"),
        ),
        runs=(RunView(command="sync", started_at=AT, ended_at=AT, outcome="done", counts={"update": 1, "lines": 0}),),
        next=("syncd conflicts list",),
    )
    assert status_text(view) == (
        "Portfolio platform: 3 tasks.\n"
        "Writing now: process here:1.\n"
        "\n"
        "Connections:\n"
        "  jira-pmo    jira    write    last read 2026-03-02 09:05 UTC  3 live\n"
        "  github-eng  github  observe  never read                      nothing linked\n"
        "\n"
        "Open:\n"
        "  conflicts held     1\n"
        "  matches to decide  0\n"
        "  in quarantine      1\n"
        "  to look at next    2\n"
        "\n"
        "In quarantine:\n"
        "  jira-pmo ENG-1 title: it is too long\n"
        "    waits for another value\n"
        "\n"
        "Restored:\n"
        "  it was restored\n"
        "  to be read anew, and not decided about before: jira-pmo\n"
        "  3 items not looked at since: what would be made, or written over a newer record, waits for your approval\n"
        "  do: syncd sync\n"
        "\n"
        "Writes under way:\n"
        "  jira-pmo  ENG-1  update title  an answer\n"
        "\n"
        "Last runs:\n"
        "  2026-03-02 09:05 UTC  sync  done  update 1\n"
        "\n"
        "Next: syncd conflicts list"
    )


def test_an_explanation_tells_where_a_value_came_from_and_what_each_tool_holds() -> None:
    provenance = Provenance(
        by=frozenset({Stated(JIRA, Interval(AT, AT), "Ada Example")}), rule=None, policy="leader", at=AT
    )
    field = FieldView(
        name="due_on",
        value=date(2026, 4, 1),
        policy="leader jira-pmo",
        provenance=provenance,
        came_from=came_from(provenance),
        holdings=(
            HoldingView(
                connection="jira-pmo",
                key="ENG-1",
                native_field="Due date",
                native=Date(date(2026, 4, 1)),
                reads_as=date(2026, 4, 1),
                base=MISSING,
                direction="read",
                note="a write is being looked up",
            ),
        ),
        lost=(LostView(of="github-eng", value=date(2026, 5, 1), author=None, when=None, rule="leader", at=AT),),
    )
    view = ItemView(
        entity="e1",
        kind="task",
        title="Ship it",
        links=(
            LinkView(
                connection="jira-pmo",
                key="ENG-1",
                type="Story",
                container="ENG",
                state="live",
                mode="write",
                url=None,
                read_at=AT,
            ),
        ),
        fields=(field,),
    )
    assert explain_text(view) == (
        'task "Ship it" (e1)\n'
        "  jira-pmo  ENG-1  Story  live, write  ENG  read 2026-03-02 09:05 UTC\n"
        "\n"
        "due_on: 2026-04-01\n"
        "    from: jira-pmo by Ada Example at 2026-03-02 09:05 UTC, settled by leader, decided 2026-03-02 09:05 UTC"
        " (policy leader jira-pmo)\n"
        "    jira-pmo  ENG-1  Due date = 2026-04-01; not yet accounted for; read only; a write is being looked up\n"
        "    lost: 2026-05-01 of github-eng, at an unknown time (rule leader, decided 2026-03-02 09:05 UTC)"
    )


def test_a_check_tells_of_each_connection_what_is_wrong_and_the_fix() -> None:
    view = CheckView(
        folder="config",
        portfolio="platform",
        connections=(
            ConnectionCheck(name="jira-pmo", tool="jira", mode="write", answer="ok"),
            ConnectionCheck(name="github-eng", tool="github", mode="observe", answer="refused", fix="make a new token"),
        ),
        fallbacks=("task.status for jira-pmo: blocked is shown as in_progress",),
    )
    assert not view.is_fine
    assert check_text(view) == (
        "Portfolio platform in config: the files are fine.\n"
        "  jira-pmo    jira    write    ok\n"
        "  github-eng  github  observe  refused\n"
        "      fix: make a new token\n"
        "\n"
        "In force where a tool lacks a word:\n"
        "  task.status for jira-pmo: blocked is shown as in_progress\n"
        "\n"
        "1 problem found."
    )
