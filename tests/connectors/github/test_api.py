"""Limits, credentials and errors: every way GitHub says no, told apart; nothing asked inside a wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import ValidationError

from syncd.connectors._budget import Budget
from syncd.connectors._graphql import Envelope
from syncd.connectors.github import limits
from syncd.connectors.github.api import Answer, Api, error_of
from syncd.connectors.github.payloads import GraphqlProblem, IdNode
from syncd.connectors.github.run import outcome_of
from syncd.connectors.github.settings import GithubOptions, GithubSettings
from syncd.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RemoteChangedError,
    RemoteError,
    UnavailableError,
)
from tests.connectors.github.rig import NAME, Rig
from tests.connectors.virtual import Clock, make_world

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IN_A_MINUTE = str(int((NOW + timedelta(seconds=90)).timestamp()))


def answer(status: int, body: object, **headers: str) -> httpx.Response:
    request = httpx.Request("POST", "https://api.github.com/graphql")
    return httpx.Response(status, json=body, headers=headers, request=request)


@pytest.mark.parametrize(
    ("status", "body", "headers", "wait_s"),
    [
        (429, {}, {"retry-after": "7"}, 7.0),
        (403, {}, {"retry-after": "7"}, 7.0),
        (403, {}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_A_MINUTE}, 90.0),
        (403, {"message": "You have exceeded a secondary rate limit."}, {}, 60.0),
        (429, {}, {}, 60.0),
        (200, {"errors": [{"type": "RATE_LIMITED", "message": "x"}]}, {}, 60.0),
        (
            200,
            {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "x"}]},
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_A_MINUTE},
            90.0,
        ),
        (403, {"message": "Resource not accessible by integration"}, {"x-ratelimit-remaining": "4999"}, None),
        (200, {"data": {"m0": {"issue": None}}, "errors": [{"type": "RATE_LIMITED", "message": "x"}]}, {}, None),
        (200, {"data": {}, "errors": [{"type": "NOT_FOUND", "message": "x"}]}, {}, None),
        (500, {}, {"retry-after": "7"}, None),
    ],
)
def test_every_way_of_saying_too_fast_is_understood(
    status: int, body: object, headers: dict[str, str], wait_s: float | None
) -> None:
    error = limits.judge_limits(answer(status, body, **headers), where="x", now=NOW)
    assert (error.wait_s if error else None) == wait_s


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ({"type": "NOT_FOUND"}, NotFoundError),
        ({"type": "FORBIDDEN"}, ForbiddenError),
        ({"type": "INSUFFICIENT_SCOPES"}, AuthError),
        ({"type": "RATE_LIMITED"}, RateLimitedError),
        ({"type": "UNPROCESSABLE"}, RejectedError),
        ({"type": "SOMETHING_NEW"}, RejectedError),
        ({"type": "STALE_DATA"}, RemoteChangedError),
        ({"extensions": {"code": "undefinedField"}}, RejectedError),
        ({"message": "Something went wrong while executing your query."}, OutcomeUnknownError),
    ],
)
def test_graphql_errors_are_told_apart_by_type(problem: dict[str, object], kind: type[RemoteError]) -> None:
    error = error_of(GraphqlProblem.model_validate(problem), where="x", is_write=True)
    assert type(error) is kind
    assert error.fix


def canned(*answers: httpx.Response) -> tuple[Api, Clock, list[httpx.Request]]:
    """Return an API whose answers are these, one after the other."""
    clock, asked, left = Clock(), [], list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return left.pop(0)

    settings = GithubSettings.model_validate({"auth": {"token": "x"}, "scope": {"owner": "acme", "project": 7}})
    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return Api(name=NAME, settings=settings, client=client, world=make_world(clock)), clock, asked


BROKEN = {"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}


async def test_a_question_github_fails_on_with_200_is_asked_again_and_then_given_up() -> None:
    api, clock, asked = canned(answer(200, BROKEN), answer(200, {"data": {"viewer": {"login": "x"}}}))
    found = await api.query("query { viewer { login } }", {}, where="x")
    assert found.data == {"viewer": {"login": "x"}}
    assert (len(asked), len(clock.slept)) == (2, 1)

    api, _, asked = canned(*[answer(200, BROKEN)] * 3)
    with pytest.raises(UnavailableError):
        await api.query("query { viewer { login } }", {}, where="x")
    assert len(asked) == 3


async def test_a_change_github_fails_on_with_200_is_sent_once() -> None:
    api, _, asked = canned(answer(200, BROKEN))
    found = await api.mutate("mutation { m0 }", {}, count=1, where="x")
    assert isinstance(outcome_of(found, 0, where="x"), OutcomeUnknownError)
    assert len(asked) == 1


async def test_a_change_refused_for_speed_is_sent_again_after_the_wait_because_nothing_was_done() -> None:
    limited = answer(200, {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "x"}]})
    api, clock, asked = canned(limited, answer(200, {"data": {"m0": {}}}))
    found = await api.mutate("mutation { m0 }", {}, count=1, where="x")
    assert outcome_of(found, 0, where="x") is None
    assert (len(asked), sum(clock.slept) >= 60) == (2, True)


async def test_what_is_no_graphql_is_unavailable_for_reads_and_unknown_for_writes() -> None:
    api, _, _ = canned(answer(200, ["odd"]))
    with pytest.raises(UnavailableError):
        await api.query("query { x }", {}, where="x")
    api, _, _ = canned(answer(200, ["odd"]))
    with pytest.raises(OutcomeUnknownError):
        await api.mutate("mutation { m0 }", {}, count=1, where="x")


async def test_a_list_that_never_ends_is_stopped() -> None:
    page = {"data": {"node": {"list": {"pageInfo": {"hasNextPage": True, "endCursor": "same"}, "nodes": []}}}}
    api, _, asked = canned(*[answer(200, page)] * 5)
    with pytest.raises(RejectedError, match="never ends"):
        async for _ in api.pages("query { x }", {}, path=("node", "list"), node=IdNode, where="x"):
            pass
    assert len(asked) == 2


async def test_the_credential_goes_with_every_request_and_into_no_error() -> None:
    api, _, asked = canned(answer(401, {"message": "Bad credentials x"}))
    with pytest.raises(AuthError) as caught:
        await api.query("query { x }", {}, where="x")
    assert asked[0].headers["authorization"] == "Bearer x"
    assert asked[0].headers["x-github-api-version"] == "2022-11-28"
    assert caught.value.fix


async def test_a_wrong_project_or_repository_is_named_with_the_fix(rig: Rig) -> None:
    scope = {"owner": "acme", "project": 99, "repositories": ["api"]}
    with pytest.raises(NotFoundError) as caught:
        await rig.connect(scope=scope).check()
    assert str(caught.value) == (
        "github-eng scope.project: acme has no project number 99 that this account may see\n"
        "  fix: compare with the project's address, and give the token the scope `project` (an App: Projects, write)"
    )
    with pytest.raises(NotFoundError, match="nobody has no project"):
        await rig.connect(scope=scope | {"owner": "nobody"}).check()
    with pytest.raises(NotFoundError) as caught:
        await rig.connect(scope=scope | {"project": 7, "repositories": ["apii"]}).check()
    assert str(caught.value) == (
        "github-eng scope.repositories acme/apii: there is no repository acme/apii that this account may see\n"
        "  fix: check its spelling, and give the token access to it"
    )


async def test_a_token_without_the_scopes_is_named_before_anything_is_missed(rig: Rig) -> None:
    token = rig.hub.gate.grant(rig.hub.bot, frozenset({"read:project", "read:org"}))
    with pytest.raises(AuthError) as caught:
        await rig.connect(auth={"token": token}).check()
    assert str(caught.value) == (
        "github-eng auth.token: the token lacks the scope public_repo or repo\n"
        "  fix: add `project` (or `read:project` to observe only) and `repo` to the token on GitHub"
    )
    blind = rig.hub.gate.grant(rig.hub.bot, frozenset({"repo"}))
    with pytest.raises(AuthError, match="repo` and `project`"):
        await rig.connect(auth={"token": blind}).check()


async def test_an_app_signs_in_and_renews_its_token_before_its_end(rig: Rig) -> None:
    rig.connector = rig.connect(auth=rig.hub.app_credentials())
    await rig.connector.check()
    assert rig.asked.count("POST /app/installations/815/access_tokens") == 1
    await rig.connector.check()
    assert rig.asked.count("POST /app/installations/815/access_tokens") == 0
    await rig.clock.sleep(56 * 60)
    await rig.connector.check()
    assert rig.asked.count("POST /app/installations/815/access_tokens") == 1


async def test_a_wrong_key_or_installation_of_an_app_is_an_auth_error_without_the_key(rig: Rig) -> None:
    good = rig.hub.app_credentials()
    with pytest.raises(AuthError) as caught:
        await rig.connect(auth=good | {"private_key": "-----BEGIN nonsense"}).check()
    assert "nonsense" not in str(caught.value)
    assert "auth.private_key" in str(caught.value)
    with pytest.raises(AuthError):
        await rig.connect(auth=good | {"app_id": 1}).check()
    with pytest.raises(AuthError, match="no such installation"):
        await rig.connect(auth=good | {"installation_id": 1}).check()


async def test_nothing_is_asked_inside_a_wait(rig: Rig) -> None:
    rig.fault("github:429:wait=30:count=1")
    before = rig.clock.now()
    await rig.connector.check()
    assert rig.clock.now() - before >= timedelta(seconds=30)


async def test_once_our_share_of_the_hour_is_used_the_rest_is_left_to_people() -> None:
    clock = Clock()
    budget = Budget(name=NAME, world=make_world(clock), share=0.5)
    reset = str(int((clock.now() + timedelta(minutes=30)).timestamp()))
    headers = {"x-ratelimit-resource": "graphql", "x-ratelimit-limit": "5000", "x-ratelimit-reset": reset}
    limits.note_limits(answer(200, {}, **headers, **{"x-ratelimit-remaining": "2600"}), budget)
    assert budget.wait_s(limits.GRAPHQL) == 0
    limits.note_limits(answer(200, {}, **headers, **{"x-ratelimit-remaining": "2500"}), budget)
    assert budget.wait_s(limits.GRAPHQL) > 1700
    with pytest.raises(RateLimitedError):
        await budget.take(limits.GRAPHQL)


@pytest.mark.parametrize(("bucket", "limit", "window_s"), [("creates_minute", 80, 60), ("creates_hour", 500, 3600)])
def test_no_window_ever_holds_more_creates_than_github_allows(bucket: str, limit: int, window_s: int) -> None:
    rate = limits.make_rates(GithubOptions())[bucket]
    assert rate.burst + rate.per_s * window_s == pytest.approx(limit)


@pytest.mark.parametrize("share", [0.25, 1.0])
async def test_writes_keep_their_distance_whatever_our_share(share: float) -> None:
    rig = Rig(options={"share": share, "mutation_interval_s": 1.0})
    clock = Clock()
    budget = Budget(
        name=NAME, world=make_world(clock), rates=limits.make_rates(GithubOptions(share=share)), share=share
    )
    for _ in range(5):
        await budget.take(limits.PACE)
    assert 4.0 <= sum(clock.slept) < 4.5
    await rig.client.aclose()


@pytest.mark.parametrize(
    ("url", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.github.com/", "https://api.github.com/graphql"),
        ("https://git.example/api/v3", "https://git.example/api/graphql"),
        ("http://127.0.0.1:8000/github", "http://127.0.0.1:8000/github/graphql"),
    ],
)
def test_graphql_is_found_beside_rest(url: str, graphql: str) -> None:
    settings = GithubSettings.model_validate(
        {"url": url, "auth": {"token": "x"}, "scope": {"owner": "acme", "project": 7}}
    )
    assert settings.graphql_url == graphql


@pytest.mark.parametrize(
    "wrong",
    [
        {"auth": {}},
        {"auth": {"app_id": 1}},
        {"auth": {"token": "x", "app_id": 1, "installation_id": 1, "private_key": "y"}},
        {"scope": {"owner": "acme", "project": 0}},
        {"scope": {"owner": "acme", "project": 7, "repositories": ["a b"]}},
        {"scope": {"owner": "acme", "project": 7, "repos": []}},
        {"url": "api.github.com"},
        {"options": {"share": 0}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"auth": {"token": "x"}, "scope": {"owner": "acme", "project": 7}}
    GithubSettings.model_validate(good)
    with pytest.raises(ValidationError):
        GithubSettings.model_validate(good | wrong)


async def test_reading_fails_for_now_when_github_does(rig: Rig) -> None:
    ref = rig.ref(rig.hub.add_issue("api", "One"))
    rig.fault("github:502")
    with pytest.raises(UnavailableError):
        await rig.connector.read_many([ref])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"data": {"m0": {"issue": None}}}, None),
        ({"data": {"m0": None, "m1": {}}, "errors": [{"type": "NOT_FOUND", "path": ["m0"]}]}, NotFoundError),
        ({"data": {"m0": None}, "errors": [{"type": "NOT_FOUND", "path": ["m1"]}]}, OutcomeUnknownError),
        (
            {"errors": [{"path": ["mutation write"], "extensions": {"code": "argumentLiteralsIncompatible"}}]},
            RejectedError,
        ),
        ({"data": None, "errors": [{"message": "Something went wrong"}]}, OutcomeUnknownError),
        ({"data": {}}, OutcomeUnknownError),
    ],
)
def test_the_outcome_of_each_mutation_is_told_apart(body: dict[str, object], kind: type[RemoteError] | None) -> None:
    envelope = Envelope[GraphqlProblem].model_validate(body)
    found = outcome_of(Answer(data=envelope.data or {}, errors=envelope.errors, at=NOW), 0, where="x")
    assert (type(found) if found else None) is kind
