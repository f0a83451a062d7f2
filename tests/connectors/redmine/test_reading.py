"""What Redmine does when it is read, and what we make of it: one test per trap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import httpx
import pytest

from syncd.connectors.protocol import Connector
from syncd.errors import AuthError, ForbiddenError, NotFoundError, UnavailableError
from syncd.model.native import Date, NativeType, Number, Record, RecordState, Refs, Text
from syncd.model.refs import Cursor, Ref, Revision
from tests.connectors.redmine.site import MARKER, USER_KEY, VIEWER_KEY, Site, nothing_known, read, updated


async def scan(connector: Connector, since: Cursor | None = None) -> tuple[dict[Ref, Record], Cursor | None]:
    """Return everything a scan yields, and where it ended."""
    records: dict[Ref, Record] = {}
    async for page in connector.changes(since, nothing_known):
        records |= {record.ref: record for record in page.records}
        since = page.resume
    return records, since


async def test_a_revoked_key_is_told_though_a_public_project_answers_it(site: Site) -> None:
    """Redmine answers a wrong key with 200, as to a stranger, private issues missing."""
    await site.add_issue("Private", is_private=True)
    connector, wire = site.connect("0123456789abcdef")
    with pytest.raises(AuthError):
        await scan(connector)
    with pytest.raises(AuthError):
        await connector.describe()
    assert not wire.asked("GET", "/issues.json")


async def test_a_private_issue_is_forbidden_not_gone(site: Site) -> None:
    ref = await site.add_issue("Private", is_private=True)
    connector, _ = site.connect(VIEWER_KEY)
    other = await site.add_issue("Deleted")
    await site.call("DELETE", f"/issues/{other.id}.json")
    answers = await connector.read_many([ref, other])
    assert isinstance(answers[ref], ForbiddenError)
    assert isinstance(answers[other], NotFoundError)


async def test_an_archived_project_is_forbidden_not_gone(site: Site) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect(USER_KEY)
    await read(connector, ref)
    await site.call("PUT", f"/projects/{site.project}/archive.json")
    try:
        assert isinstance((await connector.read_many([ref]))[ref], ForbiddenError)
        with pytest.raises(ForbiddenError) as told:
            await connector.check()
        assert told.value.where == f"redmine (scope.projects: {site.project})"
        assert "un-archive" in (told.value.fix or "")
    finally:
        await site.call("PUT", f"/projects/{site.project}/unarchive.json")


async def test_an_unknown_project_is_named(site: Site) -> None:
    connector, _ = site.connect(scope={"projects": ["no-such-project"]})
    with pytest.raises(NotFoundError, match='there is no project "no-such-project"') as told:
        await connector.check()
    assert told.value.where == "redmine (scope.projects: no-such-project)"


async def test_closed_issues_are_read_too(site: Site) -> None:
    ref = await site.add_issue("Done")
    await site.edit_issue(ref, status_id=5)
    connector, _ = site.connect()
    records, _ = await scan(connector)
    assert repr(records[ref].fields["status"]) == "Choice(id='5', label='Closed', category='closed')"
    assert ref in [one async for refs in connector.ids() for one in refs]


async def test_pages_follow_the_id_so_edits_while_paging_shift_nothing(site: Site) -> None:
    made = [await site.add_issue(f"Item {number}") for number in range(5)]
    connector, wire = site.connect(page_size=2)
    seen: list[Ref] = []
    async for page in connector.changes(None, nothing_known):
        seen += [record.ref for record in page.records]
        if len(seen) == 2:
            await site.call("DELETE", f"/issues/{made[0].id}.json")
            await site.edit_issue(made[1], subject="Moved to the end")
    assert seen == made
    assert len(wire.asked("GET", "/issues.json")) == 3


async def test_a_server_that_gives_fewer_than_asked_is_read_to_the_end(site: Site) -> None:
    made = [await site.add_issue(f"Item {number}") for number in range(3)]
    connector, wire = site.connect()
    await connector.describe()

    def cap(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
        if response is None or "/issues.json" not in str(request.url):
            return None
        body = response.json()
        return httpx.Response(200, json=body | {"issues": body["issues"][:1], "limit": 1}, request=request)

    wire.meddle = cap
    assert [ref async for refs in connector.ids() for ref in refs] == made


async def test_a_filter_that_is_ignored_is_noticed(site: Site) -> None:
    """Redmine ignores filters it does not know and returns everything."""
    for number in range(3):
        await site.add_issue(f"Item {number}")
    connector, wire = site.connect(page_size=2)
    await connector.describe()
    first: list[httpx.Response] = []

    def ignore(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
        if response is None or "/issues.json" not in str(request.url):
            return None
        first.append(response)
        return httpx.Response(200, content=first[0].content, request=request)

    wire.meddle = ignore
    with pytest.raises(UnavailableError, match="does not obey its filter"):
        await scan(connector)


@pytest.mark.parametrize("subprojects", [True, False])
async def test_projects_below_take_part_only_when_asked(site: Site, *, subprojects: bool) -> None:
    below, _ = await site.add_project("below", parent_id=site.project_id)
    inner = await site.add_issue("Inner", project_id=below)
    outer = await site.add_issue("Outer")
    connector, _ = site.connect(scope={"projects": [site.project], "subprojects": subprojects})
    records, _ = await scan(connector)
    assert set(records) == ({inner, outer} if subprojects else {outer})
    alone = await read(connector, inner)
    assert alone.container == below
    assert alone.state is (RecordState.LIVE if subprojects else RecordState.OUT_OF_SCOPE)


async def test_a_version_shared_from_above_belongs_to_its_own_project(site: Site) -> None:
    below, _ = await site.add_project("below", parent_id=site.project_id)
    shared = await site.add_version("Shared", sharing="descendants")
    connector, _ = site.connect(scope={"projects": [below]})
    records, _ = await scan(connector)
    assert records == {}
    alone = await read(connector, shared)
    assert (alone.container, alone.state) == (site.project, RecordState.OUT_OF_SCOPE)


async def test_an_issue_that_moves_keeps_its_ref_and_leaves_the_scope(site: Site) -> None:
    other, _ = await site.add_project("other", parent_id=site.project_id)
    version = await site.add_version("1.0")
    ref = await site.add_issue("Moves", fixed_version_id=version.id)
    connector, _ = site.connect()
    assert (await read(connector, ref)).fields["fixed_version"] == version
    await site.edit_issue(ref, project_id=other)
    moved = await read(connector, ref)
    assert (moved.container, moved.state) == (other, RecordState.OUT_OF_SCOPE)
    assert moved.fields["fixed_version"] is None


async def test_a_new_relation_moves_no_date_but_is_read_directly_and_by_the_next_full_scan(site: Site) -> None:
    one, two = await site.add_issue("One"), await site.add_issue("Two")
    connector, _ = site.connect(reread_s=0)
    _, cursor = await scan(connector)
    before = await read(connector, two)
    body = {"relation": {"issue_to_id": two.id, "relation_type": "blocks"}}
    await site.call("POST", f"/issues/{one.id}/relations.json", body)
    after = await read(connector, two)
    assert after.updated_at == before.updated_at
    assert after.revision != before.revision
    assert after.fields["depends_on"] == Refs(frozenset({one}))
    assert (await read(connector, one)).fields["depends_on"] == Refs(frozenset())
    known = {before.ref: before.revision}

    async def held(refs: Sequence[Ref]) -> dict[Ref, Revision]:
        return {ref: known[ref] for ref in refs if ref in known}

    again = [record async for page in connector.changes(cursor, held) for record in page.records]
    assert after in again


async def test_a_parents_derived_dates_are_seen_though_it_was_not_touched(site: Site) -> None:
    parent = await site.add_issue("Parent")
    child = await site.add_issue("Child", parent_issue_id=parent.id)
    connector, _ = site.connect(reread_s=0)
    before, cursor = await scan(connector)
    await site.edit_issue(child, due_date="2027-01-01")
    after, _ = await scan(connector, cursor)
    assert before[parent].fields["due_date"] is None
    assert after[parent].fields["due_date"] == Date(date(2027, 1, 1))


async def test_between_full_scans_only_what_changed_lately_is_asked_for(site: Site) -> None:
    await site.add_issue()
    connector, wire = site.connect()
    _, cursor = await scan(connector)
    wire.requests.clear()
    await scan(connector, cursor)
    [request] = wire.asked("GET", "/issues.json")
    bound = request.url.params["updated_on"]
    assert bound.startswith(">=20")
    assert bound.endswith("Z")
    assert "." not in bound


async def test_a_scan_that_was_cut_off_goes_on_where_it_was(site: Site) -> None:
    made = [await site.add_issue(f"Item {number}") for number in range(4)]
    connector, _ = site.connect(page_size=2)
    cursor = None
    async for page in connector.changes(None, nothing_known):
        cursor = page.resume
        if page.records:
            break
    records, _ = await scan(connector, cursor)
    assert list(records) == made[2:]


async def test_a_versions_new_name_moves_the_version_and_no_issue(site: Site) -> None:
    version = await site.add_version("1.0")
    issue = await site.add_issue("In it", fixed_version_id=version.id)
    connector, _ = site.connect()
    before, cursor = await scan(connector)
    await site.call("PUT", f"/versions/{version.id}.json", {"version": {"name": "1.0.1"}})
    after, _ = await scan(connector, cursor)
    assert (after[version].key, after[version].fields["name"]) == ("1.0.1", Text("1.0.1"))
    assert after[version].revision != before[version].revision
    assert after[issue] == before[issue]


async def test_deleting_a_parent_deletes_what_is_below_it(site: Site) -> None:
    parent = await site.add_issue("Parent")
    child = await site.add_issue("Child", parent_issue_id=parent.id)
    connector, _ = site.connect()
    assert (await read(connector, child)).fields["parent"] == parent
    await site.call("DELETE", f"/issues/{parent.id}.json")
    answers = await connector.read_many([parent, child])
    assert [type(answers[ref]) for ref in (parent, child)] == [NotFoundError, NotFoundError]


async def test_a_list_and_a_single_read_give_the_same_record(site: Site) -> None:
    version = await site.add_version("1.0", due_date="2026-06-01")
    values = [{"id": 1, "value": "3.50"}, {"id": 3, "value": ["UI"]}, {"id": 6, "value": "1"}]
    await site.add_issue("Full", fixed_version_id=version.id, description="a\nb", custom_fields=values)
    await site.add_issue("Empty")
    connector, _ = site.connect()
    records, _ = await scan(connector)
    assert {ref: await read(connector, ref) for ref in records} == records


async def test_an_ordinary_account_sees_custom_fields_by_what_shows(site: Site) -> None:
    values = [{"id": 1, "value": "3.50"}]
    ref = await site.add_issue("Pointed", custom_fields=values)
    plain, _ = site.connect(USER_KEY)
    fields = {one.key: one for one in (await plain.describe()).fields}
    assert (fields["cf_1"].label, fields["cf_1"].type) == ("Story points", NativeType.TEXT)
    assert fields["cf_3"].type is NativeType.CHOICES
    assert fields["cf_3"].free
    assert (await read(plain, ref)).fields["cf_1"] == Text("3.50")
    told, _ = site.connect(USER_KEY, custom_fields={"Story points": "float"})
    assert isinstance((await read(told, ref)).fields["cf_1"], Number)


async def test_what_can_be_created_where_is_described(site: Site) -> None:
    connector, _ = site.connect()
    [container] = (await connector.describe()).containers
    assert container.record_types == {"Bug", "Feature", "Support", "Epic", "version", "comment"}
    unmarked, _ = site.connect(marker_field="No such field", version_marker_field=None)
    [container] = (await unmarked.describe()).containers
    assert container.record_types == {"comment"}
    fields = {one.label: one for one in (await connector.describe()).fields if one.key.startswith("cf_")}
    assert not fields[MARKER].writable


async def test_people_are_found_by_login_and_mail(site: Site) -> None:
    connector, _ = site.connect()
    found = await connector.people(["DANA", "leo@example.test", "rita@nowhere.example", "da"])
    assert {handle: person.name for handle, person in found.items()} == {
        "DANA": "Dana Developer",
        "leo@example.test": "Leo Lead",
    }
    ordinary, _ = site.connect(USER_KEY)
    assert {handle: one.name for handle, one in (await ordinary.people(["rita", "leo", "dana"])).items()} == {
        "rita": "Rita Reporter",
        "dana": "Dana Developer",
    }


async def test_a_history_names_our_own_fields(site: Site) -> None:
    one, two = await site.add_issue("One"), await site.add_issue("Two")
    connector, _ = site.connect(USER_KEY)
    await updated(connector, two, subject=Text("Two!"), cf_1=Text("3"))
    await updated(connector, two, depends_on=Refs(frozenset({one})))
    edits = [edit async for edit in connector.history([two])]
    assert {edit.field for edit in edits} >= {"subject", "cf_1", "depends_on"}
    assert {edit.author for edit in edits} == {"Dana Developer"}
