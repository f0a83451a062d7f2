"""What people do by hand, and what the control verbs tell."""

from __future__ import annotations

import pickle

import pytest

from syncd.errors import ConfigError
from syncd.sandbox.log import RequestKind
from tests.sandbox.redmine.peer import Peer


async def test_a_person_sets_adds_says_and_deletes(peer: Peer) -> None:
    made = peer.tool.add("Feature", "pmo", {"title": "By hand", "due_on": "2027-03-04", "Team": "Web"}, by="ada")
    key = str(made["key"])
    assert (made["author"], made["due_date"], made["Team"]) == ("Ada Example", "2027-03-04", "Web")
    assert peer.tool.set(key, "status", "in progress", by="Ben Example")["status"] == "In Progress"
    assert peer.tool.set(key, "assignee", "chi")["assigned_to"] == "Chi Example"
    note = peer.tool.add("comment", key, {"body": "Said"}, by="ada")
    assert peer.tool.show(str(note["key"])) == note
    assert peer.tool.show(str(note["id"])) == note
    assert peer.tool.set(str(note["key"]), "body", "Said better")["body"] == "Said better"
    shown = peer.tool.show(key)
    assert isinstance(shown, dict)
    assert shown["comments"] == ["Said better"]
    peer.tool.delete(str(note["key"]))
    peer.tool.delete(key)
    assert key not in {one["key"] for one in peer.tool.show()}  # type: ignore[attr-defined]
    assert peer.sandbox.log.entries() == ()


async def test_a_person_edits_versions_by_name(peer: Peer) -> None:
    made = peer.tool.add("version", "eng", {"title": "By hand", "due_on": "2027-05-05"})
    assert made["key"] == "eng/By hand"
    assert peer.tool.set("By hand", "status", "locked")["status"] == "locked"
    assert peer.tool.spellings("By hand") >= {"eng/By hand", f"version:{made['id']}"}
    peer.tool.delete("eng/By hand")


@pytest.mark.parametrize(
    ("key", "field", "value", "told"),
    [
        ("#999", "title", "x", 'redmine: no item "#999"'),
        ("#1", "tilte", "x", 'redmine:#1: no field "tilte"\n  fix: did you mean title'),
        ("#1", "status", "Dune", 'redmine: no status "Dune"'),
        ("#1", "status", "Closed", 'redmine:#1: Redmine does not offer status "Closed" here\n  fix: close what'),
        ("#1", "assignee", "zoe", 'redmine: no person "zoe"\n  fix: use one of: ada, admin, ben'),
        ("#1", "title", "", "redmine:#1 title: Redmine refuses: Subject cannot be blank"),
        ("#2", "Team", "Nobody", "redmine:#2 Team: Redmine refuses: Team is not included in the list"),
        ("SSO beta", "title", "x", 'redmine: several versions are called "SSO beta"\n  fix: use one of: pmo/SSO beta'),
    ],
)
async def test_a_slip_is_answered_with_what_is_allowed(peer: Peer, key: str, field: str, value: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        peer.tool.set(key, field, value)
    assert str(caught.value).startswith(told)


async def test_nothing_is_archived(peer: Peer) -> None:
    with pytest.raises(ConfigError, match="no archive"):
        peer.tool.archive("#1")


async def test_every_request_is_judged_by_what_it_does(peer: Peer) -> None:
    number = await peer.create("Logged")
    mark = peer.sandbox.log.mark()
    await peer.issue(number)
    await peer.edit(number, subject="Again")
    await peer.edit(number, subject="")
    told = [(one.kind, one.operation, one.status, one.objects) for one in peer.sandbox.log.since(mark)]
    assert told == [
        (RequestKind.READ, "GET /issues/{id}.json", 200, 0),
        (RequestKind.WRITE, "PUT /issues/{id}.json", 204, 1),
        (RequestKind.WRITE, "PUT /issues/{id}.json", 422, 0),
    ]


async def test_a_revoked_key_is_a_strangers(peer: Peer) -> None:
    await peer.create("Public")
    peer.tool.revoke()
    assert (await peer.ask("GET", "/users/current.json")).status_code == 401
    assert (await peer.ask("GET", "/issues.json")).status_code == 200
    refused = await peer.ask("POST", "/issues.json", {"issue": {}})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="Redmine API"')


async def test_faults_of_every_kind_are_told_as_redmine_tells_them(peer: Peer) -> None:
    number = await peer.create("Faulty")
    peer.sandbox.faults.add(f"redmine:403:item={number}:count=1")
    assert (await peer.ask("GET", f"/issues/{number}.json")).status_code == 403
    peer.sandbox.faults.add("redmine:409:count=1")
    assert (await peer.edit(number, subject="x")).json() == {"errors": []}
    peer.sandbox.faults.add("redmine:429:wait=7:count=1")
    assert (await peer.ask("GET", "/issues.json")).headers["Retry-After"] == "7"
    peer.sandbox.faults.add("redmine:repeated:count=1")
    shown = await peer.found("status_id=*&sort=id:asc&limit=3")
    assert shown[2:] == [3, 3]
    peer.sandbox.faults.add("redmine:stale:wait=30")
    await peer.edit(number, subject="After")
    assert (await peer.issue(number))["subject"] == "Faulty"
    peer.clock.advance(31)
    assert (await peer.issue(number))["subject"] == "After"
    with pytest.raises(ConfigError, match='redmine has no "lag"'):
        peer.sandbox.faults.add("redmine:lag=5")


def test_two_are_alike_and_one_can_be_kept() -> None:
    first, second = Peer(30), Peer(30)
    assert first.tool.show() == second.tool.show()
    copy = pickle.loads(pickle.dumps(first.site.issues))  # noqa: S301 - our own
    assert copy == first.site.issues
