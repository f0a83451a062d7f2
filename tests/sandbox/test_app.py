from __future__ import annotations

import pytest

from syncd.errors import ConfigError
from syncd.sandbox.app import make_sandbox
from syncd.sandbox.log import RequestKind
from tests.sandbox.clock import Clock
from tests.sandbox.jira.peer import Peer


def test_an_unknown_tool_or_a_negative_size_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        make_sandbox(["jirra"], Clock().world())
    assert str(caught.value) == '--tools: no stand-in for tool "jirra"\n  fix: did you mean jira?'
    with pytest.raises(ConfigError, match="-1 items"):
        make_sandbox(["jira"], Clock().world(), items=-1)


def test_two_sandboxes_of_one_size_are_the_same() -> None:
    first, second = (make_sandbox(["jira"], Clock().world(), items=30) for _ in range(2))
    assert first.tools["jira"].show() == second.tools["jira"].show()


@pytest.mark.parametrize("empty", [{"items": 0}, {"seed": False}])
def test_an_empty_sandbox_holds_nothing(empty: dict[str, int]) -> None:
    sandbox = make_sandbox(["jira"], Clock().world(), items=empty.get("items"), seed=bool(empty.get("seed", True)))
    assert sandbox.tools["jira"].show() == []


async def test_every_request_is_logged_and_judged_by_what_it_does(peer: Peer) -> None:
    issue = await peer.create("Logged")
    mark = peer.sandbox.log.mark()
    await peer.find("project = PMO")
    await peer.ask("POST", "/search/jql", {"jql": "project = PMO"})
    await peer.ask("POST", "/issue/bulkfetch", {"issueIdsOrKeys": [issue]})
    await peer.ask("POST", "/changelog/bulkfetch", {"issueIdsOrKeys": [issue]})
    assert [entry.kind for entry in peer.sandbox.log.since(mark)] == [RequestKind.READ] * 4
    assert peer.sandbox.log.writes(mark) == ()
    await peer.edit(issue, summary="Again")
    await peer.edit(issue, labels=["not valid"])
    told = [(entry.operation, entry.status, entry.objects) for entry in peer.sandbox.log.writes(mark)]
    assert told == [("PUT /rest/api/3/issue/{id}", 204, 1), ("PUT /rest/api/3/issue/{id}", 400, 0)]
    assert peer.sandbox.log.objects_written(mark) == 1


async def test_people_leave_no_trace_in_the_api_log(peer: Peer) -> None:
    peer.jira.set("ENG-1", "title", "By hand", by="ben")
    assert peer.sandbox.log.entries() == ()
    history = (await peer.get("/issue/ENG-1/changelog"))["values"]
    assert history[-1]["author"]["displayName"] == "Ben Example"
