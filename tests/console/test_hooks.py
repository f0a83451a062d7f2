"""The receiver of webhooks, attacked: what is not proved has no effect and learns nothing, what is proved is kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from syncd.connectors._budget import Rate
from syncd.console import hooks
from syncd.model.refs import Ref
from tests.console.conftest import (
    GITHUB,
    JIRA,
    LINEAR,
    SECRET,
    TOKEN,
    UUID,
    House,
    Logs,
    issue,
    linear,
    signed,
)

HERE = f"/hooks/{GITHUB}"


async def test_what_is_signed_is_kept_and_wakes_its_connection(house: House) -> None:
    body = issue()
    answer = await house.post(HERE, body, signed(body))
    assert (answer.status_code, answer.json()) == (200, {"result": "taken"})
    (row,) = await house.inbox()
    assert (row.connection, row.delivery, row.refs) == (GITHUB, "d-1", (Ref(GITHUB, "issue", "I_1"),))
    assert house.daemon.woken == [GITHUB]


async def test_a_delivery_sent_again_counts_once(house: House) -> None:
    body = issue()
    for result in ("taken", "duplicate", "duplicate"):
        answer = await house.post(HERE, body, signed(body))
        assert (answer.status_code, answer.json()["result"]) == (200, result)
    assert len(await house.inbox()) == 1
    assert house.daemon.woken == [GITHUB]


async def test_the_same_delivery_many_times_at_once_counts_once(house: House) -> None:
    body = issue()
    answers = await asyncio.gather(*(house.post(HERE, body, signed(body)) for _ in range(20)))
    assert sorted(answer.json()["result"] for answer in answers) == ["duplicate"] * 19 + ["taken"]
    assert len(await house.inbox()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": hashlib.sha256(issue()).hexdigest()},
        {"x-hub-signature-256": "sha1=" + hashlib.sha1(issue()).hexdigest()},  # noqa: S324 - that is the attack
        {"x-hub-signature-256": "sha256=\xff"},
        {"x-hub-signature": signed(issue())["x-hub-signature-256"]},
        {"linear-signature": signed(issue())["x-hub-signature-256"].removeprefix("sha256=")},
        signed(issue(), secret="another secret of ours"),
        signed(issue(), secret=""),
        {"authorization": f"Bearer {SECRET}"},
    ],
)
async def test_what_is_forged_is_refused_and_read_by_nobody(
    house: House, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> object:
        raise AssertionError("it was read before it was proved")

    monkeypatch.setattr("syncd.connectors.github.hooks.GithubHooks.read", read)
    headers = {name: value.encode("latin-1").decode("latin-1") for name, value in headers.items()}
    answer = await house.client.post(
        HERE, content=issue(), headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    )
    assert (answer.status_code, answer.json()) == (401, {"result": "forged"})
    assert await house.inbox() == []


async def test_a_signature_sent_twice_is_none(house: House) -> None:
    body = issue()
    told = list(signed(body).items())
    answer = await house.client.post(HERE, content=body, headers=[*told, told[0]])
    assert answer.status_code == 401


async def test_a_body_changed_by_one_character_is_forged(house: House) -> None:
    answer = await house.post(HERE, issue("I_2"), signed(issue("I_1")))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/nobody",
        "/hooks/redmine-ops",  # has no webhook
        "/hooks/jira-pmo",  # has a token
        f"/hooks/{GITHUB}/{TOKEN}",  # has none
        "/hooks/jira-pmo/wrong",
        f"/hooks/jira-pmo/{TOKEN[:-1]}",
        f"/hooks/jira-pmo/{TOKEN}x",
        f"/hooks/jira-pmo/{TOKEN.upper()}",
        f"/hooks/jira-pmo/{TOKEN}/",
        f"/hooks/jira-pmo/{TOKEN}/more",
        f"/hooks/jira-pmo%00/{TOKEN}",
        f"/hooks/JIRA-PMO/{TOKEN}",
        f"/hooks//jira-pmo/{TOKEN}",
        "/hooks/github-eng/",
        "/hooks/",
        "/hooks",
        "/hooks/..%2fapi%2fstatus",
        "/nothing/here",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/api/status",
    ],
)
async def test_there_is_one_answer_for_all_that_is_not_there(house: House, path: str) -> None:
    body = issue()
    answer = await house.post(path, body, signed(body))
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    assert "location" not in answer.headers
    assert await house.inbox() == []


async def test_a_connection_of_no_portfolio_that_runs_is_not_there(house: House) -> None:
    house.daemon.deaf.add(GITHUB)
    body = issue()
    assert (await house.post(HERE, body, signed(body))).status_code == 404


async def test_names_made_up_by_whoever_knocks_make_no_labels(house: House) -> None:
    for number in range(5):
        await house.post(f"/hooks/made-up-{number}", b"{}")
    assert dict(house.receiver.counts) == {("-", "unknown"): 5}


async def test_a_secret_path_proves_what_is_not_signed(house: House) -> None:
    body = json.dumps({"webhookEvent": "jira:issue_updated", "issue": {"id": "10001", "key": "PMO-1"}}).encode()
    answer = await house.post(f"/hooks/{JIRA}/{TOKEN}", body)
    assert answer.json() == {"result": "taken"}
    (row,) = await house.inbox()
    assert row.refs == (Ref(JIRA, "issue", "10001"),)
    assert row.delivery == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert (await house.post(f"/hooks/{JIRA}/{TOKEN}", body)).json() == {"result": "duplicate"}


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24])
async def test_what_was_sent_long_ago_is_no_news_but_nothing_is_lost(house: House, minutes: int) -> None:
    body, headers = linear(house.daemon.world.now() - timedelta(minutes=minutes))
    for _ in range(3):
        answer = await house.post(f"/hooks/{LINEAR}", body, headers)
        assert (answer.status_code, answer.json()) == (401, {"result": "stale"})
    (row,) = await house.inbox()
    assert row.refs == (), "the connection is looked over once, however often it is replayed"


async def test_what_the_vendor_sends_again_after_an_hour_is_taken(house: House) -> None:
    """Linear signs the time of each attempt, under one delivery id."""
    house.daemon.failing = True
    body, headers = linear(house.daemon.world.now())
    assert (await house.post(f"/hooks/{LINEAR}", body, headers)).status_code == 503
    house.daemon.failing = False
    house.clock.pass_(3600)
    body, headers = linear(house.daemon.world.now())
    assert (await house.post(f"/hooks/{LINEAR}", body, headers)).json() == {"result": "taken"}
    house.clock.pass_(6 * 3600)
    body, headers = linear(house.daemon.world.now())
    assert (await house.post(f"/hooks/{LINEAR}", body, headers)).json() == {"result": "duplicate"}
    assert [row.refs for row in await house.inbox()] == [(Ref(LINEAR, "issue", UUID),)]


async def test_what_is_signed_and_unreadable_is_told_once_and_the_connection_is_looked_over(
    house: House, logs: Logs
) -> None:
    for body in (b"no json: \xff", b"[]", b""):
        answer = await house.post(HERE, body, signed(body))
        assert (answer.status_code, answer.json()) == (400, {"result": "unreadable"})
    (row,) = await house.inbox()
    assert (row.connection, row.refs) == (GITHUB, ())
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["webhook_unreadable"]


async def test_what_is_about_nothing_of_ours_is_not_kept(house: House) -> None:
    body = json.dumps({"sender": {"login": "ada-example"}, "zen": "Keep it logically awesome."}).encode()
    answer = await house.post(HERE, body, signed(body))
    assert (answer.status_code, answer.json()) == (200, {"result": "not_ours"})
    assert await house.inbox() == []


@pytest.mark.parametrize("delivery", ["x" * 201, "x" * 10_000, "d\xe9livery"])
async def test_an_odd_id_is_kept_by_its_hash_and_counts_once(house: House, delivery: str) -> None:
    body = issue()
    for result in ("taken", "duplicate"):
        headers = [(name.encode(), value.encode("latin-1")) for name, value in signed(body, delivery).items()]
        answer = await house.client.post(HERE, content=body, headers=headers)
        assert answer.json() == {"result": result}
    (row,) = await house.inbox()
    assert len(row.delivery) < 80
    assert row.delivery.isascii()


async def test_an_id_that_is_empty_is_none(house: House) -> None:
    for node in ("I_1", "I_2"):
        body = issue(node)
        assert (await house.post(HERE, body, signed(body, ""))).json() == {"result": "taken"}


async def test_a_store_that_fails_lets_the_vendor_send_again(house: House) -> None:
    body = issue()
    house.daemon.failing = True
    answer = await house.post(HERE, body, signed(body))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "disk" not in answer.text
    house.daemon.failing = False
    assert (await house.post(HERE, body, signed(body))).json() == {"result": "taken"}


@pytest.mark.parametrize("declared", [None, "1000001", "9" * 30])
async def test_a_large_body_is_not_read(house: House, declared: str | None) -> None:
    given = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(100):
            given += 1
            yield b"x" * 100_000

    headers = {} if declared is None else {"content-length": declared}
    answer = await house.client.post(HERE, content=parts(), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def test_a_body_as_large_as_may_be_is_read(house: House) -> None:
    body = issue(padding="x" * (hooks.MOST_BYTES - len(issue(padding=""))))
    assert len(body) == hooks.MOST_BYTES
    assert (await house.post(HERE, body, signed(body))).json() == {"result": "taken"}


async def test_a_body_that_never_ends_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "BODY_S", 0.05)

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b""
            await asyncio.sleep(0.01)

    answer = await house.receiver.take(GITHUB, None, {}, parts())
    assert (answer.status, answer.result) == (408, "too_slow")


async def test_who_goes_away_leaves_nothing(house: House) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield issue()[:10]
        raise ConnectionError

    answer = await house.receiver.take(GITHUB, None, signed(issue()), parts())
    assert answer.result == "gone"
    assert await house.inbox() == []


async def test_only_so_many_are_read_at_once(house: House) -> None:
    async def parts() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    held = [asyncio.create_task(house.receiver.take(GITHUB, None, {}, parts())) for _ in range(hooks.MOST_AT_ONCE)]
    await asyncio.sleep(0)
    body = issue()
    answer = await house.post(HERE, body, signed(body))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    for each in held:
        each.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    assert (await house.post(HERE, body, signed(body))).json() == {"result": "taken"}


async def test_a_flood_of_forgeries_costs_little_and_shuts_nobody_out(house: House) -> None:
    large = b"x" * 200_000
    results = [(await house.post(HERE, large, signed(b""))).json()["result"] for _ in range(130)]
    assert results.count("forged") <= 110
    assert results[-1] == "flood"
    body = issue()
    assert (await house.post(HERE, body, signed(body))).json() == {"result": "taken"}
    body, headers = linear(house.daemon.world.now())
    assert (await house.post(f"/hooks/{LINEAR}", body, headers)).json() == {"result": "taken"}
    house.clock.pass_(60)
    assert (await house.post(HERE, large, signed(b""))).json() == {"result": "forged"}


async def test_a_tool_that_runs_wild_is_asked_to_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "GENUINE", Rate(per_s=1, burst=5))
    answers = []
    for number in range(8):
        body = issue(f"I_{number}")
        answers.append(await house.post(HERE, body, signed(body, f"d-{number}")))
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert answers[-1].headers["retry-after"] == "10"


async def test_a_forgery_is_complained_about_once_and_neither_secret_nor_token_is_told(
    house: House, logs: Logs
) -> None:
    for _ in range(5):
        await house.post(HERE, issue(), {"x-hub-signature-256": "sha256=canary-signature"})
        await house.post(f"/hooks/{JIRA}/{TOKEN}x", issue())
        await house.post(f"/hooks/{JIRA}/{TOKEN}", issue())
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "webhook_forged",
        "webhook_unreadable",
    ]
    assert not [line for line in logs if TOKEN in repr(line) or SECRET in repr(line) or "canary" in repr(line)]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"])
async def test_only_post_brings_anything(house: House, method: str) -> None:
    for path in (HERE, "/hooks/nobody", f"/hooks/{JIRA}/{TOKEN}"):
        answer = await house.client.request(method, path)
        assert answer.status_code == 405


async def test_every_answer_carries_the_headers_of_safety(house: House) -> None:
    body = issue()
    for answer in (await house.post(HERE, body, signed(body)), await house.client.get("/nothing")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


async def test_a_fault_tells_nothing_of_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:  # noqa: ANN401
        raise RuntimeError("insides")

    monkeypatch.setattr(house.receiver, "take", fails)
    answer = await house.post(HERE, b"{}")
    assert answer.status_code == 500
    assert "insides" not in answer.text
