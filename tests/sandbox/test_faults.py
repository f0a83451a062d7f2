from __future__ import annotations

import httpx
import pytest

from syncd.errors import ConfigError
from syncd.sandbox.app import LOST_STATUS
from syncd.sandbox.faults import FAULTS, KNOBS, OPTIONS, parse_fault
from tests.sandbox.jira.peer import Peer

TOOLS = ("jira", "github")


def test_a_fault_is_read_with_its_options() -> None:
    spec = parse_fault("jira:429:after=10:count=3", TOOLS)
    assert (spec.tool, spec.name, spec.value, dict(spec.options)) == (
        "jira",
        "429",
        None,
        {"after": "10", "count": "3"},
    )
    assert parse_fault("jira:latency=200", TOOLS).value == "200"
    assert parse_fault("github:502-after-commit:match=createIssue", TOOLS).options == {"match": "createIssue"}


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("jirra:429", 'no tool "jirra"', "did you mean jira?"),
        ("jira:timout", 'no fault "timout"', "did you mean timeout?"),
        ("jira:nonsense", 'no fault "nonsense"', f"use one of: {', '.join(sorted([*FAULTS, *KNOBS])[:30])}"),
        ("jira:429:afer=1", 'no option "afer"', "did you mean after?"),
        ("jira:429:zzz=1", 'no option "zzz"', f"use one of: {', '.join(sorted(OPTIONS))}"),
        ("jira:429:count=many", '"many" is not a number', "give count a number, 0 or more"),
        ("jira:429:kind=wriet", 'no kind "wriet"', "did you mean write?"),
        ("jira:429:count", 'option "count" needs a value', f"write count=…: {OPTIONS['count']}"),
        ("jira:latency", '"latency" is not how this fault is written', "write jira:latency=NUMBER"),
        ("jira:401=3", '"401=3" is not how this fault is written', "write jira:401"),
        ("jira:latency=fast", '"fast" is not a number', "give latency a number, 0 or more"),
    ],
)
def test_a_wrong_fault_says_what_is_allowed(text: str, what: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_fault(text, TOOLS)
    assert (caught.value.where, caught.value.what) == (f"--fault {text}", what)
    assert caught.value.fix is not None
    assert caught.value.fix.startswith(fix)


def test_a_fault_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="a fault needs a name"):
        parse_fault("jira", TOOLS)


async def test_a_fault_waits_strikes_and_is_spent(peer: Peer) -> None:
    peer.sandbox.faults.add("jira:429:after=1:count=2:wait=7:reason=jira-quota-tenant-based")
    answers = [await peer.ask("GET", "/myself") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].headers["RateLimit-Reason"] == "jira-quota-tenant-based"
    assert answers[1].headers["X-RateLimit-Reset"] == "2026-11-20T09:30:22Z"


async def test_a_fault_before_the_commit_writes_nothing_and_one_after_it_does(peer: Peer) -> None:
    body = {"fields": {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "Once"}}
    before = len(peer.site.issues)
    peer.sandbox.faults.add("jira:503:count=1:match=POST")
    assert (await peer.ask("POST", "/issue", body)).status_code == 503
    assert len(peer.site.issues) == before
    peer.sandbox.faults.add("jira:503-after-commit:count=1:match=Once")
    assert (await peer.ask("POST", "/issue", body)).status_code == 503
    assert len(peer.site.issues) == before + 1
    assert [(entry.status, entry.objects, entry.fault) for entry in peer.sandbox.log.writes()] == [
        (503, 0, "jira:503:count=1:match=POST"),
        (503, 1, "jira:503-after-commit:count=1:match=Once"),
    ]


@pytest.mark.parametrize("name", ["timeout", "timeout-after-commit", "reset", "reset-after-commit"])
async def test_a_lost_connection_looks_as_on_a_network(peer: Peer, name: str) -> None:
    issue = await peer.create("Before")
    peer.sandbox.faults.add(f"jira:{name}:count=1:method=PUT:wait=30")
    kind = httpx.ReadTimeout if name.startswith("timeout") else httpx.ReadError
    with pytest.raises(kind):
        await peer.edit(issue, summary="After")
    assert (await peer.fields(issue))["summary"] == ("After" if "after-commit" in name else "Before")
    assert peer.clock.slept == ([30.0] if name.startswith("timeout") else [])
    lost = peer.sandbox.log.writes()[-1]
    assert (lost.status, lost.objects) == (LOST_STATUS, int("after-commit" in name))


async def test_nobody_listens(peer: Peer) -> None:
    peer.sandbox.faults.add("jira:refused:count=1")
    with pytest.raises(httpx.ConnectError):
        await peer.get("/myself")
    assert peer.sandbox.log.entries()[-1].status == LOST_STATUS


async def test_a_slow_answer_comes_after_the_deed(peer: Peer) -> None:
    issue = await peer.create("Before")
    peer.sandbox.faults.add("jira:slow:wait=12:method=PUT")
    assert (await peer.edit(issue, summary="After")).status_code == 204
    assert peer.clock.slept == [12.0]
    assert (await peer.fields(issue))["summary"] == "After"


async def test_an_ignored_change_looks_like_one(peer: Peer) -> None:
    issue = await peer.create("Before")
    peer.sandbox.faults.add("jira:ignored:count=1:kind=write")
    assert (await peer.edit(issue, summary="After")).status_code == 204
    assert (await peer.fields(issue))["summary"] == "Before"
    assert peer.sandbox.log.writes()[-1].objects == 0


async def test_a_replica_shows_for_some_seconds_what_was_there_before_a_write(peer: Peer) -> None:
    issue = await peer.create("Before")
    peer.sandbox.faults.add("jira:stale:wait=30")
    assert (await peer.edit(issue, summary="After")).status_code == 204
    made = await peer.create("Made")
    assert (await peer.fields(issue))["summary"] == "Before"
    assert (await peer.ask("GET", f"/issue/{made}")).status_code == 404
    peer.clock.advance(31)
    assert (await peer.fields(issue))["summary"] == "After"
    assert (await peer.fields(made))["summary"] == "Made"


@pytest.mark.parametrize(("name", "made"), [("swapped", 0), ("swapped-after-commit", 1)])
async def test_a_swapped_answer_is_that_of_the_request_before(peer: Peer, name: str, made: int) -> None:
    body = {"fields": {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "One"}}
    first = (await peer.ask("POST", "/issue", body)).json()
    before = len(peer.site.issues)
    peer.sandbox.faults.add(f"jira:{name}:count=1:kind=write")
    assert (await peer.ask("POST", "/issue", body)).json() == first
    assert len(peer.site.issues) == before + made


async def test_a_truncated_answer_is_half_the_text(peer: Peer) -> None:
    whole = (await peer.client.get("/field", auth=peer.auth)).content
    peer.sandbox.faults.add("jira:truncated")
    assert (await peer.client.get("/field", auth=peer.auth)).content == whole[: len(whole) // 2]


async def test_a_fault_may_concern_one_item_by_any_of_its_names(peer: Peer) -> None:
    mine, other = await peer.create("Mine"), await peer.create("Other")
    key = (await peer.get(f"/issue/{mine}"))["key"]
    peer.sandbox.faults.add(f"jira:403:item={key}")
    assert (await peer.ask("GET", f"/issue/{mine}")).status_code == 403
    assert (await peer.ask("GET", f"/issue/{other}")).status_code == 200


async def test_a_fault_may_concern_writes_only(peer: Peer) -> None:
    issue = await peer.create("Kind")
    peer.sandbox.faults.add("jira:401:kind=write")
    assert (await peer.ask("POST", "/search/jql", {"jql": "project = ENG"})).status_code == 200
    assert (await peer.edit(issue, summary="No")).status_code == 401


async def test_latency_and_knobs_take_a_value(peer: Peer) -> None:
    peer.sandbox.faults.add("jira:latency=250")
    peer.sandbox.faults.add("jira:lag=12")
    await peer.get("/myself")
    assert peer.clock.slept == [0.25]
    assert peer.site.index_lag_s == 12
    peer.sandbox.faults.clear()
    await peer.get("/myself")
    assert peer.clock.slept == [0.25]
