"""What is particular to writing to Linear: ids of our own, verbs, periods, and one bad field among good ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from syncd.connectors.linear.identity import marker_of
from syncd.connectors.protocol import (
    Archive,
    Create,
    CreateIdentity,
    CreateKey,
    Done,
    Home,
    Homes,
    Refused,
    Unknown,
    Update,
)
from syncd.errors import NotFoundError, RejectedError
from syncd.model.native import Choice, Choices, Date, Number, RecordState, Refs, RichText, Text, TextFormat
from syncd.model.refs import ConnectionName, EntityId, Ref
from tests.connectors.linear.rig import MARKER, NAME, Rig
from tests.connectors.sending import is_late, sent

QUARTER = (date(2026, 4, 1), date(2026, 6, 30))


def labels(*names: str) -> Choices:
    return Choices(frozenset(Choice(name, name) for name in names))


def markdown(text: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, text)


async def test_the_id_of_a_new_record_is_ours_and_tells_its_entity(rig: Rig) -> None:
    assert rig.connector.capabilities.create_identity is CreateIdentity.CLIENT_ID
    record = await rig.create("issue", "API", title=Text("Ours"))
    assert record.marker == marker_of(record.ref.id) == MARKER
    assert (await rig.read(rig.add("issue", "API", title="Theirs"))).marker is None


@pytest.mark.parametrize("answers", [False, True])
async def test_a_create_that_is_sent_twice_makes_one_record(rig: Rig, *, answers: bool) -> None:
    rig.tool.state.answer_repeated = answers
    first = await rig.create("issue", "API", title=Text("Once"))
    again = await rig.create("issue", "API", title=Text("Once"))
    assert again.ref == first.ref
    assert [record.ref for record in await rig.changes()] == [first.ref]


async def test_a_lost_create_is_found_by_its_id_and_a_refused_one_is_not(rig: Rig) -> None:
    rig.fault("linear:reset-after-commit:kind=write:count=1")
    create = Create(op=rig.op(), type="issue", container="API", marker=MARKER, fields={"title": Text("Lost")})
    [outcome] = await rig.connector.write([create])
    assert isinstance(outcome, Unknown)
    key = CreateKey(marker=MARKER, type="issue", container="API", sent_at=rig.clock.now())
    [found] = (await rig.connector.find_created([key]))[MARKER]
    assert found.fields["title"] == Text("Lost")
    elsewhere = CreateKey(marker=MARKER, type="issue", container="WEB", sent_at=rig.clock.now())
    assert await rig.connector.find_created([elsewhere]) == {}


async def test_one_entity_has_a_milestone_in_each_of_two_projects(rig: Rig) -> None:
    for name in ("Billing", "Login"):
        rig.add("project", "API", name=name)
    first = await rig.create("milestone", "API/Billing", name=Text("Beta"))
    second = await rig.create("milestone", "API/Login", name=Text("Beta"))
    assert first.ref != second.ref
    assert first.marker == second.marker == MARKER
    assert (first.container, second.container) == ("API/Billing", "API/Login")


async def test_two_projects_of_one_name_are_no_place_to_create_in(rig: Rig) -> None:
    rig.add("project", "API", name="Twin")
    rig.add("project", "API", name="Twin")
    described = {container.name: container for container in (await rig.connector.describe()).containers}
    assert not described["API/Twin"].writable
    create = Create(op=rig.op(), type="milestone", container="API/Twin", marker=MARKER, fields={"name": Text("Beta")})
    [outcome] = await rig.connector.write([create])
    assert isinstance(outcome, Refused)
    assert str(outcome.error) == (
        'linear-road API/Twin: 2 projects are called "API/Twin"\n  fix: rename all but one of them'
    )


async def test_a_new_project_is_put_into_its_initiative_and_a_new_issue_below_what_blocks_it(rig: Rig) -> None:
    initiative = rig.add("initiative", "", name="Grow")
    project = await rig.create("project", "API", name=Text("Billing"), parent=Refs(frozenset({initiative})))
    assert project.fields["parent"] == Refs(frozenset({initiative}))
    blocker = rig.add("issue", "API", title="First")
    issue = await rig.create(
        "issue", "API", title=Text("Then"), depends_on=Refs(frozenset({blocker})), belongsTo=project.ref
    )
    assert issue.fields["depends_on"] == Refs(frozenset({blocker}))
    assert (issue.fields["belongsTo"], issue.fields["parent"]) == (project.ref, None)


async def test_labels_go_by_deltas_and_missing_ones_are_made_once(rig: Rig) -> None:
    ref = rig.add("issue", "API", title="Labelled", labels="Sync")
    before = await rig.read(ref)
    change = Update(op=rig.op(), pre=before, fields={"labels": labels("Sync", "Brand new"), "title": Text("Anew")})
    [late] = await rig.connector.write([change])
    assert is_late(late), "whoever edited while it was made would not be seen"
    assert (await rig.read(ref)).fields["title"] == Text("Labelled")
    await sent(rig.connector, change)
    again = Update(op=rig.op(), pre=before, fields={"labels": labels("sync", "brand NEW", "Theirs")})
    await sent(rig.connector, again)
    assert (await rig.read(ref)).fields["labels"] == labels("Sync", "Brand new", "Theirs")
    made = [name for name in rig.asked if name == "mutation issueLabelCreate"]
    assert len(made) == 2
    assert all("labelIds" not in str(sent) for sent in rig.sent if "input" in sent and "addedLabelIds" in str(sent))
    gone = await rig.write(ref, labels=labels("Theirs"))
    assert gone.fields["labels"] == labels("Theirs")


async def test_a_label_of_another_team_is_not_taken_for_ours(rig: Rig) -> None:
    rig.tool.add_label("Shiny", team="WEB")
    ref = rig.add("issue", "API", title="Labelled")
    assert (await rig.write(ref, labels=labels("Shiny"))).fields["labels"] == labels("Shiny")


async def test_a_plain_day_is_set_without_a_resolution_and_a_period_is_put_back_with_its_own(rig: Rig) -> None:
    project = rig.add("project", "API", name="Billing")
    period = await rig.write(project, targetDate=Date(date(2026, 6, 30), QUARTER))
    shown = period.fields["targetDate"]
    assert isinstance(shown, Date)
    assert (shown.value, shown.span) == (date(2026, 6, 30), QUARTER)
    day = (await rig.write(project, targetDate=Date(date(2026, 8, 3)))).fields["targetDate"]
    assert isinstance(day, Date)
    assert (day.value, day.span) == (date(2026, 8, 3), None)
    assert (await rig.write(project, targetDate=None)).fields["targetDate"] is None


async def test_an_issue_is_moved_below_an_issue_into_a_project_and_out_of_both(rig: Rig) -> None:
    project, parent = rig.add("project", "API", name="Billing"), rig.add("issue", "API", title="Above")
    ref = rig.add("issue", "API", title="Moved")
    assert (await rig.write(ref, belongsTo=project)).fields["belongsTo"] == project
    below = await rig.write(ref, belongsTo=parent)
    assert (below.fields["belongsTo"], below.fields["project"]) == (parent, project)
    assert (await rig.write(ref, belongsTo=project)).fields["parent"] is None
    assert (await rig.write(ref, belongsTo=None)).fields["belongsTo"] is None


async def test_a_milestone_brings_its_project_only_where_there_is_none(rig: Rig) -> None:
    billing, login = rig.add("project", "API", name="Billing"), rig.add("project", "API", name="Login")
    beta, gold = rig.add("milestone", billing.id, name="Beta"), rig.add("milestone", login.id, name="Gold")
    ref = rig.add("issue", "API", title="One")
    set_ = await rig.write(ref, projectMilestone=beta)
    assert (set_.fields["projectMilestone"], set_.fields["project"]) == (beta, billing)
    refused = await rig.outcome(ref, projectMilestone=gold)
    assert isinstance(refused, Refused)
    assert str(refused.error) == (
        f'{ref} projectMilestone: milestone "Gold" is of API/Login, and the issue is in another project\n'
        "  fix: move the issue to that project in Linear, or give it a milestone of its own project"
    )
    moved = await rig.write(ref, project=login, projectMilestone=gold)
    assert (moved.fields["projectMilestone"], moved.fields["project"]) == (gold, login)
    made = await rig.create("issue", "API", title=Text("Two"), projectMilestone=beta)
    assert (made.fields["projectMilestone"], made.fields["project"]) == (beta, billing)


async def test_one_bad_field_stops_no_other(rig: Rig) -> None:
    ref = rig.add("issue", "API", title="Mixed")
    nowhere = Ref(NAME, "project", "00000000-0000-4000-8000-000000000000")
    outcome = await rig.outcome(
        ref, title=Text("Better"), project=nowhere, estimate=Number(Decimal("1.5")), dueDate=Date(date(2026, 5, 1))
    )
    assert isinstance(outcome, Done)
    fields = outcome.record.fields
    assert (fields["title"], fields["dueDate"]) == (Text("Better"), Date(date(2026, 5, 1)))
    assert (fields["project"], fields["estimate"]) == (None, None)


async def test_ties_that_somebody_made_or_took_away_meanwhile_are_as_good(rig: Rig) -> None:
    blocked, blocker = rig.add("issue", "API", title="Blocked"), rig.add("issue", "API", title="Blocker")
    before = await rig.read(blocked)
    both = Refs(frozenset({blocker}))
    for _ in range(2):
        [done] = await rig.connector.write([Update(op=rig.op(), pre=before, fields={"depends_on": both})])
        assert isinstance(done, Done)
        assert done.record.fields["depends_on"] == both
    tied = await rig.read(blocked)
    for _ in range(2):
        [done] = await rig.connector.write([Update(op=rig.op(), pre=tied, fields={"depends_on": Refs(frozenset())})])
        assert isinstance(done, Done)
        assert done.record.fields["depends_on"] == Refs(frozenset())


async def test_archiving_hides_and_never_deletes(rig: Rig) -> None:
    refs = [
        rig.add("issue", "API", title="A"),
        rig.add("project", "API", name="B"),
        rig.add("initiative", "", name="C"),
    ]
    for ref in refs:
        [done] = await rig.connector.write([Archive(op=rig.op(), pre=await rig.read(ref))])
        assert isinstance(done, Done)
        assert done.record.state is RecordState.ARCHIVED
        assert rig.tool.people.find(ref.id).archived_at is not None
        assert not getattr(rig.tool.people.find(ref.id), "trashed", None)
    project = rig.add("project", "API", name="D")
    milestone = rig.add("milestone", project.id, name="Beta")
    [refused] = await rig.connector.write([Archive(op=rig.op(), pre=await rig.read(milestone))])
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, RejectedError)


@pytest.mark.parametrize(
    ("kind", "container", "fields", "said"),
    [
        ("issue", "ZZZ", {"title": Text("x")}, '"ZZZ" is no team in scope'),
        ("issue", "API", {}, "nothing can be created without a title"),
        ("initiative", "API", {"name": Text("x")}, "an initiative belongs to the workspace, not to API"),
        ("milestone", "API/Nowhere", {"name": Text("x")}, 'there is no project "API/Nowhere"'),
        ("comment", "API", {"body": markdown("x")}, "a comment needs what it is on"),
        ("iteration", "API", {"title": Text("x")}, 'Linear makes no "iteration"'),
    ],
)
async def test_what_cannot_be_made_is_refused_with_the_fix(
    rig: Rig, kind: str, container: str, fields: dict[str, Text], said: str
) -> None:
    create = Create(op=rig.op(), type=kind, container=container, marker=MARKER, fields=fields)
    [outcome] = await rig.connector.write([create])
    assert isinstance(outcome, Refused)
    assert said in outcome.error.what
    assert outcome.error.fix


async def test_a_comment_is_made_edited_and_subscribes_nobody(rig: Rig) -> None:
    issue = rig.add("issue", "API", title="Talk")
    made = await rig.create("comment", "API", body=markdown("One"), parent=issue)
    assert (made.fields["parent"], made.marker) == (issue, MARKER)
    assert rig.sent[-1]["input"]["doNotSubscribeToIssue"] is True  # type: ignore[index]
    assert (await rig.write(made.ref, body=markdown("Two"))).fields["body"] == markdown("Two")
    on_project = await rig.create(
        "comment", "API", EntityId("fedcba9876543210"), body=markdown("x"), parent=rig.add("project", "API", name="B")
    )
    assert on_project.container == "API"


async def test_an_update_whose_answer_is_lost_is_unknown_whichever_step_it_was(rig: Rig) -> None:
    blocked, blocker = rig.add("issue", "API", title="Blocked"), rig.add("issue", "API", title="Blocker")
    before = await rig.read(blocked)
    rig.fault("linear:reset-after-commit:kind=write:count=1")
    [outcome] = await rig.connector.write([Update(op=rig.op(), pre=before, fields={"title": Text("x")})])
    assert isinstance(outcome, Unknown)
    rig.fault("linear:reset-after-commit:kind=write:count=1")
    [tied] = await rig.connector.write(
        [Update(op=rig.op(), pre=before, fields={"depends_on": Refs(frozenset({blocker}))})]
    )
    assert isinstance(tied, Done), "a tie is looked up by its ends at once"
    assert tied.record.fields["depends_on"] == Refs(frozenset({blocker}))


async def test_links_home_are_shown_renamed_and_taken_away_and_peoples_own_stay(rig: Rig) -> None:
    made = [
        rig.add("issue", "API", title="A"),
        rig.add("project", "API", name="B"),
        rig.add("initiative", "", name="C"),
    ]
    far = Home(connection=ConnectionName("jira-pmo"), key="PMO-1", url="https://jira.example/PMO-1", title="Far")
    near = Home(connection=ConnectionName("hub"), key="api#2", url="https://hub.example/2", title="Near")

    def titles(ref: Ref) -> set[tuple[str, str]]:
        one = rig.tool.people.find(ref.id)
        held = getattr(one, "attachments", None) or getattr(one, "links", {})
        return {(link.url, getattr(link, "title", None) or link.label) for link in held.values()}

    for ref in made:
        before = (await rig.read(ref)).fields
        for _ in range(2):
            assert await rig.connector.show_home([Homes(ref=ref, homes=(far, near))]) == {}
            assert titles(ref) == {(far.url, "PMO-1: Far"), (near.url, "api#2: Near")}
        renamed = Home(connection=far.connection, key=far.key, url=far.url, title="Further")
        assert await rig.connector.show_home([Homes(ref=ref, homes=(renamed,))]) == {}
        assert titles(ref) == {(far.url, "PMO-1: Further")}
        assert (await rig.read(ref)).fields.keys() == before.keys()
        assert await rig.connector.show_home([Homes(ref=ref, homes=())]) == {}
        assert titles(ref) == set()
    milestone = rig.add("milestone", made[1].id, name="Beta")
    assert await rig.connector.show_home([Homes(ref=milestone, homes=(far,))]) == {}
    gone = Ref(NAME, "issue", "00000000-0000-4000-8000-000000000000")
    assert isinstance((await rig.connector.show_home([Homes(ref=gone, homes=(far,))]))[gone], NotFoundError)
