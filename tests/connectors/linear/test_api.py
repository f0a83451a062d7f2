"""Limits, credentials and errors: every way Linear says no, told apart; nothing asked inside a wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import ValidationError

from syncd.connectors._budget import Budget
from syncd.connectors.linear import limits
from syncd.connectors.linear.api import Api, error_of
from syncd.connectors.linear.payloads import GraphqlProblem, IdNode
from syncd.connectors.linear.settings import LinearOptions, LinearSettings
from syncd.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RemoteError,
    UnavailableError,
)
from tests.connectors.linear.rig import NAME, Rig
from tests.connectors.virtual import Clock, make_world

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IN_90_S = str(int((NOW + timedelta(seconds=90)).timestamp() * 1000))
LIMITED = {"errors": [{"message": "x", "extensions": {"code": "RATELIMITED"}}]}


def answer(status: int, body: object, **headers: str) -> httpx.Response:
    request = httpx.Request("POST", "https://api.linear.app/graphql")
    return httpx.Response(status, json=body, headers=headers, request=request)


@pytest.mark.parametrize(
    ("status", "body", "headers", "wait_s"),
    [
        (400, LIMITED, {"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": IN_90_S}, 90.0),
        (200, LIMITED, {"x-ratelimit-complexity-remaining": "0", "x-ratelimit-complexity-reset": IN_90_S}, 90.0),
        (200, LIMITED | {"data": None}, {"retry-after": "7"}, 7.0),
        (400, LIMITED, {}, 60.0),
        (429, {}, {}, 60.0),
        (400, LIMITED, {"x-ratelimit-requests-remaining": "5", "x-ratelimit-requests-reset": IN_90_S}, 60.0),
        (400, {"errors": [{"message": "x", "extensions": {"code": "INPUT_ERROR"}}]}, {}, None),
        (200, {"data": {"issue": {"id": "x"}}, **LIMITED}, {}, None),
        (200, {"data": {}}, {}, None),
        (500, LIMITED, {}, None),
    ],
)
def test_every_way_of_saying_too_fast_is_understood(
    status: int, body: object, headers: dict[str, str], wait_s: float | None
) -> None:
    error = limits.judge_limits(answer(status, body, **headers), where="x", now=NOW)
    assert (error.wait_s if error else None) == wait_s


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("INPUT_ERROR", "Entity not found: Issue", NotFoundError),
        ("INPUT_ERROR", "Argument Validation Error", RejectedError),
        ("FORBIDDEN", "You do not have access", ForbiddenError),
        ("FEATURE_NOT_ACCESSIBLE", "x", ForbiddenError),
        ("AUTHENTICATION_ERROR", "x", AuthError),
        ("RATELIMITED", "x", RateLimitedError),
        ("GRAPHQL_VALIDATION_FAILED", "x", RejectedError),
        ("SOMETHING_NEW", "x", RejectedError),
        ("INTERNAL_SERVER_ERROR", "x", OutcomeUnknownError),
        ("LOCK_TIMEOUT", "x", OutcomeUnknownError),
        ("", "x", OutcomeUnknownError),
    ],
)
def test_errors_are_told_apart_by_code(code: str, message: str, kind: type[RemoteError]) -> None:
    problem = GraphqlProblem.model_validate({"message": message, "extensions": {"code": code}})
    error = error_of(problem, where="x", is_write=True)
    assert type(error) is kind
    assert error.fix


def test_the_sentence_for_people_is_the_one_repeated() -> None:
    problem = GraphqlProblem.model_validate(
        {"message": "Argument Validation Error", "extensions": {"code": "INPUT_ERROR", "userPresentableMessage": "No."}}
    )
    assert error_of(problem, where="x", is_write=False).what == 'Linear says "No."'


def canned(*answers: httpx.Response) -> tuple[Api, Clock, list[httpx.Request]]:
    """Return an API whose answers are these, one after the other."""
    clock, asked, left = Clock(), [], list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return left.pop(0)

    settings = LinearSettings.model_validate({"auth": {"api_key": "lin_api_x"}, "scope": {"teams": ["ENG"]}})
    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return Api(name=NAME, settings=settings, client=client, world=make_world(clock)), clock, asked


BROKEN = {"data": None, "errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
SUCCESS = {"data": {"issueArchive": {"success": True}}}


async def archive(api: Api) -> None:
    await api.change("issueArchive", {"id": "x"}, where="x")


async def test_a_question_linear_fails_on_with_200_is_asked_again_and_then_given_up() -> None:
    api, clock, asked = canned(answer(200, BROKEN), answer(200, {"data": {"viewer": {"id": "x"}}}))
    found = await api.ask("query { viewer { id } }", {}, where="x", points=1)
    assert found.data == {"viewer": {"id": "x"}}
    assert (len(asked), len(clock.slept)) == (2, 1)
    api, _, asked = canned(*[answer(200, BROKEN)] * 3)
    with pytest.raises(UnavailableError):
        await api.ask("query { viewer { id } }", {}, where="x", points=1)
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, BROKEN, OutcomeUnknownError),
        (200, ["odd"], OutcomeUnknownError),
        (200, {"data": {}}, OutcomeUnknownError),
        (200, {"data": {"issueArchive": {"success": False}}}, RejectedError),
        (400, {"errors": [{"message": "x", "extensions": {"code": "INPUT_ERROR"}}]}, RejectedError),
        (400, {}, RejectedError),
        (502, {}, OutcomeUnknownError),
    ],
)
async def test_a_change_is_sent_once_and_told_apart(status: int, body: object, kind: type[RemoteError]) -> None:
    api, _, asked = canned(answer(status, body))
    with pytest.raises(kind):
        await archive(api)
    assert len(asked) == 1


@pytest.mark.parametrize("status", [200, 400, 429])
async def test_a_change_refused_for_speed_is_sent_again_after_the_wait_because_nothing_was_done(status: int) -> None:
    api, clock, asked = canned(answer(status, LIMITED), answer(200, SUCCESS))
    await archive(api)
    assert (len(asked), sum(clock.slept) >= 60) == (2, True)


async def test_a_list_that_never_ends_is_stopped() -> None:
    page = {"data": {"edges": {"pageInfo": {"hasNextPage": True, "endCursor": "same"}, "nodes": []}}}
    api, _, asked = canned(*[answer(200, page)] * 5)
    with pytest.raises(RejectedError, match="never ends"):
        async for _ in api.pages("query { x }", {}, path=["edges"], node=IdNode, where="x", node_points=1, size=9):
            pass
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("auth", "header"),
    [({"api_key": "lin_api_x"}, "lin_api_x"), ({"bearer": "lin_oauth_x"}, "Bearer lin_oauth_x")],
)
def test_a_key_goes_bare_and_a_token_as_a_bearer(auth: dict[str, str], header: str) -> None:
    assert LinearSettings.model_validate({"auth": auth, "scope": {"teams": ["ENG"]}}).auth.header == header


async def test_the_credential_goes_with_every_request_and_into_no_error() -> None:
    api, _, asked = canned(answer(401, {"errors": [{"message": "bad key lin_api_x"}]}))
    with pytest.raises(AuthError) as caught:
        await api.ask("query { x }", {}, where="x", points=1)
    assert asked[0].headers["authorization"] == "lin_api_x"
    assert "lin_api_x" not in str(caught.value)
    assert caught.value.fix


async def test_a_token_of_an_app_works_and_a_key_sent_as_a_token_is_told(rig: Rig) -> None:
    await rig.connect(auth={"bearer": rig.tool.app_token()}).check()
    with pytest.raises(AuthError):
        await rig.connect(auth={"bearer": rig.tool.token}).check()


async def test_a_missing_team_is_named_with_the_fix(rig: Rig) -> None:
    with pytest.raises(NotFoundError) as caught:
        await rig.connect(scope={"teams": ["API", "NOPE"]}).check()
    assert str(caught.value) == (
        "linear-road scope.teams: there is no team NOPE that this account may see\n"
        "  fix: check the keys (ENG, as in ENG-12), and make the account a member of private teams"
    )


async def test_nothing_is_asked_inside_a_wait(rig: Rig) -> None:
    rig.fault("linear:429:wait=30:count=1")
    before = rig.clock.now()
    await rig.connector.check()
    assert rig.clock.now() - before >= timedelta(seconds=30)


async def test_the_limits_of_the_headers_replace_what_was_assumed_and_our_share_is_kept() -> None:
    clock = Clock()
    budget = Budget(name=NAME, world=make_world(clock), rates=limits.make_rates(LinearOptions()), share=0.5)
    reset = str(int((clock.now() + timedelta(minutes=30)).timestamp() * 1000))

    def headers(remaining: int) -> httpx.Response:
        said = {"limit": "250000", "remaining": str(remaining), "reset": reset}
        return answer(200, {}, **{f"x-ratelimit-complexity-{key}": value for key, value in said.items()})

    limits.note_limits(headers(126_000), budget)
    assert budget.rate(limits.COMPLEXITY).burst == pytest.approx(250_000 * 0.25 * 0.5)
    assert budget.wait_s(limits.COMPLEXITY) == 0
    limits.note_limits(headers(124_000), budget)
    assert budget.wait_s(limits.COMPLEXITY) == pytest.approx(1800, abs=1)
    with pytest.raises(RateLimitedError):
        await budget.take(limits.COMPLEXITY)


async def test_an_answer_teaches_the_real_limit(rig: Rig) -> None:
    rig.tool.limits.requests.limit = 4000
    await rig.connector.check()
    api = rig.connector._api
    assert api.budget.rate(limits.REQUESTS) == limits.hourly(4000)


@pytest.mark.parametrize("limit", [1200, 5000, 250_000])
def test_no_hour_ever_holds_more_than_linear_allows(limit: int) -> None:
    rate = limits.hourly(limit)
    assert rate.burst + rate.per_s * 3600 == pytest.approx(limit)


@pytest.mark.parametrize(
    "wrong",
    [
        {"auth": {}},
        {"auth": {"api_key": "x", "bearer": "y"}},
        {"auth": {"token": "x"}},
        {"scope": {"teams": []}},
        {"scope": {"teams": ["a b"]}},
        {"scope": {"teams": ["ENG"], "labels": []}},
        {"url": "api.linear.app"},
        {"options": {"share": 0}},
        {"options": {"read_batch": 101}},
        {"options": {"list_page": 251}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"auth": {"api_key": "x"}, "scope": {"teams": ["eng", "ENG", "WEB"]}}
    assert LinearSettings.model_validate(good).scope.keys == ("ENG", "WEB")
    with pytest.raises(ValidationError):
        LinearSettings.model_validate(good | wrong)


@pytest.mark.parametrize("url", ["https://api.linear.app", "https://api.linear.app/", "https://api.linear.app/graphql"])
def test_graphql_is_found_below_the_url(url: str) -> None:
    settings = LinearSettings.model_validate({"url": url, "auth": {"api_key": "x"}, "scope": {"teams": ["ENG"]}})
    assert settings.graphql_url == "https://api.linear.app/graphql"


async def test_reading_fails_for_now_when_linear_does(rig: Rig) -> None:
    ref = rig.add("issue", "API", title="One")
    rig.fault("linear:502")
    with pytest.raises(UnavailableError):
        await rig.connector.read_many([ref])
