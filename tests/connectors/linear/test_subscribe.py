"""Webhooks of the workspace, registered by syncd itself, where an administrator's credential lets it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from syncd.connectors.linear.hooks import HOOKS, RESOURCES
from syncd.errors import ForbiddenError, OutcomeUnknownError
from syncd.sandbox.webhooks import Hook
from tests.connectors.linear.rig import NAME, Rig

URL = "https://syncd.example/hooks/linear-road"
SECRET = SecretStr("made-up-secret-of-32-characters.")


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.tool.bot.admin = True
    return made


def hooks(rig: Rig) -> list[Hook]:
    return list(rig.tool.state.webhooks.hooks.values())


async def test_one_webhook_tells_of_all_public_teams_and_is_never_made_twice(rig: Rig) -> None:
    first = await rig.connector.subscribe(URL, SECRET)
    (hook,) = hooks(rig)
    assert (first.made, first.ids, first.refresh_by) == (True, (hook.id,), None)
    assert (hook.url, hook.secret, hook.scope) == (URL, SECRET.get_secret_value(), "")
    assert hook.events == frozenset(RESOURCES)
    again = await rig.connect().subscribe(URL, SECRET)
    assert (again.made, again.ids) == (False, first.ids)


async def test_a_private_team_in_scope_gets_its_own(rig: Rig) -> None:
    await rig.connector.subscribe(URL, SECRET)
    web = rig.tool.people.team("WEB")
    web.members_only = True
    made = await rig.connector.subscribe(URL, SECRET)
    assert made.made
    assert sorted(bool(hook.scope) for hook in hooks(rig)) == [False, True]
    web.members_only = False
    assert not (await rig.connector.subscribe(URL, SECRET)).made
    assert [hook.scope for hook in hooks(rig)] == [""], "it would tell the same twice"


async def test_a_webhook_that_was_changed_is_set_right_and_others_are_left_alone(rig: Rig) -> None:
    await rig.connector.subscribe("https://elsewhere.example", SecretStr("theirs"))
    await rig.connector.subscribe(URL, SECRET)
    theirs, ours = hooks(rig)
    ours.active, ours.secret, ours.events = False, "lost", frozenset({"Reaction"})
    assert not (await rig.connector.subscribe(URL, SECRET)).made
    assert (ours.active, ours.secret) == (True, SECRET.get_secret_value())
    assert ours.events == frozenset({"Reaction", *RESOURCES}), "what a person added stays"
    assert theirs.secret == "theirs"


async def test_one_whose_answer_was_lost_is_found_the_next_time(rig: Rig) -> None:
    rig.fault("linear:502-after-commit:match=webhookCreate:count=1")
    with pytest.raises(OutcomeUnknownError):
        await rig.connector.subscribe(URL, SECRET)
    assert not (await rig.connector.subscribe(URL, SECRET)).made
    assert len(hooks(rig)) == 1


async def test_what_happens_is_told_signed(rig: Rig) -> None:
    told = []

    async def receive(url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == URL
        assert HOOKS.is_genuine(SECRET.get_secret_value().encode(), headers, body)
        told.append(headers["linear-event"])
        return 200

    sender = rig.sandbox.send_webhooks(receive)
    await rig.connector.subscribe(URL, SECRET)
    rig.add("issue", "API", title="New")
    await sender.flush()
    assert told == ["Issue"]


async def test_who_is_no_administrator_is_told_what_to_do_by_hand(rig: Rig) -> None:
    rig.tool.bot.admin = False
    with pytest.raises(ForbiddenError) as caught:
        await rig.connector.subscribe(URL, SECRET)
    assert caught.value.where == f"{NAME} webhook"
    assert "only administrators" in caught.value.what
    for word in ("scope admin", URL, "all public teams", "ProjectUpdate", "webhook.secret"):
        assert word in str(caught.value.fix)
    assert SECRET.get_secret_value() not in str(caught.value)
    assert not hooks(rig)
