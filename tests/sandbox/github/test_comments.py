"""Comments: what a client may do, what people do, and how the repository lists them."""

from __future__ import annotations

import pytest

from syncd.errors import ConfigError
from tests.sandbox.github.client import Client

ONE = "id body url createdAt updatedAt lastEditedAt author { login } issue { number } pullRequest { number }"


async def test_a_client_comments_and_edits_and_the_issue_counts_as_updated_by_the_first(client: Client) -> None:
    key = client.hub.add_issue("api", "Talk")
    client.clock.move(60)
    made = await client.do(
        "addComment", f"commentEdge {{ node {{ {ONE} }} }}", subjectId=client.id_of(key), body="Hello\n"
    )
    node = made["commentEdge"]["node"]
    assert (node["body"], node["author"], node["issue"], node["pullRequest"]) == (
        "Hello\n",
        {"login": "sync-bot"},
        {"number": 1},
        None,
    )
    assert node["url"].startswith("https://github.com/acme/api/issues/1#issuecomment-")
    commented = client.shown(key)["updated_at"]
    assert commented == node["createdAt"] == "2026-03-02T09:01:00Z"

    client.clock.move(60)
    edited = await client.do("updateIssueComment", f"issueComment {{ {ONE} }}", id=node["id"], body="Bye")
    assert edited["issueComment"]["body"] == "Bye"
    assert edited["issueComment"]["updatedAt"] == edited["issueComment"]["lastEditedAt"] == "2026-03-02T09:02:00Z"
    assert client.shown(key)["updated_at"] == commented


async def test_blank_and_overlong_comments_and_other_subjects_are_refused(client: Client) -> None:
    key = client.hub.add_issue("api", "Talk")
    for body in (" \n", "x" * 65_537):
        assert (await client.refused("addComment", subjectId=client.id_of(key), body=body))["type"] == "UNPROCESSABLE"
    draft = client.hub.people.find(client.hub.add_draft("Idea"))
    assert (await client.refused("addComment", subjectId=draft.id, body="x"))["type"] == "NOT_FOUND"
    assert (await client.refused("updateIssueComment", id=client.id_of(key), body="x"))["type"] == "NOT_FOUND"


async def test_comments_are_listed_below_their_issue_and_gone_with_it(client: Client) -> None:
    key = client.hub.add_issue("api", "Talk")
    names = [client.hub.add_comment(key, text, by="ada") for text in ("a", "b", "c")]
    client.clock.move(5)
    client.hub.set(names[0], "body", "edited")
    query = """query ($id: ID!, $order: IssueCommentOrder) { node(id: $id) { ... on Issue {
      comments(first: 2, orderBy: $order) { totalCount pageInfo { hasNextPage } nodes { body } } } } }"""
    plain = (await client.data(query, id=client.id_of(key)))["node"]["comments"]
    assert (plain["totalCount"], plain["pageInfo"]["hasNextPage"]) == (3, True)
    assert [node["body"] for node in plain["nodes"]] == ["edited", "b"]
    order = {"field": "UPDATED_AT", "direction": "DESC"}
    latest = (await client.data(query, id=client.id_of(key), order=order))["node"]["comments"]
    assert [node["body"] for node in latest["nodes"]] == ["edited", "c"]

    comment = client.id_of(names[1])
    client.hub.delete(key)
    gone = await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=comment)
    assert gone["errors"][0]["type"] == "NOT_FOUND"


async def test_the_repository_lists_them_by_update_with_those_of_pull_requests(client: Client) -> None:
    key = client.hub.add_issue("api", "Talk")
    first = client.hub.add_comment(key, "first")
    client.clock.move(60)
    client.hub.add_comment(key, "second")
    pull = client.hub.state.add_pull_request(client.hub.people.repository("api"), "Code", author=None)
    client.hub.state.add_comment(pull, "review", author=None)
    client.clock.move(60)
    client.hub.set(first, "body", "first, edited")

    path = "/repos/acme/api/issues/comments"
    listed = await client.rest("GET", path)
    assert [one["body"] for one in listed.json()] == ["first, edited", "second", "review"]
    told = await client.rest(
        "GET", path, query={"sort": "updated", "direction": "asc", "since": "2026-03-02T09:01:00Z"}
    )
    assert [one["body"] for one in told.json()] == ["second", "review", "first, edited"]
    assert [one["html_url"].split("/")[-2] for one in told.json()] == ["issues", "pull", "issues"]
    later = await client.rest(
        "GET", path, query={"sort": "updated", "direction": "desc", "per_page": "2", "since": "2026-03-02T09:00:00Z"}
    )
    assert [one["body"] for one in later.json()] == ["first, edited", "review"]
    assert "page=2" in later.headers["link"]


async def test_people_name_edit_show_and_delete_a_comment(client: Client) -> None:
    key = client.hub.add_issue("api", "Talk")
    name = client.hub.add_comment(key, "one\ntwo", by="ada")
    assert name.startswith("acme/api#1#c")
    assert client.shown(key)["comments"] == [{"key": name, "author": "ada", "body": "one\r\ntwo"}]
    client.hub.set(name, "body", "three")
    assert client.shown(name)["body"] == "three"
    assert client.hub.people.find(client.shown(name)["url"]) is client.hub.people.find(name)
    assert client.hub.spellings(name) == {name, client.id_of(name)}
    with pytest.raises(ConfigError):
        client.hub.set(name, "title", "no")
    with pytest.raises(ConfigError):
        client.hub.add_comment(client.hub.add_draft("Idea"), "none here")
    client.hub.delete(name)
    assert client.shown(key)["comments"] == []


async def test_comments_count_as_new_content(client: Client) -> None:
    client.hub.limits.limit_content(a_minute=1)
    key = client.hub.add_issue("api", "Talk")
    await client.do("addComment", "clientMutationId", subjectId=client.id_of(key), body="x")
    query = """mutation ($input: AddCommentInput!) { addComment(input: $input) { clientMutationId } }"""
    refused = await client.post(query, input={"subjectId": client.id_of(key), "body": "x"})
    assert refused.status_code == 403
    assert refused.headers["retry-after"] == "60"
