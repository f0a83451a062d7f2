"""What is particular to Jira: its traps, each with the behaviour that avoids it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from syncd.connectors.jira.marks import Mark, make_jql
from syncd.connectors.jira.settings import Scope
from syncd.connectors.jira.writes import group_writes
from syncd.connectors.protocol import Archive, Connector, Create, CreateKey, Done, Refused, Unknown, Update
from syncd.errors import AuthError, NotFoundError, RateLimitedError, RejectedError, UnavailableError
from syncd.model.native import Choice, Choices, Native, Number, Record, RecordState, Refs, Text
from syncd.model.refs import Cursor, EntityId, OpId, Ref, Revision
from syncd.sandbox.jira.edits import add_link, find_link_type
from syncd.sandbox.jira.seed import BOT
from tests.connectors.jira.bench import NAME, JiraSite, make_site

pytestmark = pytest.mark.contracts

MARKER = EntityId("00000000000000zz")


@pytest.fixture
def site() -> JiraSite:
    """Return a fresh site."""
    return make_site()


async def read(connector: Connector, ref: Ref) -> Record:
    record = (await connector.read_many([ref]))[ref]
    assert isinstance(record, Record), record
    return record


async def edit(connector: Connector, record: Record, fields: Mapping[str, Native]) -> Done | Refused | Unknown:
    [outcome] = await connector.write([Update(op=OpId("op"), pre=record, fields=fields)])
    return outcome


def make_create(fields: Mapping[str, Native], kind: str = "Story", marker: EntityId = MARKER) -> Create:
    return Create(op=OpId(f"op-{marker}"), type=kind, container="PMO", marker=marker, fields=fields)


async def status(connector: Connector, label: str, kind: str = "Story") -> Choice:
    for one in (await connector.describe()).fields:
        if one.key == "status" and kind in one.record_types:
            return next(option for option in one.options if option.label == label)
    raise AssertionError(label)


async def nothing_known(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
    del refs
    return {}


async def scan(connector: Connector, since: Cursor | None = None) -> tuple[set[Ref], Cursor]:
    refs: set[Ref] = set()
    resume = since
    async for page in connector.changes(since, nothing_known):
        refs |= {record.ref for record in page.records}
        resume = page.resume
    assert resume is not None
    return refs, resume


def test_the_search_is_bounded_below_in_epoch_milliseconds_and_never_above() -> None:
    scope = Scope(projects=("PMO", "ENG"), jql="labels = roadmap")
    assert make_jql(scope, 1732877091000) == (
        'project in ("PMO", "ENG") AND (labels = roadmap) AND updated >= 1732877091000 ORDER BY key ASC'
    )
    assert make_jql(Scope(projects=("PMO",)), None) == 'project in ("PMO") ORDER BY key ASC'


async def test_an_issue_indexed_late_is_still_seen(site: JiraSite) -> None:
    connector = site.connect()
    early = await site.add("Indexed late")
    site.tool.site.index_lag_s = 600.0
    await site.retitle(early, "Edited, not yet indexed")
    site.tool.site.index_lag_s = 0.0
    later = await site.add("Indexed at once")
    _, resume = await scan(connector)
    site.clock.at_s += 700.0
    refs, _ = await scan(connector, resume)
    assert {early, later} <= refs


async def test_the_mark_never_runs_ahead_of_the_scans_own_start(site: JiraSite) -> None:
    ref = await site.add("From the future")
    site.tool.site.issues[int(ref.id)].values["updated"] = site.clock.now() + timedelta(days=1)
    await site.settle()
    _, resume = await scan(site.connect())
    mark = Mark.model_validate_json(resume)
    assert mark.mark_ms is not None
    assert mark.mark_ms <= site.clock.now().timestamp() * 1000


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_an_interrupted_scan_goes_on_where_it_stopped_and_survives_a_dead_token(
    site: JiraSite, in_flight: int
) -> None:
    options = {"page_size": 5, "ids_page_size": 10, "scan_in_flight": in_flight}
    connector = site.connect(site.settings(options=options))
    everything, _ = await scan(connector)
    seen: set[Ref] = set()
    resume: Cursor | None = None
    async for page in connector.changes(None, nothing_known):
        seen |= {record.ref for record in page.records}
        resume = page.resume
        if resume and Mark.model_validate_json(resume).token:
            break
    rest, _ = await scan(connector, resume)
    assert seen | rest == everything
    assert rest != everything, "it did not start over"
    site.clock.at_s += 8 * 24 * 3600.0
    again, _ = await scan(connector, resume)
    assert again == everything


async def test_a_changed_scope_starts_from_the_beginning(site: JiraSite) -> None:
    _, resume = await scan(site.connect(site.settings(scope={"projects": ["PMO"]})))
    site.clock.at_s += 3600.0
    refs, _ = await scan(site.connect(site.settings(scope={"projects": ["ENG"]})), resume)
    assert len(refs) > 3


async def test_a_status_is_reached_by_one_transition(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Move me"))
    wanted = await status(connector, "In Progress")
    for _ in range(2):
        outcome = await edit(connector, record, {"status": wanted})
        if isinstance(outcome, Refused):  # this workflow wants a step in between
            first = await status(connector, "Selected for Development")
            stepped = await edit(connector, record, {"status": first})
            assert isinstance(stepped, Done), stepped
            record = stepped.record
            continue
        assert isinstance(outcome, Done), outcome
        assert outcome.record.fields["status"] == wanted
        return
    raise AssertionError("no way to In Progress")


async def test_a_status_out_of_reach_is_refused_with_what_is_in_reach(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Stuck"))
    outcome = await edit(connector, record, {"status": Choice(id="10114", label="Dropped")})
    assert isinstance(outcome, Refused)
    assert "reachable: " in outcome.error.what
    assert str(outcome.error.where) == f"{record.ref} status"
    assert site.writes() == []


async def test_a_screen_that_demands_a_field_is_told_by_name(site: JiraSite) -> None:
    site.tool.site.resolution_required = True
    connector = site.connect()
    ref = await site.add("Nearly there")
    site.tool.set(ref.id, "status", "In Review")
    record = await read(connector, ref)
    outcome = await edit(connector, record, {"status": await status(connector, "Done")})
    assert isinstance(outcome, Refused)
    assert "demands Resolution" in outcome.error.what


async def test_a_refused_status_does_not_undo_the_fields_that_took(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Half"))
    outcome = await edit(connector, record, {"summary": Text("Whole"), "status": Choice(id="10114", label="Dropped")})
    assert isinstance(outcome, Done)
    assert outcome.record.fields["summary"] == Text("Whole")
    assert outcome.record.fields["status"] == record.fields["status"]


async def test_dependencies_are_links_of_the_right_direction(site: JiraSite) -> None:
    connector = site.connect()
    ref, first, second = [await site.add(title) for title in ("Waits", "First", "Second")]
    record = await read(connector, ref)
    assert record.fields["depends_on"] == Refs(frozenset())
    outcome = await edit(connector, record, {"depends_on": Refs(frozenset({first, second}))})
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields["depends_on"] == Refs(frozenset({first, second}))
    assert (await read(connector, first)).fields["depends_on"] == Refs(frozenset()), "the blocker waits for nobody"
    links = {(link.source, link.target) for link in site.tool.site.links.values()}
    assert (int(first.id), int(ref.id)) in links, "the stand-in's source is the one that blocks"
    outcome = await edit(connector, outcome.record, {"depends_on": Refs(frozenset({second}))})
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields["depends_on"] == Refs(frozenset({second}))


async def test_a_parent_is_set_and_cleared(site: JiraSite) -> None:
    connector = site.connect()
    epic, story = await site.add("Epic", "Epic"), await site.add("Story")
    outcome = await edit(connector, await read(connector, story), {"parent": epic})
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields["parent"] == epic
    outcome = await edit(connector, outcome.record, {"parent": None})
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields["parent"] is None


async def test_a_create_brings_status_links_versions_and_parent_along(site: JiraSite) -> None:
    connector = site.connect()
    epic, blocker = await site.add("Epic", "Epic"), await site.add("Blocker")
    version = await site.add("9.9", "version")
    fields: dict[str, Native] = {
        "summary": Text("All at once"),
        "status": await status(connector, "Selected for Development"),
        "parent": epic,
        "depends_on": Refs(frozenset({blocker})),
        "fixVersions": Refs(frozenset({version})),
        "customfield_10016": Number(Decimal(5)),
        "labels": Choices(frozenset({Choice(id="good first issue", label="x"), Choice(id="api", label="api")})),
    }
    [outcome] = await connector.write([make_create(fields)])
    assert isinstance(outcome, Done), outcome
    got = outcome.record.fields
    assert {key: got[key] for key in fields if key != "labels"} == {k: v for k, v in fields.items() if k != "labels"}
    assert got["labels"] == Choices(frozenset({Choice(id="api", label="api")})), "Jira has no labels with spaces"


async def test_fifty_creates_are_one_request_and_one_bad_one_fails_alone(site: JiraSite) -> None:
    connector = site.connect()
    creates = [
        make_create({"summary": Text(f"Bulk {number}")}, marker=EntityId(f"{number:016d}")) for number in range(49)
    ]
    bad = make_create({"summary": Text("Bad"), "priority": Choice(id="77", label="?")})
    outcomes = await connector.write([*creates[:20], bad, *creates[20:]])
    assert [type(outcome) for outcome in outcomes] == [Done] * 20 + [Refused] + [Done] * 29
    assert [one.record.fields["summary"] for one in outcomes if isinstance(one, Done)] == [
        create.fields["summary"] for create in creates
    ]
    refused = outcomes[20]
    assert isinstance(refused, Refused)
    assert refused.fields == frozenset({"priority"})
    assert site.writes() == ["POST /rest/api/3/issue/bulk"]


async def test_a_field_off_the_screen_does_not_stop_the_others(site: JiraSite) -> None:
    connector = site.connect()
    points: dict[str, Native] = {"customfield_10016": Number(Decimal(5))}
    [outcome] = await connector.write([make_create({"summary": Text("An epic"), **points}, kind="Epic")])
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields.get("customfield_10016") is None
    edited = await edit(connector, outcome.record, {"summary": Text("The epic"), **points})
    assert isinstance(edited, Done), edited
    assert edited.record.fields["summary"] == Text("The epic")
    alone = await edit(connector, edited.record, points)
    assert isinstance(alone, Refused)
    assert alone.fields == frozenset({"customfield_10016"})


async def test_a_copy_that_took_the_label_along_is_seen_beside_the_original(site: JiraSite) -> None:
    connector = site.connect()
    [outcome] = await connector.write([make_create({"summary": Text("Original")})])
    assert isinstance(outcome, Done), outcome
    copy = await site.add("Copy")
    site.tool.set(copy.id, "labels", [f"syncd-{MARKER}"])
    await site.settle()
    key = CreateKey(marker=MARKER, type="Story", container="PMO", sent_at=site.clock.now())
    found = await connector.find_created([key])
    assert [record.ref for record in found[MARKER]] == [outcome.record.ref, copy]


async def test_a_version_keeps_its_mark_when_a_person_edits_its_description(site: JiraSite) -> None:
    connector = site.connect()
    [outcome] = await connector.write([make_create({"name": Text("2.0"), "description": Text("Old")}, kind="version")])
    assert isinstance(outcome, Done), outcome
    edited = await edit(connector, outcome.record, {"description": Text("New")})
    assert isinstance(edited, Done), edited
    assert edited.record.marker == MARKER
    assert edited.record.fields["description"] == Text("New")
    renamed = await edit(connector, edited.record, {"name": Text("2.1")})
    assert isinstance(renamed, Done), renamed
    assert renamed.record.fields["description"] == Text("New")


async def test_a_second_version_of_one_name_is_refused_in_jiras_words(site: JiraSite) -> None:
    await site.add("3.0", "version")
    [outcome] = await site.connect().write([make_create({"name": Text("3.0")}, kind="version")])
    assert isinstance(outcome, Refused)
    assert "already exists" in outcome.error.what


async def test_hidden_and_deleted_look_alike_and_a_moved_issue_keeps_its_ref(site: JiraSite) -> None:
    connector = site.connect(site.settings(scope={"projects": ["PMO"]}))
    ref = await site.add("Moves")
    assert (await read(connector, ref)).state is RecordState.LIVE
    site.tool.move(ref.id, "ENG")
    moved = await read(connector, ref)
    assert (moved.container, moved.key.split("-")[0]) == ("ENG", "ENG")
    assert moved.state is RecordState.OUT_OF_SCOPE
    site.tool.hide(ref.id)
    assert isinstance((await connector.read_many([ref]))[ref], NotFoundError)


async def test_people_are_found_by_a_shown_address_only(site: JiraSite) -> None:
    users = site.tool.site.users.values()
    shown = next(user for user in users if user.email_shown and user.active)
    hidden = next(user for user in users if not user.email_shown)
    found = await site.connect().people([shown.email.upper(), hidden.email, "nobody@acme.example"])
    assert {handle: person.id for handle, person in found.items()} == {shown.email.upper(): shown.account_id}


@pytest.mark.parametrize("reason", ["jira-burst-based", "jira-cost-based"])
async def test_a_limit_is_waited_out_and_no_request_falls_into_the_window(site: JiraSite, reason: str) -> None:
    connector = site.connect()
    await connector.check()
    site.sandbox.faults.add(f"jira:429:wait=40:reason={reason}:count=1")
    before_s = site.clock.at_s
    await connector.check()
    assert site.clock.at_s - before_s > 40.0


async def test_a_long_limit_is_handed_to_the_caller(site: JiraSite) -> None:
    connector = site.connect()
    site.sandbox.faults.add("jira:429:wait=3000:reason=jira-quota-tenant-based:count=1")
    with pytest.raises(RateLimitedError) as caught:
        await connector.check()
    assert caught.value.wait_s == pytest.approx(3000.0, abs=1.0)
    assert "jira-quota-tenant-based" in caught.value.what
    requests = len(site.sandbox.log.entries())
    with pytest.raises(RateLimitedError):
        await connector.check()
    assert len(site.sandbox.log.entries()) == requests


async def test_a_steady_reader_never_meets_the_burst_limit(site: JiraSite) -> None:
    site.sandbox.faults.add("jira:burst=1")
    connector = site.connect()
    for _ in range(150):
        await connector.check()
    assert {entry.status for entry in site.sandbox.log.entries()} == {200}


async def test_a_revoked_credential_stops_a_scan_before_anything_looks_gone(site: JiraSite) -> None:
    connector = site.connect()
    await scan(connector)
    site.tool.revoke()
    with pytest.raises(AuthError):
        await scan(connector)


async def test_every_unknown_project_is_named_at_once(site: JiraSite) -> None:
    connector = site.connect(site.settings(scope={"projects": ["NOPE", "PMO", "NADA"]}))
    with pytest.raises(NotFoundError) as caught:
        await connector.check()
    assert str(caught.value) == (
        "jira-pmo (scope.projects): no projects NOPE, NADA, or hidden from this account\n"
        '  fix: correct the keys, or grant the account "Browse projects" there'
    )


async def test_a_bad_filter_is_told_in_jiras_words(site: JiraSite) -> None:
    connector = site.connect(site.settings(scope={"projects": ["PMO"], "jql": "nonsense ="}))
    with pytest.raises(RejectedError) as caught:
        await scan(connector)
    assert str(caught.value).startswith("jira-pmo (scope): ")


async def test_oauth_works_too(site: JiraSite) -> None:
    await site.connect(site.settings(auth={"bearer": "jira-sandbox-oauth"})).check()


async def test_a_tool_that_is_down_is_unavailable_for_reads_and_unknown_for_writes(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Down"))
    site.sandbox.faults.add("jira:503:method=PUT:count=1")
    outcome = await edit(connector, record, {"summary": Text("x")})
    assert isinstance(outcome, Unknown)
    site.sandbox.faults.add("jira:503")
    with pytest.raises(UnavailableError):
        await connector.check()


async def test_an_archive_is_refused_with_what_to_do_instead(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Keep"))
    [outcome] = await connector.write([Archive(op=OpId("op"), pre=record)])
    assert isinstance(outcome, Refused)
    assert outcome.error.fix == "map a status that stands for cancelled"
    assert NAME in str(outcome.error)


async def test_many_edits_are_under_way_at_once_and_structure_keeps_its_order(site: JiraSite) -> None:
    connector = site.connect()
    refs = [await site.add(f"Story {number}") for number in range(6)]
    epic = await site.add("Epic", "Epic")
    records = [await read(connector, ref) for ref in refs]
    plain = [Update(op=OpId(f"t{n}"), pre=one, fields={"summary": Text(f"New {n}")}) for n, one in enumerate(records)]
    moves = [Update(op=OpId(f"p{n}"), pre=one, fields={"parent": epic}) for n, one in enumerate(records)]
    groups = [[write.op for write in group] for group in group_writes([*plain, *moves[:2], plain[0]])]
    assert groups == [["t0", "t1", "t2", "t3", "t4", "t5"], ["p0"], ["p1"], ["t0"]]
    outcomes = await connector.write([*plain, *moves])
    assert [one.op for one in outcomes] == [one.op for one in (*plain, *moves)]
    for number, ref in enumerate(refs):
        fields = (await read(connector, ref)).fields
        assert (fields["summary"], fields["parent"]) == (Text(f"New {number}"), epic)


async def test_history_of_what_is_left_is_told_when_some_are_gone(site: JiraSite) -> None:
    connector = site.connect()
    refs = [await site.add(f"Story {number}") for number in range(5)]
    for ref in refs:
        await site.retitle(ref, "Renamed")
    await site.delete(refs[2])
    edits = [edit async for edit in connector.history(refs)]
    assert {edit.ref for edit in edits if edit.field == "summary"} == set(refs) - {refs[2]}


async def test_a_dependency_made_later_is_seen_by_the_next_scan(site: JiraSite) -> None:
    connector = site.connect()
    waits, first = await site.add("Waits"), await site.add("First")
    await site.settle()
    _, resume = await scan(connector)
    tool = site.tool.site
    blocks = find_link_type({"name": "Blocks"})
    add_link(tool, tool.users[BOT], blocks, tool.issues[int(first.id)], tool.issues[int(waits.id)])
    await site.settle()
    refs, resume = await scan(connector, resume)
    assert {waits, first} <= refs
    assert (await read(connector, waits)).fields["depends_on"] == Refs(frozenset({first}))
