from __future__ import annotations

import asyncio
import gc
import json
import ssl
import weakref
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from syncd.connectors._budget import ALL, Bucket, Budget, Rate, parse_retry_after
from syncd.connectors._fresh import sent_by
from syncd.connectors._http import MAX_ATTEMPTS, Classify, Http, make_client
from syncd.connectors._json import sound
from syncd.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    ReadTooOldError,
    RejectedError,
    RemoteChangedError,
    RemoteError,
    UnavailableError,
)
from syncd.model.refs import ConnectionName
from tests.connectors.virtual import START, Clock, make_world

NAME = ConnectionName("jira-pmo")
TOKEN = "t0ken-of-the-bot"


@dataclass
class Remote:
    """A remote that gives the listed answers, then its last one for ever."""

    answers: list[httpx.Response | Exception]
    clock: Clock = field(default_factory=Clock)
    asked: list[httpx.Request] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    classify: Classify | None = None
    rates: dict[str, Rate] = field(default_factory=dict)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.asked_at.append(self.clock.at_s)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def http(self) -> Http:
        world = make_world(self.clock, lambda: httpx.MockTransport(self.handle))
        budget = Budget(name=NAME, world=world, rates=self.rates, share=1.0)
        return Http(
            name=NAME,
            client=make_client(world),
            world=world,
            budget=budget,
            classify=self.classify,
            base_url="https://acme.example/",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )


OK = httpx.Response(200, json={"ok": True})

TABLE: list[tuple[int, type[RemoteError], type[RemoteError]]] = [
    (400, RejectedError, RejectedError),
    (401, AuthError, AuthError),
    (403, ForbiddenError, ForbiddenError),
    (404, NotFoundError, NotFoundError),
    (408, UnavailableError, OutcomeUnknownError),
    (409, RemoteChangedError, RemoteChangedError),
    (410, NotFoundError, NotFoundError),
    (412, RemoteChangedError, RemoteChangedError),
    (422, RejectedError, RejectedError),
    (423, UnavailableError, OutcomeUnknownError),
    (429, RateLimitedError, RateLimitedError),
    (500, UnavailableError, OutcomeUnknownError),
    (503, UnavailableError, OutcomeUnknownError),
]


@pytest.mark.parametrize(("status", "of_read", "of_write"), TABLE)
async def test_every_status_has_one_meaning_for_reads_and_one_for_writes(
    status: int, of_read: type[RemoteError], of_write: type[RemoteError]
) -> None:
    for is_write, expected in ((False, of_read), (True, of_write)):
        http = Remote([httpx.Response(status, json={})]).http()
        with pytest.raises(expected) as caught:
            await (http.write if is_write else http.read)("POST", "/x")
        assert type(caught.value) is expected
        assert str(caught.value).startswith("jira-pmo: ")
        assert caught.value.fix


async def test_a_read_is_repeated_until_it_succeeds() -> None:
    remote = Remote([httpx.Response(500), httpx.ReadTimeout("slow"), httpx.ConnectError("refused"), OK])

    response = await remote.http().read("GET", "/x")

    assert response.status_code == 200
    assert len(remote.asked) == 4
    assert remote.clock.slept == sorted(remote.clock.slept), "the waits grow"


async def test_a_read_gives_up_after_a_bounded_number_of_attempts() -> None:
    remote = Remote([httpx.Response(502)])
    with pytest.raises(UnavailableError):
        await remote.http().read("GET", "/x")
    assert len(remote.asked) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(500),
        httpx.Response(503, headers={"Retry-After": "3"}),
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.RemoteProtocolError("server disconnected"),
        httpx.ReadError("reset"),
        httpx.Response(200, html="<p>hello</p>"),
    ],
)
async def test_a_write_of_unknown_outcome_is_never_sent_again(failure: httpx.Response | Exception) -> None:
    remote = Remote([failure, OK])
    with pytest.raises(OutcomeUnknownError):
        await remote.http().write("POST", "/x", json={})
    assert len(remote.asked) == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        httpx.Response(429, headers={"Retry-After": "7"}),
    ],
)
async def test_a_write_that_surely_was_not_carried_out_is_sent_again(failure: httpx.Response | Exception) -> None:
    remote = Remote([failure, OK])
    assert (await remote.http().write("POST", "/x", json={})).status_code == 200
    assert len(remote.asked) == 2


async def test_a_write_that_had_to_wait_past_its_time_does_not_leave_and_a_read_does() -> None:
    remote = Remote([httpx.Response(429, headers={"Retry-After": "7"}), OK])
    http = remote.http()
    with sent_by(remote.clock.at_s + 5), pytest.raises(ReadTooOldError):
        await http.write("PUT", "/x", json={})
    assert len(remote.asked) == 1
    with sent_by(remote.clock.at_s - 1):
        await http.read("GET", "/x")
    await http.write("PUT", "/x", json={})
    assert len(remote.asked) == 3


@pytest.mark.parametrize("hint", ["40", "Sun, 01 Mar 2026 12:00:40 GMT"])
async def test_the_remotes_own_hint_wins_and_nothing_is_sent_within_it(hint: str) -> None:
    remote = Remote([httpx.Response(429, headers={"Retry-After": hint}), OK])
    await remote.http().read("GET", "/x")
    assert 40.0 < remote.asked_at[1] - remote.asked_at[0] < 41.0


async def test_a_wait_window_holds_for_every_bucket_of_the_connection() -> None:
    remote = Remote([httpx.Response(503, headers={"Retry-After": "60"}), OK])
    http = remote.http()
    with pytest.raises(OutcomeUnknownError):
        await http.write("POST", "/x", bucket="a")
    await http.read("GET", "/y", bucket="b")
    assert remote.asked_at[1] - remote.asked_at[0] > 60.0


async def test_a_wait_beyond_the_bound_is_handed_to_the_caller() -> None:
    remote = Remote([httpx.Response(429, headers={"Retry-After": "1800"})])
    http = remote.http()
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            await http.read("GET", "/x")
        assert caught.value.wait_s == pytest.approx(1800.0, abs=1.0)
    assert len(remote.asked) == 1, "the second call did not even ask"
    assert sum(remote.clock.slept) == 0.0


async def test_the_connectors_own_judgement_comes_first() -> None:
    def classify(response: httpx.Response) -> RemoteError | None:
        return RateLimitedError("secondary limit", wait_s=60.0) if response.status_code == 403 else None

    remote = Remote([httpx.Response(403), OK], classify=classify)
    await remote.http().read("GET", "/x")
    assert remote.asked_at[1] - remote.asked_at[0] > 60.0


async def test_an_accepted_status_is_the_callers_to_judge() -> None:
    response = await Remote([httpx.Response(400, json={})]).http().write("POST", "/x", accept=frozenset({400}))
    assert response.status_code == 400


async def test_an_accepted_status_is_first_for_the_connectors_own_judgement() -> None:
    limited = RateLimitedError("the tool says so in a 400", wait_s=9.0)
    remote = Remote(
        [httpx.Response(400, json={"code": "LIMITED"}), httpx.Response(400, json={})],
        classify=lambda response: limited if b"LIMITED" in response.content else None,
    )
    response = await remote.http().read("GET", "/x", accept=frozenset({400}))
    assert response.status_code == 400
    assert len(remote.asked) == 2
    assert remote.asked_at[1] - remote.asked_at[0] >= 9.0


async def test_the_remotes_words_are_quoted_within_bounds_and_without_secrets() -> None:
    words = f"bad token {TOKEN} of ada@example.com " + "x" * 5000
    remote = Remote([httpx.Response(400, json={"errorMessages": [words], "errors": {"summary": "too long"}})])
    with pytest.raises(RejectedError) as caught:
        await remote.http().read("GET", "/x", where="jira-pmo:issue:10001")
    message = str(caught.value)
    assert message.startswith(
        'jira-pmo:issue:10001: the tool refused the request (400): "bad token *** of <e-mail> xxx'
    )
    assert TOKEN not in message
    assert len(message) < 450


async def test_a_web_page_means_a_wrong_url_and_is_not_a_missing_item() -> None:
    for status in (200, 404):
        remote = Remote([httpx.Response(status, html="<html>Welcome</html>")])
        with pytest.raises(UnavailableError) as caught:
            await remote.http().read("GET", "/x")
        assert "web page" in caught.value.what
        assert "url" in (caught.value.fix or "")
        assert len(remote.asked) == 1, "asking again cannot help"


async def test_what_every_such_tool_has_is_missing_only_at_a_wrong_url() -> None:
    remote = Remote([httpx.Response(404, json={"message": "Not Found"})])
    with pytest.raises(UnavailableError) as caught:
        await remote.http().read("GET", "/api/me", is_landmark=True)
    assert caught.value.what == "acme.example answers, but /api/me is not there: this is not the tool's address"
    assert len(remote.asked) == 1, "asking again cannot help"


def test_half_a_character_spoils_nothing_else() -> None:
    text = r'{"a": "\ud83d\ude80 \ud83d! \ude80 \uD83D", "b": "C:\\ud83d", "c": "\ud83d\ud83d\ude80"}'
    assert json.loads(sound(text.encode())) == {
        "a": "\N{ROCKET} \ufffd! \ufffd \ufffd",
        "b": "C:\\ud83d",
        "c": "\ufffd\N{ROCKET}",
    }


async def test_network_failures_say_which_and_how_to_fix_it() -> None:
    tls = httpx.ConnectError("tls")
    tls.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused = httpx.ConnectError("All connection attempts failed")
    refused.__cause__ = ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 443)")
    cases: list[tuple[Exception, str]] = [
        (refused, "acme.example refused the connection"),
        (tls, "no trusted TLS connection to acme.example"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), "there is no host called acme.example"),
        (httpx.ConnectError("[Errno 111] Connection refused"), "acme.example refused the connection"),
        (httpx.ReadTimeout("slow"), "acme.example did not answer in time"),
    ]
    for failure, words in cases:
        with pytest.raises(UnavailableError) as caught:
            await Remote([failure]).http().read("GET", "/x")
        assert words in caught.value.what
        assert caught.value.fix


async def test_a_moved_item_is_followed_on_the_same_host_only() -> None:
    remote = Remote([httpx.Response(301, headers={"Location": "https://acme.example/y"}), OK])
    response = await remote.http().read("GET", "/x", params={"a": "1"})
    assert str(response.request.url) == "https://acme.example/y"

    elsewhere = Remote([httpx.Response(301, headers={"Location": "https://evil.example/y"}), OK])
    with pytest.raises(UnavailableError, match=r"evil\.example"):
        await elsewhere.http().read("GET", "/x")
    assert len(elsewhere.asked) == 1


async def test_redirects_in_a_circle_and_redirected_writes_are_errors() -> None:
    circle = Remote([httpx.Response(302, headers={"Location": "https://acme.example/x"})])
    with pytest.raises(UnavailableError):
        await circle.http().read("GET", "/x")
    write = Remote([httpx.Response(301, headers={"Location": "https://acme.example/y"}), OK])
    with pytest.raises(UnavailableError):
        await write.http().write("POST", "/x")
    assert len(write.asked) == 1


async def test_requests_are_paced_to_our_share_of_the_rate() -> None:
    remote = Remote([OK], rates={"default": Rate(per_s=2.0, burst=2.0)})
    http = remote.http()
    for _ in range(6):
        await http.read("GET", "/x")
    took_s = remote.asked_at[-1] - remote.asked_at[0]
    assert 2.0 <= took_s < 2.1, "two at once, then two a second"


def budget(clock: Clock, share: float = 0.5) -> Budget:
    return Budget(name=NAME, world=make_world(clock), rates={"a": Rate(per_s=10.0, burst=10.0)}, share=share)


def test_the_share_left_to_people_is_not_used() -> None:
    ours = budget(Clock())
    assert ours.rate("a") == Rate(per_s=5.0, burst=5.0)
    ours.note("a", remaining=501, limit=1000, reset_at=START + timedelta(seconds=90))
    assert ours.wait_s("a") == 0.0
    ours.note("a", remaining=500, limit=1000, reset_at=START + timedelta(seconds=90))
    assert ours.wait_s("a") == pytest.approx(90.0)
    assert ours.wait_s("b") == 0.0


def test_a_rate_learnt_replaces_what_was_assumed_and_what_was_spent_stays_spent() -> None:
    clock = Clock()
    budget = Budget(name=NAME, world=make_world(clock), rates={"x": Rate(per_s=1.0, burst=10.0)}, share=0.5)
    assert budget.wait_s("x", 5.0) == 0.0
    asyncio.run(budget.take("x", 5.0))
    assert budget.wait_s("x", 1.0) > 0.0
    budget.learn("x", Rate(per_s=10.0, burst=100.0))
    assert budget.rate("x") == Rate(per_s=5.0, burst=50.0)
    assert budget.wait_s("x", 45.0) == 0.0
    assert budget.wait_s("x", 46.0) == pytest.approx(0.2)
    clock.at_s += 1.0
    budget.learn("x", Rate(per_s=10.0, burst=100.0))
    assert budget.wait_s("x", 50.0) == 0.0


def test_a_shorter_block_never_shortens_a_longer_one() -> None:
    ours = budget(Clock())
    for seconds in (60, 10, -5):
        ours.block_until(ALL, START + timedelta(seconds=seconds))
    assert ours.wait_s("anything") == pytest.approx(60.0)


def test_takers_queue_up_and_debt_is_paid_in_order() -> None:
    rate = Rate(per_s=2.0, burst=4.0)
    bucket = Bucket(rate=rate, level=4.0, at=0.0)
    waits = []
    for _ in range(8):
        waits.append(bucket.wait_s(1.0, now=0.0))
        bucket = bucket.taken(1.0, now=0.0)
    assert waits == [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0]
    assert bucket.refilled(100.0).level == 4.0


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("1.5", 1.5),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_both_forms(text: str, wait_s: float) -> None:
    assert parse_retry_after(text, START) == wait_s


@pytest.mark.parametrize("text", ["", "soon", "-5", "1,5"])
def test_a_broken_retry_after_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the class is the promise
        parse_retry_after(text, START)


async def test_an_answer_is_gone_as_soon_as_nobody_uses_it() -> None:
    """Rings are looked for seldom: with its body in one, hundreds of pages stayed in memory."""
    http = Remote([OK]).http()
    gc.disable()
    try:
        answer = await http.read("GET", "/x", where="jira-pmo")
        left = weakref.ref(answer)
        del answer
        assert left() is None
    finally:
        gc.enable()
