"""What Redmine does when it is written to, and what we make of it: one test per trap."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest

from syncd.connectors.protocol import Archive, Connector, Create, CreateKey, Done, Outcome, Refused, Unknown, Update
from syncd.errors import AuthError, ForbiddenError, RejectedError, RemoteChangedError, RemoteError, UnavailableError
from syncd.model.native import (
    Bool,
    Choice,
    Choices,
    Date,
    Native,
    Number,
    Person,
    Record,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import EntityId, OpId, Ref
from syncd.world import make_id
from tests.connectors.redmine.site import MARKER, NAME, VIEWER_KEY, Site, Wire, read, update, updated

NEW, CLOSED = Choice("1", "New"), Choice("5", "Closed")


def create(site: Site, record_type: str = "Feature", **fields: Native) -> Create:
    """Return a create of an issue, or of a version."""
    first: dict[str, Native] = {"name" if record_type == "version" else "subject": Text(f"Made {make_id()}")}
    return Create(
        op=OpId("op"), type=record_type, container=site.project, marker=EntityId(make_id()), fields=first | fields
    )


def refusal(outcome: Outcome) -> RemoteError:
    """Return why something was refused, or fail."""
    assert isinstance(outcome, Refused), outcome
    assert outcome.error.fix
    return outcome.error


# --- answers of 204 that did nothing ---------------------------------------


async def test_an_unknown_status_is_dropped_silently_and_read_back(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect()
    before = await read(connector, ref)
    after = await updated(connector, ref, status=Choice("999", "Nowhere"))
    assert after.fields["status"] == before.fields["status"]


async def test_a_forbidden_transition_is_dropped_silently_and_read_back(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect(VIEWER_KEY)
    outcome = await update(connector, ref, status=CLOSED)
    after = outcome.record.fields["status"] if isinstance(outcome, Done) else None
    assert after == Choice("1", "New")


async def test_what_a_parent_derives_cannot_be_set_and_is_read_back(site: Site) -> None:
    parent = await site.add_issue("Parent")
    await site.add_issue("Child", parent_issue_id=parent.id, due_date="2027-01-01")
    connector, _ = site.connect()
    after = await updated(connector, parent, due_date=Date(date(2028, 1, 1)), subject=Text("Renamed"))
    assert (after.fields["due_date"], after.fields["subject"]) == (Date(date(2027, 1, 1)), Text("Renamed"))


async def test_a_parent_with_open_children_does_not_close(site: Site) -> None:
    parent = await site.add_issue("Parent")
    child = await site.add_issue("Child", parent_issue_id=parent.id)
    connector, _ = site.connect()
    assert (await updated(connector, parent, status=CLOSED)).fields["status"] != CLOSED
    await updated(connector, child, status=CLOSED)
    assert (await updated(connector, parent, status=CLOSED)).fields["status"] == CLOSED


async def test_a_custom_field_that_is_not_on_the_tracker_is_dropped_and_read_back(site: Site) -> None:
    ref = await site.add_issue(tracker=3)
    connector, _ = site.connect()
    after = await updated(connector, ref, cf_1=Number(Decimal(3)), subject=Text("Taken"))
    assert "cf_1" not in after.fields
    assert after.fields["subject"] == Text("Taken")


async def test_a_create_drops_a_parent_the_account_may_not_set_and_tells_by_the_record(site: Site) -> None:
    parent = await site.add_issue("Parent")
    connector, _ = site.connect(VIEWER_KEY, custom_fields={})
    [outcome] = await connector.write([create(site, parent=parent)])
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields["parent"] is None


async def test_a_status_that_no_new_issue_begins_with_is_due_again(site: Site) -> None:
    connector, _ = site.connect()
    [outcome] = await connector.write([create(site, status=CLOSED)])
    assert isinstance(outcome, Done), outcome
    assert (outcome.record.fields["status"], outcome.unsent) == (NEW, frozenset({"status"}))
    [plain] = await connector.write([create(site, status=NEW)])
    assert isinstance(plain, Done), plain
    assert (plain.record.fields["status"], plain.unsent) == (NEW, frozenset())


# --- refusals --------------------------------------------------------------


async def test_a_closed_version_is_refused_alone_and_the_other_fields_taken(site: Site) -> None:
    version = await site.add_version("Old")
    await site.call("PUT", f"/versions/{version.id}.json", {"version": {"status": "closed"}})
    ref = await site.add_issue()
    connector, wire = site.connect()
    error = refusal(await update(connector, ref, fixed_version=version))
    assert "Target version is not included in the list" in str(error)
    assert isinstance(error, RejectedError)
    assert len(wire.asked("PUT")) == 1
    after = await updated(connector, ref, fixed_version=version, subject=Text("Taken"), assigned_to=Person("1"))
    assert (after.fields["subject"], after.fields["fixed_version"]) == (Text("Taken"), None)


async def test_dates_that_belong_together_are_sent_together(site: Site) -> None:
    ref = await site.add_issue(start_date="2026-01-01", due_date="2026-01-31")
    connector, _ = site.connect()
    version = await site.add_version("Old", status="closed")
    after = await updated(
        connector,
        ref,
        fixed_version=version,
        start_date=Date(date(2027, 1, 1)),
        due_date=Date(date(2027, 2, 1)),
    )
    assert (after.fields["start_date"], after.fields["due_date"]) == (Date(date(2027, 1, 1)), Date(date(2027, 2, 1)))
    error = refusal(await update(connector, ref, due_date=Date(date(2020, 1, 1))))
    assert "Due date must be greater than start date" in str(error)


async def test_an_issue_in_a_closed_version_can_still_be_edited(site: Site) -> None:
    version = await site.add_version("1.0")
    ref = await site.add_issue(fixed_version_id=version.id)
    connector, _ = site.connect()
    await updated(connector, version, status=Choice("closed", "closed"))
    after = await updated(connector, ref, subject=Text("Edited"))
    assert (after.fields["subject"], after.fields["fixed_version"]) == (Text("Edited"), version)


async def test_a_nul_is_refused_before_it_is_sent(site: Site) -> None:
    ref = await site.add_issue()
    connector, wire = site.connect()
    error = refusal(await update(connector, ref, subject=Text("a\0b")))
    assert error.what == "the text holds a NUL character, which Redmine cannot keep"
    assert error.where == f"redmine:issue:{ref.id} subject"
    assert not wire.asked("PUT")
    [outcome] = await connector.write([create(site, description=RichText(TextFormat.MARKDOWN, "\0"))])
    refusal(outcome)
    assert not wire.asked("POST")


async def test_a_closed_project_takes_no_change_and_no_create(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect()
    await site.call("PUT", f"/projects/{site.project}/close.json")
    try:
        [container] = (await connector.describe()).containers
        assert not container.writable
        assert isinstance(refusal(await update(connector, ref, subject=Text("x"))), ForbiddenError)
        [outcome] = await connector.write([create(site)])
        assert isinstance(refusal(outcome), RejectedError | ForbiddenError)
    finally:
        await site.call("PUT", f"/projects/{site.project}/reopen.json")


async def test_a_subject_that_is_too_long_is_refused_in_the_tools_words(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect()
    error = refusal(await update(connector, ref, subject=Text("x" * 256)))
    assert "Subject is too long (maximum is 255 characters)" in str(error)


async def test_there_is_no_archive(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect()
    [outcome] = await connector.write([Archive(op=OpId("op"), pre=await read(connector, ref))])
    assert refusal(outcome).what == "Redmine has no archive for issues and versions"
    assert not connector.capabilities.archives


async def test_a_key_revoked_in_mid_run_refuses_the_write(site: Site) -> None:
    ref = await site.add_issue()
    connector, wire = site.connect()
    before = await read(connector, ref)

    def revoke(request: httpx.Request, response: httpx.Response | None) -> None:
        if response is None:
            request.headers["X-Redmine-API-Key"] = "0123456789abcdef"

    wire.meddle = revoke
    [outcome] = await connector.write([create(site)])
    assert isinstance(refusal(outcome), AuthError)
    with pytest.raises(AuthError):
        await connector.read_many([before.ref])


# --- lost races and lost answers -------------------------------------------


def lose_races(wire: Wire, count: int) -> None:
    """Answer the next PUTs as Redmine answers who lost a race."""
    left = [None] * count

    def meddle(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
        if request.method != "PUT" or response is not None or not left:
            return None
        left.pop()
        return httpx.Response(422, json={"errors": []}, request=request)

    wire.meddle = meddle


async def test_a_lost_race_is_run_again_when_nobody_touched_the_same_field(site: Site) -> None:
    ref = await site.add_issue()
    connector, wire = site.connect()
    pre = await read(connector, ref)
    await site.edit_issue(ref, description="Theirs")
    lose_races(wire, 2)
    assert pre.fields["description"] is None
    after = await updated(connector, ref, subject=Text("Ours"))
    assert after.fields["subject"] == Text("Ours")
    assert len(wire.asked("PUT")) == 3


async def test_a_race_lost_over_and_over_is_refused_for_now(site: Site) -> None:
    ref = await site.add_issue("Before")
    connector, wire = site.connect()
    lose_races(wire, 9)
    error = refusal(await update(connector, ref, subject=Text("Ours")))
    assert isinstance(error, RemoteChangedError)
    assert error.retry
    assert len(wire.asked("PUT")) == 3


async def test_the_winner_of_a_race_for_the_same_field_is_not_overwritten(site: Site) -> None:
    ref = await site.add_issue("Before")
    connector, wire = site.connect()
    lose_races(wire, 1)
    inner = wire.meddle
    theirs: list[str] = []

    def and_they_write(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | Exception | None:
        if request.method == "PUT" and response is None and not theirs:
            theirs.append("Theirs")
            site.retitle_at_once(ref, "Theirs")
        return inner(request, response)

    wire.meddle = and_they_write
    assert isinstance(refusal(await update(connector, ref, subject=Text("Ours"))), RemoteChangedError)
    assert (await read(connector, ref)).fields["subject"] == Text("Theirs")


async def test_a_server_error_leaves_the_outcome_unknown_and_nothing_is_sent_again(site: Site) -> None:
    ref = await site.add_issue()
    connector, wire = site.connect()
    await read(connector, ref)
    wire.meddle = lambda request, _: httpx.Response(500, request=request) if request.method != "GET" else None
    assert isinstance(await update(connector, ref, subject=Text("x")), Unknown)
    [outcome] = await connector.write([create(site)])
    assert isinstance(outcome, Unknown)
    assert [len(wire.asked(method)) for method in ("PUT", "POST")] == [1, 1]


async def test_a_write_that_never_left_is_surely_not_done(site: Site) -> None:
    connector, wire = site.connect()
    await connector.describe()
    wire.meddle = lambda request, _: httpx.ConnectError("refused") if request.method == "POST" else None
    [outcome] = await connector.write([create(site)])
    assert isinstance(refusal(outcome), UnavailableError)


# --- creates ---------------------------------------------------------------


async def test_without_a_marker_field_nothing_is_created(site: Site) -> None:
    connector, wire = site.connect(marker_field="Syncd id", version_marker_field=None)
    for record_type, what in (("Feature", "issues"), ("version", "versions")):
        [outcome] = await connector.write([create(site, record_type)])
        error = refusal(outcome)
        assert error.what.startswith(f'there is no custom field "Syncd id" for {what}')
        assert error.where == "redmine (options.marker_field)"
        assert f'add a custom field "Syncd id" for {what}' in (error.fix or "")
    assert not wire.asked("POST")


@pytest.mark.parametrize("record_type", ["Feature", "version"])
async def test_without_a_marker_field_nobody_says_that_nothing_was_created(site: Site, record_type: str) -> None:
    connector, _ = site.connect(marker_field="Syncd id", version_marker_field=None)
    key = CreateKey(marker=EntityId("m"), type=record_type, container=site.project, sent_at=datetime.now(UTC))
    with pytest.raises(RejectedError, match="nobody can tell what was created"):
        await connector.find_created([key])


async def test_a_container_is_a_name_never_a_path(site: Site) -> None:
    connector, wire = site.connect()
    made = dataclasses.replace(create(site, "version"), container="../users")
    [outcome] = await connector.write([made])
    assert isinstance(outcome, Refused)
    [request] = wire.asked("POST")
    assert request.url.raw_path.endswith(b"/projects/..%2Fusers/versions.json")


async def test_a_marker_that_is_not_on_the_tracker_is_no_marker(site: Site) -> None:
    connector, wire = site.connect(marker_field="Ready")
    [outcome] = await connector.write([create(site, "Bug")])
    assert refusal(outcome).what == 'the custom field "Ready" is not used by the tracker "Bug"'
    assert not wire.asked("POST")


async def test_a_filter_that_finds_everything_finds_nothing(site: Site) -> None:
    """Redmine ignores a filter it does not know; believing it would link strangers."""
    await site.add_issue("Somebody's own")
    connector, wire = site.connect()
    made = create(site)
    await connector.write([made])
    key = CreateKey(marker=made.marker, type="Feature", container=site.project, sent_at=datetime.now(UTC))

    def drop_filter(request: httpx.Request, response: httpx.Response | None) -> None:
        if response is None and "cf_4" in request.url.params:
            request.url = request.url.copy_remove_param("cf_4")

    wire.meddle = drop_filter
    with pytest.raises(RejectedError, match=f'the custom field "{MARKER}" cannot be searched for'):
        await connector.find_created([key])


async def test_a_copy_that_carries_the_same_mark_is_found_too(site: Site) -> None:
    connector, _ = site.connect()
    made = create(site)
    [outcome] = await connector.write([made])
    assert isinstance(outcome, Done)
    copy = await site.add_issue("Copy", custom_fields=[{"id": 4, "value": made.marker}])
    key = CreateKey(marker=made.marker, type="Feature", container=site.project, sent_at=datetime.now(UTC))
    found = await connector.find_created([key, key])
    assert [record.ref for record in found[made.marker]] == [outcome.record.ref, copy]


async def test_an_unknown_tracker_is_named_with_those_there_are(site: Site) -> None:
    connector, _ = site.connect()
    [outcome] = await connector.write([create(site, "Story", subject=Text("x"))])
    error = refusal(outcome)
    assert "is not used by the tracker" in error.what or error.what == 'there is no tracker "Story"'


# --- values ----------------------------------------------------------------


async def test_line_ends_are_sent_plain_come_back_doubled_and_settle(site: Site) -> None:
    ref = await site.add_issue()
    connector, wire = site.connect()
    first = await updated(connector, ref, description=RichText(TextFormat.MARKDOWN, "a\nb\r\nc"))
    assert first.fields["description"] == RichText(TextFormat.MARKDOWN, "a\r\nb\r\nc")
    second = await updated(connector, ref, description=first.fields["description"])
    assert second.fields == first.fields
    assert all(b"\\r" not in request.content for request in wire.asked("PUT"))


async def test_every_kind_of_custom_value_is_written_read_and_cleared(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect()
    values: dict[str, Native] = {
        "cf_1": Number(Decimal("3.50")),
        "cf_2": Choice("Web", "Web"),
        "cf_3": Choices(frozenset({Choice("API", "API"), Choice("UI", "UI")})),
        "cf_5": Date(date(2026, 5, 1)),
        "cf_6": Bool(value=True),
    }
    after = await updated(connector, ref, **values)
    assert {key: after.fields[key] for key in values} == values
    empty: dict[str, Native] = {key: Choices(frozenset()) if key == "cf_3" else None for key in values}
    cleared = await updated(connector, ref, **empty)
    assert {key: cleared.fields[key] for key in empty} == empty


async def test_every_plain_field_is_written_read_and_cleared(site: Site) -> None:
    parent, version = await site.add_issue("Parent"), await site.add_version("1.0")
    category = await site.call(
        "POST", f"/projects/{site.project}/issue_categories.json", {"issue_category": {"name": "Login"}}
    )
    ref = await site.add_issue()
    connector, _ = site.connect()
    users = await connector.people(["dana"])
    values: dict[str, Native] = {
        "assigned_to": users["dana"],
        "category": Choice(str(category["issue_category"]["id"]), "Login"),
        "fixed_version": version,
        "parent": parent,
        "estimated_hours": Number(Decimal("0.25")),
        "start_date": Date(date(2026, 5, 1)),
        "due_date": Date(date(2026, 5, 2)),
    }
    also: dict[str, Native] = {"done_ratio": Number(Decimal(30)), "is_private": Bool(value=True)}
    after = await updated(connector, ref, **values, **also)
    assert {key: after.fields[key] for key in (*values, *also)} == values | also
    cleared = await updated(connector, ref, **dict.fromkeys(values))
    assert {key: cleared.fields[key] for key in values} == dict.fromkeys(values)


async def test_dependencies_are_relations_of_the_other_end_added_and_removed_one_by_one(site: Site) -> None:
    first, second, waiting = [await site.add_issue(name) for name in ("First", "Second", "Waiting")]
    connector, wire = site.connect()
    one, both = Refs(frozenset({first})), Refs(frozenset({first, second}))
    assert (await updated(connector, waiting, depends_on=both)).fields["depends_on"] == both
    relations = (await site.call("GET", f"/issues/{waiting.id}/relations.json"))["relations"]
    ends = {(one["relation_type"], str(one["issue_id"]), str(one["issue_to_id"])) for one in relations}
    assert ends == {("blocks", first.id, waiting.id), ("blocks", second.id, waiting.id)}
    assert (await updated(connector, waiting, depends_on=one)).fields["depends_on"] == one
    assert (len(wire.asked("POST")), len(wire.asked("DELETE")), len(wire.asked("PUT"))) == (2, 1, 0)
    assert (await read(connector, first)).fields["depends_on"] == Refs(frozenset())


async def test_a_predecessor_is_a_dependency_and_can_be_removed(site: Site) -> None:
    first, waiting = await site.add_issue("First"), await site.add_issue("Waiting")
    body = {"relation": {"issue_to_id": first.id, "relation_type": "follows"}}
    await site.call("POST", f"/issues/{waiting.id}/relations.json", body)
    connector, _ = site.connect()
    assert (await read(connector, waiting)).fields["depends_on"] == Refs(frozenset({first}))
    assert (await updated(connector, waiting, depends_on=Refs(frozenset()))).fields["depends_on"] == Refs(frozenset())


async def test_an_issue_is_freed_before_it_is_closed(site: Site) -> None:
    """Redmine closes nothing that waits for an open issue, and says 204."""
    first, waiting = await site.add_issue("First"), await site.add_issue("Waiting")
    connector, _ = site.connect()
    await updated(connector, waiting, depends_on=Refs(frozenset({first})))
    assert (await updated(connector, waiting, status=CLOSED)).fields["status"] != CLOSED
    after = await updated(connector, waiting, status=CLOSED, depends_on=Refs(frozenset()))
    assert after.fields["status"] == CLOSED


async def test_a_dependency_in_a_circle_is_refused(site: Site) -> None:
    one, two = await site.add_issue("One"), await site.add_issue("Two")
    connector, _ = site.connect()
    await updated(connector, two, depends_on=Refs(frozenset({one})))
    error = refusal(await update(connector, one, depends_on=Refs(frozenset({two}))))
    assert isinstance(error, RejectedError)


async def test_a_create_brings_its_dependencies_along(site: Site) -> None:
    first = await site.add_issue("First")
    connector, _ = site.connect()
    nobody = Ref(NAME, "issue", "99999999")
    [good, bad] = await connector.write(
        [create(site, depends_on=Refs(frozenset({first}))), create(site, depends_on=Refs(frozenset({nobody})))]
    )
    assert isinstance(good, Done)
    assert isinstance(bad, Done)
    assert good.record.fields["depends_on"] == Refs(frozenset({first}))
    assert bad.record.fields["depends_on"] == Refs(frozenset())


async def test_a_version_is_made_marked_changed_and_emptied(site: Site) -> None:
    connector, _ = site.connect()
    made = create(site, "version", due_date=Date(date(2026, 6, 30)), description=Text("Spring"))
    [outcome] = await connector.write([made])
    assert isinstance(outcome, Done), outcome
    assert outcome.record.marker == made.marker
    ref = outcome.record.ref
    after = await updated(connector, ref, due_date=None, description=None, status=Choice("locked", "locked"))
    assert (after.fields["due_date"], after.fields["description"]) == (None, None)
    assert repr(after.fields["status"]) == "Choice(id='locked', label='locked', category='open')"
    [again] = await connector.write([create(site, "version", name=made.fields["name"])])
    assert "Name has already been taken" in str(refusal(again))


# --- many at once ------------------------------------------------------------


async def _renames(site: Site, connector: Connector, count: int) -> list[Update]:
    refs = [await site.add_issue(f"Item {number}") for number in range(count)]
    records = await connector.read_many(refs)
    return [
        Update(op=OpId(f"op {number}"), pre=record, fields={"subject": Text(f"Renamed {number}")})
        for number, record in enumerate(record for record in records.values() if isinstance(record, Record))
    ]


async def test_edits_of_many_issues_are_read_back_with_one_request(site: Site) -> None:
    connector, wire = site.connect()
    batch = await _renames(site, connector, 4)
    batch[2] = dataclasses.replace(batch[2], fields={"subject": Text("")})
    wire.requests.clear()
    outcomes = await connector.write(batch)
    assert [each.op for each in outcomes] == [each.op for each in batch]
    assert isinstance(refusal(outcomes[2]), RejectedError)
    done = [each for each in outcomes if isinstance(each, Done)]
    assert [each.record.fields["subject"] for each in done] == [Text(f"Renamed {number}") for number in (0, 1, 3)]
    assert len(wire.asked("PUT")) == len(batch)
    assert len(wire.asked("GET")) == 1


async def test_edits_that_cannot_be_read_back_have_no_known_outcome(site: Site) -> None:
    connector, wire = site.connect()
    batch = await _renames(site, connector, 3)

    def fails(request: httpx.Request, _response: httpx.Response | None) -> Exception | None:
        return httpx.ConnectError("gone") if request.method == "GET" else None

    wire.meddle = fails
    assert {type(each) for each in await connector.write(batch)} == {Unknown}


async def test_one_that_cannot_be_read_back_leaves_the_others_known(site: Site) -> None:
    connector, wire = site.connect()
    batch = await _renames(site, connector, 3)
    lost = batch[2].pre.ref.id

    def meddle(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | Exception | None:
        if request.method != "GET":
            return None
        if request.url.path.endswith(f"/issues/{lost}.json"):
            return httpx.ConnectError("gone") if response is None else None
        if request.url.path.endswith("/issues.json") and response is not None:
            body = json.loads(response.content)
            body["issues"] = [one for one in body["issues"] if str(one["id"]) != lost]
            return httpx.Response(200, json=body)
        return None

    wire.meddle = meddle
    assert [type(each) for each in await connector.write(batch)] == [Done, Done, Unknown]
