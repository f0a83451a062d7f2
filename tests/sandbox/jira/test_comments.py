"""Comments on the stand-in: who said what, who may see it, and what it does to the issue."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.errors import ConfigError
from syncd.sandbox.jira.render import INLINE_COMMENTS
from tests.sandbox.jira.peer import Peer


def doc(text: str) -> dict[str, Any]:
    """Return a document of one paragraph."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


@pytest.fixture
def peer() -> Peer:
    """Return a client of a fresh site."""
    return Peer()


async def say(peer: Peer, issue: str, text: str, **more: object) -> str:
    body, is_sound = {"body": doc(text), **more}, "author" not in more
    response = await peer.ask("POST", f"/issue/{issue}/comment", body, is_sound=is_sound)
    peer.clock.advance(0.5)  # one issue takes ten writes a second
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_a_comment_is_its_senders_own_and_moves_the_issue(peer: Peer) -> None:
    issue = await peer.create("Talk to me")
    before = (await peer.fields(issue))["updated"]
    peer.clock.advance(60.0)
    number = await say(peer, issue, "Hello", author={"accountId": "712020:admin"})
    told = await peer.get(f"/issue/{issue}/comment/{number}")
    assert told["author"]["displayName"] == "Sync Bot"
    assert told["body"] == doc("Hello")
    assert (await peer.fields(issue))["updated"] > before
    assert (await peer.get(f"/issue/{issue}/changelog"))["total"] == 0, "a comment is no change of a field"


async def test_editing_and_deleting_move_the_issue_too(peer: Peer) -> None:
    issue = await peer.create("Talk to me")
    number = await say(peer, issue, "Helo", properties=[{"key": "mine", "value": 1}])
    moments = [(await peer.fields(issue))["updated"]]
    peer.clock.advance(60.0)
    response = await peer.ask("PUT", f"/issue/{issue}/comment/{number}", {"body": doc("Hello")})
    assert response.json()["body"] == doc("Hello")
    moments.append((await peer.fields(issue))["updated"])
    listed = await peer.ask("POST", "/comment/list", {"ids": [int(number)]}, query={"expand": "properties"})
    assert listed.json()["values"][0]["properties"] == [{"key": "mine", "value": 1}], "an edit keeps the properties"
    peer.clock.advance(60.0)
    assert (await peer.ask("DELETE", f"/issue/{issue}/comment/{number}")).status_code == 204
    moments.append((await peer.fields(issue))["updated"])
    assert moments == sorted(set(moments))
    assert (await peer.ask("GET", f"/issue/{issue}/comment/{number}")).status_code == 404


async def test_an_issue_shows_its_first_comments_and_counts_them_all(peer: Peer) -> None:
    issue = await peer.create("Much discussed")
    numbers = [await say(peer, issue, f"Number {n}") for n in range(INLINE_COMMENTS + 3)]
    shown = (await peer.fields(issue))["comment"]
    assert [one["id"] for one in shown["comments"]] == numbers[:INLINE_COMMENTS]
    assert shown["total"] == len(numbers)
    assert "properties" not in shown["comments"][0]
    page = await peer.get(f"/issue/{issue}/comment", startAt="2", maxResults="5", orderBy="-created")
    assert [one["id"] for one in page["comments"]] == numbers[::-1][2:7]
    assert page["total"] == len(numbers)


async def test_the_index_shows_a_comment_only_after_its_lag(peer: Peer) -> None:
    issue = await peer.create("Indexed")
    peer.site.index_lag_s = 60.0
    await say(peer, issue, "Fresh")
    query: dict[str, str | list[str]] = {"jql": "project = ENG", "fields": "comment", "maxResults": "100"}

    async def shown() -> int:
        page = await peer.get("/search/jql", **query)
        return int(next(one["fields"]["comment"]["total"] for one in page["issues"] if one["id"] == issue))

    assert await shown() == 0
    peer.clock.advance(61.0)
    assert await shown() == 1


async def test_gone_and_hidden_comments_are_left_out_of_a_list_by_id(peer: Peer) -> None:
    issue, other = await peer.create("Seen"), await peer.create("Hidden")
    seen, hidden = await say(peer, issue, "One"), await say(peer, other, "Two")
    peer.site.hidden.add(int(other))
    listed = await peer.ask("POST", "/comment/list", {"ids": [int(seen), int(hidden), 999_999]})
    assert [one["id"] for one in listed.json()["values"]] == [seen]


async def test_a_comment_without_text_is_refused(peer: Peer) -> None:
    issue = await peer.create("Talk to me")
    empty = await peer.ask("POST", f"/issue/{issue}/comment", {"body": {"type": "doc", "version": 1, "content": []}})
    assert empty.status_code == 400
    assert "comment" in empty.json()["errors"]


async def test_people_say_rewrite_restrict_and_take_back(peer: Peer) -> None:
    made = peer.jira.add("comment", "PMO-1", {"body": "First **words**"}, by="admin")
    assert (made["author"], made["body"]) == ("Admin Example", "First words")
    key = str(made["key"])
    assert key == f"PMO-1#c{made['id']}"
    assert peer.jira.set(key, "body", "Second")["body"] == "Second"
    peer.jira.set(key, "role", "Administrators")
    told = await peer.get(f"/issue/PMO-1/comment/{made['id']}")
    assert told["visibility"] == {"type": "role", "value": "Administrators", "identifier": "Administrators"}
    peer.jira.delete(key)
    with pytest.raises(ConfigError):
        peer.jira.show(key)
    with pytest.raises(ConfigError, match="wants an issue and a text"):
        peer.jira.add("comment", "PMO-1", {})
