"""Who edited what: from the timeline, from the body's last editor, and nothing where GitHub tells nothing."""

from __future__ import annotations

import pytest

from syncd.model.refs import Ref
from tests.connectors.github.rig import NAME, Rig


async def told(rig: Rig, ref: Ref) -> dict[str, str | None]:
    """Return the last author of each field."""
    return {edit.field: edit.author async for edit in rig.connector.history([ref])}


EDITS = {
    "title": ("title", "New"),
    "body": ("body", "Words"),
    "labels": ("labels", ["ui"]),
    "assignees": ("assignees", ["admin"]),
    "milestone": ("milestone", "1.0"),
    "state": ("state", "closed"),
    "type": ("type", "Bug"),
    "parent": ("parent", "api#1"),
    "blocked_by": ("depends_on", ["api#1"]),
}


@pytest.mark.parametrize("name", EDITS)
async def test_each_field_of_an_issue_is_signed_when_it_is_set_and_when_it_is_emptied(rig: Rig, name: str) -> None:
    rig.hub.add_issue("api", "Parent")
    rig.hub.add_milestone("api", "1.0")
    key = rig.hub.add_issue("api", "One")
    field, value = EDITS[name]
    assert await told(rig, rig.ref(key)) == {}
    await rig.clock.sleep(60)
    rig.hub.set(key, name, value, by="ada")
    person = rig.hub.people.person("ada").name
    also = {rig.field("Status"): person} if name == "state" else {}  # the project's own workflow
    assert await told(rig, rig.ref(key)) == {field: person} | also
    [edit, *_] = [edit async for edit in rig.connector.history([rig.ref(key)]) if edit.field == field]
    assert (edit.ref, edit.at) == (rig.ref(key), rig.clock.now().replace(microsecond=0))
    empty: object = {"title": "Other", "body": "", "state": "open"}.get(name, "")
    rig.hub.set(key, name, empty, by="admin")
    assert (await told(rig, rig.ref(key)))[field] == "The Admin"


async def test_status_is_told_and_other_columns_are_not(rig: Rig) -> None:
    key = rig.hub.add_issue("api", "One")
    rig.hub.set(key, "Status", "In Review", by="ada")
    rig.hub.set(key, "Estimate", 3, by="ada")
    assert set(await told(rig, rig.ref(key))) == {rig.field("Status")}
    other = rig.hub.state.add_project(rig.hub.project.owner, 8, "Other")
    event = rig.hub.people.find(key)
    event.timeline[-1].project = other  # type: ignore[union-attr]
    assert await told(rig, rig.ref(key)) == {}


async def test_comments_are_signed_and_the_rest_costs_nothing(rig: Rig) -> None:
    issue = rig.hub.add_issue("api", "One")
    comment = rig.hub.add_comment(issue, "Hi", by="ada")
    assert await told(rig, rig.ref(comment)) == {}
    rig.hub.set(comment, "body", "Bye", by="admin")
    assert await told(rig, rig.ref(comment)) == {"body": "The Admin"}
    assert rig.asked
    nothing = [rig.ref(rig.hub.add_draft("Idea")), Ref(NAME, "iteration", "x/y")]
    assert [edit async for edit in rig.connector.history(nothing)] == []
    assert rig.asked == []


async def test_fifty_are_asked_in_one_request_and_what_is_gone_has_no_history(rig: Rig) -> None:
    keys = [rig.hub.add_issue("api", f"{number}") for number in range(50)]
    refs = [rig.ref(key) for key in keys]
    for key in keys:
        rig.hub.set(key, "title", "New", by="ada")
    rig.hub.delete(keys[0])
    edits = [edit async for edit in rig.connector.history(refs)]
    assert {edit.ref for edit in edits} == set(refs[1:])
    assert rig.asked.count("query history") == 1
