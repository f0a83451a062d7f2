"""Webhooks of the stand-ins: every edit is told, genuinely signed, in the tools' shape, with the trouble asked for."""

from __future__ import annotations

import asyncio
import json
import queue
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, is_leaf_type, is_list_type, is_non_null_type

from syncd.connectors.hooks import Delivery
from syncd.engine.tools import tools
from syncd.errors import ConfigError
from syncd.model.refs import ConnectionName, Ref
from syncd.sandbox.app import Sandbox, make_sandbox
from syncd.sandbox.github.standin import GitHubStandIn
from syncd.sandbox.jira.standin import JiraStandIn
from syncd.sandbox.linear.standin import LinearStandIn
from syncd.sandbox.sender import Sender, post_with, read_target
from syncd.sandbox.serve import Background
from syncd.world import real_world
from tests.contracts import graphql
from tests.contracts.openapi import load_contract
from tests.sandbox.clock import Clock

NAME = ConnectionName("here")
URL = "http://receiver.example/hooks/here"
SCOPES: Mapping[str, dict[str, Any]] = {
    "jira": {"url": "https://a.example", "auth": {"bearer": "t"}, "scope": {"projects": ["PMO", "ENG"]}},
    "github": {"auth": {"token": "t"}, "scope": {"owner": "acme", "project": 7}},
    "linear": {"auth": {"api_key": "t"}, "scope": {"teams": ["API", "WEB", "OPS"]}},
    "redmine": {"url": "https://r.example", "auth": {"key": "t"}, "scope": {"projects": ["eng"]}},
}


class Inbox:
    """Receives what one tool sends, checks every signature, and answers with the next of *statuses*, else 200."""

    def __init__(self, tool: str, *, items: int = 6, seed: int = 1) -> None:
        self.tool = tool
        self.clock = Clock()
        world = replace(self.clock.world(), random=random.Random(seed))  # noqa: S311 - dice
        self.sandbox: Sandbox = make_sandbox([tool], world, items=items)
        self.sender: Sender = self.sandbox.send_webhooks(self.receive)
        self.hook = self.sender.add(tool, URL)
        self.statuses: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.refused: list[bytes] = []
        loaded = tools()[tool]()
        assert loaded.hooks is not None
        self.hooks = loaded.hooks
        self.settings = loaded.settings.model_validate(SCOPES[tool])

    async def receive(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == URL
        if not self.hooks.is_genuine(self.hook.secret.encode(), headers, body):
            self.refused.append(body)
            return 401
        self.got.append((dict(headers), body))
        return self.statuses.pop(0) if self.statuses else 200

    async def read(self) -> list[Delivery]:
        """Return what was sent since last time."""
        await self.sender.flush()
        got, self.got = self.got, []
        return [self.hooks.read(NAME, self.settings, headers, body) for headers, body in got]

    async def told(self) -> set[Ref]:
        return {ref for delivery in await self.read() for ref in delivery.refs}

    async def bodies(self) -> list[dict[str, Any]]:
        await self.sender.flush()
        got, self.got = self.got, []
        return [json.loads(body) | {"_event": headers.get("x-github-event")} for headers, body in got]


def ref(kind: str, number: object) -> Ref:
    return Ref(NAME, kind, str(number))


def jira(inbox: Inbox) -> JiraStandIn:
    found = inbox.sandbox.tools["jira"]
    assert isinstance(found, JiraStandIn)
    return found


def github(inbox: Inbox) -> GitHubStandIn:
    found = inbox.sandbox.tools["github"]
    assert isinstance(found, GitHubStandIn)
    return found


def linear(inbox: Inbox) -> LinearStandIn:
    found = inbox.sandbox.tools["linear"]
    assert isinstance(found, LinearStandIn)
    return found


async def test_jira_tells_every_edit_of_issues_comments_links_and_versions() -> None:
    inbox = Inbox("jira")
    site = jira(inbox)
    assert await inbox.told() == set()
    made = str(site.add("Task", "ENG", {"title": "New"})["key"])
    issue = ref("issue", site.site.find_issue(made).id)
    assert await inbox.told() == {issue}
    site.set(made, "summary", "Renamed")
    assert await inbox.told() == {issue}
    comment = str(site.add("comment", made, {"body": "Hello"})["id"])
    said = {issue, ref("comment", f"{issue.id}/{comment}")}
    assert await inbox.told() == said
    version = site.add("version", "ENG", {"title": "9.0"})
    assert await inbox.told() == {ref("version", version["id"])}
    site.set("ENG/9.0", "releaseDate", "2026-12-24")
    assert await inbox.told() == {ref("version", version["id"])}
    site.set(made, "fixVersions", ["9.0"])
    assert await inbox.told() == {issue}
    site.delete("ENG/9.0")
    assert await inbox.told() == {issue, ref("version", version["id"])}
    site.delete(made)
    assert await inbox.told() == {issue}


async def test_github_tells_every_edit_of_issues_comments_milestones_and_items() -> None:
    inbox = Inbox("github")
    hub = github(inbox)
    key = hub.add_issue("api", "New")
    issue = ref("issue", hub.people.find(key).id)
    assert await inbox.told() == {issue}
    for field, value in {"title": "Renamed", "state": "closed", "labels": ["ui"], "Status": "Todo"}.items():
        hub.set(key, field, value)
        assert await inbox.told() == {issue}, field
    comment = hub.people.find(hub.add_comment(key, "Hello"))
    assert await inbox.told() == {issue, ref("comment", comment.id)}
    milestone = hub.people.find(hub.add_milestone("api", "9.0"))
    assert await inbox.told() == {ref("milestone", milestone.id)}
    hub.set(milestone.id, "due_on", "2026-12-24")
    assert await inbox.told() == {ref("milestone", milestone.id)}
    draft = hub.add_draft("Idea")
    assert await inbox.told() == {ref("draft", draft)}
    hub.set(draft, "title", "Better idea")
    assert await inbox.told() == {ref("draft", draft)}
    hub.archive(key)
    assert await inbox.told() == {issue}
    hub.delete(key)
    assert issue in await inbox.told()


async def test_linear_tells_every_edit_but_those_of_milestones() -> None:
    inbox = Inbox("linear")
    space = linear(inbox)
    made = space.add("issue", "API", {"title": "New"})
    issue = ref("issue", made["id"])
    assert issue in await inbox.told()
    space.set(str(made["key"]), "title", "Renamed")
    assert await inbox.told() == {issue}
    comment = space.add("comment", str(made["key"]), {"body": "Hello"})
    assert await inbox.told() == {issue, ref("comment", comment["id"])}
    project = space.add("project", "API", {"title": "Billing"})
    assert await inbox.told() == {ref("project", project["id"])}
    milestone = space.add("milestone", str(project["key"]), {"title": "Beta"})
    assert ref("milestone", milestone["id"]) not in await inbox.told()
    initiative = space.add("initiative", "", {"title": "Growth"})
    assert await inbox.told() == {ref("initiative", initiative["id"])}
    space.delete(str(made["key"]))
    assert await inbox.told() == {issue}


async def test_redmine_tells_every_edit_of_issues_notes_and_versions() -> None:
    inbox = Inbox("redmine")
    site = inbox.sandbox.tools["redmine"]
    made = site.add("Feature", "eng", {"title": "New"})
    issue = ref("issue", made["id"])
    assert await inbox.told() == {issue}
    site.set(str(made["key"]), "subject", "Renamed")
    assert await inbox.told() == {issue}
    note = site.add("comment", str(made["key"]), {"body": "Hello"})
    assert await inbox.told() == {issue, ref("comment", f"{issue.id}/{str(note['id']).rpartition('/')[2]}")}
    version = site.add("version", "eng", {"title": "9.0"})
    assert await inbox.told() == {ref("version", version["id"])}
    site.set(str(version["key"]), "due_date", "2026-12-24")
    assert await inbox.told() == {ref("version", version["id"])}
    site.delete(str(made["key"]))
    assert await inbox.told() == {issue}
    inbox.statuses = [500]
    site.delete(str(version["key"]))
    assert len(await inbox.read()) == 1
    inbox.clock.advance(100_000)
    assert await inbox.read() == [], "there is one attempt"


async def test_writes_of_an_api_client_are_told_as_well() -> None:
    inbox = Inbox("jira")
    site = jira(inbox)
    async with httpx.AsyncClient(transport=inbox.sandbox.transport()) as client:
        who = site.credentials()
        auth = (str(who["email"]), str(who["token"]))
        body = {"fields": {"project": {"key": "ENG"}, "summary": "By API", "issuetype": {"name": "Task"}}}
        answer = await client.post("http://sandbox/jira/rest/api/3/issue", json=body, auth=auth)
    assert await inbox.told() == {ref("issue", answer.json()["id"])}


# --- when the receiver fails -----------------------------------------------------------


async def rename(inbox: Inbox, title: str) -> None:
    tool = inbox.sandbox.tools[inbox.tool]
    shown = tool.show()
    assert isinstance(shown, list)
    field = "summary" if inbox.tool == "jira" else "title"
    key = next(line["key"] for line in shown if line["type"] in {"Issue", "Task", "Story", "Bug"})
    tool.set(str(key), field, title)


async def test_linear_tries_again_after_a_minute_an_hour_and_six_hours_under_one_id() -> None:
    inbox = Inbox("linear")
    inbox.statuses = [500, 204, 0, 200]
    await rename(inbox, "One")
    found = [*(await inbox.read())]
    for wait_s in (60, 3600, 21_600):
        inbox.clock.advance(wait_s - 1)
        assert await inbox.read() == []
        inbox.clock.advance(1)
        found += await inbox.read()
    assert len(found) == 4
    assert len({delivery.id for delivery in found}) == 1
    assert [d.sent_at for d in found] == sorted({d.sent_at for d in found if d.sent_at}), "each attempt tells its time"
    assert inbox.sender.waiting == 0


async def test_jira_tries_again_up_to_five_times_and_not_after_a_refusal() -> None:
    inbox = Inbox("jira")
    inbox.statuses = [503] * 9
    await rename(inbox, "One")
    found = [*(await inbox.read())]
    for _ in range(8):
        inbox.clock.advance(900)
        found += await inbox.read()
    assert len(found) == 6
    assert len({delivery.id for delivery in found}) == 1
    inbox.statuses = [400]
    await rename(inbox, "Two")
    assert len(await inbox.read()) == 1
    assert inbox.sender.waiting == 0


async def test_github_never_tries_again_until_it_is_asked_to() -> None:
    inbox = Inbox("github")
    inbox.statuses = [500]
    await rename(inbox, "One")
    [first] = await inbox.read()
    inbox.clock.advance(86_400)
    assert await inbox.read() == []
    hub = github(inbox)
    [sent] = hub.webhooks.sent
    assert not sent.arrived
    hub.webhooks.resend(sent)
    [second] = await inbox.read()
    assert second == first
    assert [one.arrived for one in hub.webhooks.sent] == [False, True]


# --- trouble ---------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["github", "jira", "linear"])
async def test_trouble_befalls_the_share_of_deliveries_that_was_asked_for(tool: str) -> None:
    inbox = Inbox(tool)
    for name in ("permuted", "doubled", "delayed", "forged"):
        inbox.sandbox.faults.add(f"{tool}:hooks-{name}=0.5")
    found: list[Delivery] = []
    for number in range(40):
        await rename(inbox, f"Title {number}")
        inbox.clock.advance(1)
        found += await inbox.read()
    inbox.clock.advance(1000)
    found += await inbox.read()
    counts = Counter(delivery.id for delivery in found)
    assert len(counts) == 40
    assert {1, 2} == set(counts.values())
    assert 8 <= len(inbox.refused) <= 32, "forged ones are sent beside the genuine ones, and told from them"


async def test_permuted_deliveries_come_in_another_order() -> None:
    async def order(*faults: str) -> list[str]:
        inbox = Inbox("jira")
        for fault in faults:
            inbox.sandbox.faults.add(fault)
        bodies: list[dict[str, Any]] = []
        for number in range(20):
            if number < 12:
                await rename(inbox, f"{number:02}")
            bodies += await inbox.bodies()
            inbox.clock.advance(0.5)
        return [body["changelog"]["id"] for body in bodies]

    straight, permuted = await order(), await order("jira:hooks-permuted=1")
    assert len(straight) == 12
    assert straight == sorted(straight)
    assert permuted != straight
    assert sorted(permuted) == straight


async def test_dropped_deliveries_never_come() -> None:
    inbox = Inbox("linear")
    inbox.sandbox.faults.add("linear:hooks-dropped=1")
    await rename(inbox, "One")
    inbox.clock.advance(100_000)
    assert await inbox.read() == []
    assert [one.status for one in linear(inbox).webhooks.sent] == [0]


async def test_the_same_dice_send_the_same() -> None:
    async def ids() -> list[str | None]:
        inbox = Inbox("github", seed=5)
        inbox.sandbox.faults.add("github:hooks-doubled=0.5")
        for number in range(5):
            await rename(inbox, f"Title {number}")
        inbox.clock.advance(10)
        return [delivery.id for delivery in await inbox.read()]

    assert await ids() == await ids()


async def test_without_a_sender_there_is_nothing_to_send_and_nothing_to_trouble() -> None:
    sandbox = make_sandbox(["jira"], Clock().world(), items=2)
    with pytest.raises(ConfigError, match='jira has no "hooks-doubled"'):
        sandbox.faults.add("jira:hooks-doubled=0.5")


async def test_run_sends_at_once_and_stops_when_cancelled() -> None:
    inbox = Inbox("jira")
    sending = asyncio.create_task(inbox.sender.run())
    await asyncio.sleep(0)
    await rename(inbox, "One")
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(inbox.got) == 1
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert sending.cancelled()


def test_a_served_sandbox_sends_what_another_thread_edits() -> None:
    got: queue.Queue[bytes] = queue.Queue()

    async def receive(_url: str, _headers: Mapping[str, str], body: bytes) -> int:
        got.put(body)
        return 200

    sandbox = make_sandbox(["jira"], real_world(), items=2)
    sender = sandbox.send_webhooks(receive)
    sender.add("jira", URL)
    with Background(sandbox, sender=sender):
        sandbox.tools["jira"].add("Task", "ENG", {"title": "From the main thread"})
        assert json.loads(got.get(timeout=10))["webhookEvent"] == "jira:issue_created"


async def test_it_posts_over_http_and_a_receiver_that_is_away_is_no_error() -> None:
    answers = iter([httpx.Response(202), httpx.Response(302, headers={"location": "http://elsewhere.example"})])

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["x-a"] == "b"
        try:
            return next(answers)
        except StopIteration:
            raise httpx.ConnectError("away", request=request) from None

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        post = post_with(client)
        assert [await post(URL, {"x-a": "b"}, b"{}") for _ in range(3)] == [202, 302, 0]


@pytest.mark.parametrize("text", ["", "http://a.example", "jira=", "jira=ftp://a.example", "jira=a.example/x"])
def test_a_target_is_a_tool_and_a_url(text: str) -> None:
    with pytest.raises(ConfigError, match="names no tool and URL"):
        read_target(text)


async def test_a_tool_without_webhooks_here_is_told() -> None:
    with pytest.raises(ConfigError, match='no webhooks of "linear" here'):
        Inbox("jira").sender.add("linear", URL)


# --- shape -----------------------------------------------------------------------------


@pytest.mark.contracts
async def test_what_github_sends_fits_its_webhook_schemas(contracts_dir: Path) -> None:
    contract = load_contract(contracts_dir / "github" / "rest-openapi-subset.json")
    inbox = Inbox("github")
    hub = github(inbox)
    epic, key = hub.add_issue("api", "Epic"), hub.add_issue("api", "New", labels=["ui"], assignees=["admin"])
    milestone = hub.people.find(hub.add_milestone("api", "9.0")).id
    draft = hub.add_draft("Idea")
    comment = hub.add_comment(key, "Hello")
    bodies = await inbox.bodies()
    edits: list[tuple[str, str, object]] = [
        (key, "title", "Renamed"),
        (key, "state", "closed"),
        (key, "state", "open"),
        (key, "labels", []),
        (key, "assignees", []),
        (key, "milestone", "9.0"),
        (key, "parent", epic),
        (key, "Status", "Todo"),
        (milestone, "due_on", "2026-12-24"),
        (draft, "title", "Better"),
        (comment, "body", "Hello again"),
    ]
    for item, field, value in edits:
        hub.set(item, field, value)
        bodies += await inbox.bodies()
    hub.archive(key)
    bodies += await inbox.bodies()
    hub.unarchive(key)
    bodies += await inbox.bodies()
    hub.convert_draft(draft, "api")
    bodies += await inbox.bodies()
    for gone in (comment, milestone, key):
        hub.delete(gone)
        bodies += await inbox.bodies()
    events = set()
    for body in bodies:
        event = f"{body.pop('_event')}-{body['action']}".replace("_", "-")
        events.add(event)
        assert contract.check_webhook(event, body) == [], event
    assert len(events) >= 18, sorted(events)


def misfits(kind: Any, value: object, at: str) -> list[str]:  # noqa: ANN401 - any GraphQL type
    """Return where a JSON value does not fit an output type: absent required fields, unknown ones, wrong values."""
    if is_non_null_type(kind):
        return [f"{at} is null"] if value is None else misfits(kind.of_type, value, at)
    if value is None:
        return []
    if is_list_type(kind):
        assert isinstance(value, list)
        return [text for index, each in enumerate(value) for text in misfits(kind.of_type, each, f"{at}[{index}]")]
    if is_leaf_type(kind):
        wanted: Any = {"String": str, "Float": (int, float), "Boolean": bool, "JSONObject": dict}.get(kind.name, str)
        return [] if isinstance(value, wanted) else [f"{at} is no {kind.name}"]
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    assert isinstance(value, dict)
    unknown = [f"{at}.{key} is unknown" for key in value if key not in kind.fields]
    return unknown + [
        text for key, spec in kind.fields.items() for text in misfits(spec.type, value.get(key), f"{at}.{key}")
    ]


@pytest.mark.contracts
async def test_what_linear_sends_fits_its_webhook_types() -> None:
    types = graphql.schema("linear").type_map
    inbox = Inbox("linear")
    space = linear(inbox)
    issue = str(space.add("issue", "API", {"title": "New", "assignee": "admin"})["key"])
    space.add("comment", issue, {"body": "Hello"})
    space.add("project", "API", {"title": "Billing"})
    space.add("initiative", "", {"title": "Growth"})
    space.add("cycle", "API", {"title": "Next", "starts_at": "2027-03-01", "ends_at": "2027-03-15"})
    space.add_label("urgent", team="API")
    space.set(issue, "project", "project/billing")
    bodies = await inbox.bodies()
    kinds = set()
    for body in bodies:
        body.pop("_event")
        kinds.add(body["type"])
        data = body.pop("data")
        envelope = types["EntityWebhookPayload"]
        assert isinstance(envelope, GraphQLObjectType)
        assert [t for t in misfits(envelope, body, "body") if t != "body.data is null"] == []
        assert misfits(types[f"{body['type']}WebhookPayload"], data, body["type"]) == []
    assert kinds == {"Issue", "Comment", "Project", "Initiative", "Cycle", "IssueLabel"}


@pytest.mark.contracts
async def test_what_jira_sends_has_what_the_recorded_ones_have(contracts_dir: Path) -> None:
    folder = contracts_dir / "jira-cloud" / "samples" / "webhooks"
    recorded = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    inbox = Inbox("jira")
    site = jira(inbox)
    issue = str(site.add("Task", "ENG", {"title": "New", "description": "Words"})["key"])
    site.set(issue, "summary", "Renamed")
    site.add("comment", issue, {"body": "Hello"})
    bodies = await inbox.bodies()
    for event in ("jira:issue_created", "jira:issue_updated", "comment_created"):
        ours = [body for body in bodies if body["webhookEvent"] == event]
        theirs = [body for body in recorded if body["webhookEvent"] == event]
        assert ours, event
        assert theirs, event
        for body in ours:
            assert set(body) - {"_event"} == set.intersection(*(set(each) for each in theirs)), event
            assert set(theirs[0]["issue"]) == set(body["issue"])
            assert isinstance(body["timestamp"], int)
            assert isinstance(body["issue"]["fields"]["description"], str | None)
        if "changelog" in ours[0]:
            keys = set.intersection(*(set(item) for each in theirs for item in each["changelog"]["items"]))
            assert all(keys <= set(item) for body in ours for item in body["changelog"]["items"])
