"""Webhooks registered by syncd itself, and failed deliveries sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from pydantic import SecretStr

from syncd.connectors.github.hooks import HOOKS
from syncd.errors import NotFoundError
from syncd.sandbox.sender import Sender
from tests.connectors.github.rig import NAME, Rig

URL = "https://syncd.example/hooks/github-eng"
SECRET = SecretStr("made-up-secret-of-32-characters.")


class Receiver:
    """Takes what is signed with our secret; answers with the next of *statuses*, else 202."""

    def __init__(self, rig: Rig) -> None:
        self.sender: Sender = rig.sandbox.send_webhooks(self.receive)
        self.statuses: list[int] = []
        self.ids: list[str] = []

    async def receive(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == URL
        assert HOOKS.is_genuine(SECRET.get_secret_value().encode(), headers, body)
        self.ids.append(headers["x-github-delivery"])
        return self.statuses.pop(0) if self.statuses else 202


async def test_subscribing_makes_one_webhook_a_repository_and_none_twice(rig: Rig) -> None:
    first = await rig.connector.subscribe(URL, SECRET)
    assert first.made
    assert [one.rpartition("/")[0] for one in first.ids] == ["acme/api", "acme/web"]
    assert first.refresh_by is None
    again = await rig.connect().subscribe(URL, SECRET)
    assert (again.made, again.ids) == (False, first.ids)
    assert len(rig.hub.webhooks.hooks) == 2


async def test_a_webhook_that_was_changed_is_set_right_and_others_are_left_alone(rig: Rig) -> None:
    await rig.connector.subscribe("https://elsewhere.example", SecretStr("theirs"))
    await rig.connector.subscribe(URL, SECRET)
    theirs, _, ours, _ = rig.hub.webhooks.hooks.values()
    ours.active, ours.secret, ours.events = False, "lost", frozenset({"push"})
    assert not (await rig.connector.subscribe(URL, SECRET)).made
    assert (ours.active, ours.secret) == (True, SECRET.get_secret_value())
    assert {"push", "issues", "issue_comment", "milestone"} <= ours.events, "what a person added stays"
    assert theirs.secret == "theirs"


async def test_what_happens_in_a_repository_is_told_to_its_own_webhook(rig: Rig) -> None:
    receiver = Receiver(rig)
    await rig.connector.subscribe(URL, SECRET)
    rig.hub.add_issue("api", "New", project=False)
    await receiver.sender.flush()
    assert len(receiver.ids) == 1


async def test_failed_deliveries_are_sent_again_once_each(rig: Rig) -> None:
    receiver = Receiver(rig)
    await rig.connector.subscribe(URL, SECRET)
    receiver.statuses = [500, 0, 202]
    for number in range(3):
        rig.hub.add_issue("api", f"New {number}", project=False)
        await receiver.sender.flush()
    since = rig.clock.now() - timedelta(days=2)
    assert await rig.connector.replay(URL, since) == 2
    await receiver.sender.flush()
    assert sorted(receiver.ids) == sorted([*receiver.ids[:3], *receiver.ids[:2]]), "the same ids as before"
    assert await rig.connector.replay(URL, since) == 0
    assert await rig.connector.replay("https://elsewhere.example", since) == 0


async def test_what_failed_before_that_is_left(rig: Rig) -> None:
    receiver = Receiver(rig)
    await rig.connector.subscribe(URL, SECRET)
    receiver.statuses = [500]
    rig.hub.add_issue("api", "New", project=False)
    await receiver.sender.flush()
    rig.clock.at_s += 3600
    assert await rig.connector.replay(URL, rig.clock.now() - timedelta(minutes=30)) == 0
    assert await rig.connector.replay(URL, rig.clock.now() - timedelta(minutes=90)) == 1


async def test_more_deliveries_than_a_page_are_all_looked_at(rig: Rig) -> None:
    receiver = Receiver(rig)
    await rig.connector.subscribe(URL, SECRET)
    receiver.statuses = [500]
    for number in range(120):
        rig.hub.add_issue("api", f"New {number}", project=False)
        await receiver.sender.flush()
    assert await rig.connector.replay(URL, rig.clock.now() - timedelta(days=1)) == 1


async def test_a_credential_that_may_not_is_told_where(rig: Rig) -> None:
    rig.fault("github:404:match=/hooks")
    with pytest.raises(NotFoundError) as caught:
        await rig.connector.subscribe(URL, SECRET)
    assert f"{NAME} acme/api webhooks" in str(caught.value.where)
