"""What a site's headers, refusals and odd answers mean: single answers, hand-made."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import pytest

from syncd.connectors._http import make_client
from syncd.connectors.jira.payloads import CreatedIssues, Project, User
from syncd.connectors.jira.queries import BULK_CREATE, ISSUE, MYSELF, PROJECT
from syncd.connectors.jira.settings import JiraSettings
from syncd.connectors.jira.site import FieldsRefusedError, Site
from syncd.errors import AuthError, OutcomeUnknownError, RateLimitedError, RemoteError, UnavailableError
from tests.connectors.jira.test_samples import NAME, SETTINGS
from tests.connectors.virtual import Clock, make_world

ADA = {"accountId": "5b10", "displayName": "Ada Example"}


@dataclass
class Wire:
    """A site that gives the listed answers, then its last one for ever."""

    answers: list[httpx.Response]
    clock: Clock = field(default_factory=Clock)
    asked_at: list[float] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.asked_at.append(self.clock.at_s)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def site(self, settings: JiraSettings = SETTINGS) -> Site:
        world = make_world(self.clock, lambda: httpx.MockTransport(self.handle))
        return Site(NAME, settings, make_client(world), world)


async def test_what_is_left_for_people_is_not_used() -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "50",
        "X-RateLimit-Reset": "2026-03-01T12:00:20Z",
    }
    wire = Wire([httpx.Response(200, json=ADA, headers=headers), httpx.Response(200, json=ADA)])
    site = wire.site()
    await site.account()
    await site.account()
    assert wire.asked_at[1] - wire.asked_at[0] > 20.0


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "900", "RateLimit-Reason": "jira-quota-global-based"}, 900.0),
        ({"X-RateLimit-Reset": "2026-03-01T12:30:00Z", "RateLimit-Reason": "jira-cost-based"}, 1800.0),
        ({"RateLimit-Reason": "jira-cost-based"}, 3600.0),
    ],
)
async def test_a_limit_lasts_as_long_as_its_headers_say(headers: dict[str, str], wait_s: float) -> None:
    wire = Wire([httpx.Response(429, headers=headers)])
    with pytest.raises(RateLimitedError) as caught:
        await wire.site().account()
    assert caught.value.wait_s == wait_s
    assert headers["RateLimit-Reason"] in caught.value.what
    assert len(wire.asked) == 1


async def test_an_answer_given_to_a_stranger_is_a_wrong_credential() -> None:
    wire = Wire([httpx.Response(200, json={"values": []}, headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})])
    with pytest.raises(AuthError) as caught:
        await wire.site().get(PROJECT, Project, "PMO")
    assert str(caught.value) == (
        "jira-pmo: the credential was not accepted\n"
        "  fix: check the e-mail and token of jira-pmo: they may be mistyped, expired or revoked"
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'{"displayName": "Ada"}', b"\xff\xfe"])
async def test_an_answer_that_lacks_what_we_need_is_told_by_place(content: bytes) -> None:
    with pytest.raises(UnavailableError) as caught:
        await Wire([httpx.Response(200, content=content)]).site().get(MYSELF, User)
    assert str(caught.value).startswith("jira-pmo /rest/api/3/myself: an answer lacks what we need")
    assert "Ada" not in str(caught.value)


async def test_a_create_answered_with_nonsense_is_unknown_and_not_sent_again() -> None:
    wire = Wire([httpx.Response(201, content=b"nonsense")])
    with pytest.raises(OutcomeUnknownError):
        await wire.site().send_bulk(BULK_CREATE, CreatedIssues, {"issueUpdates": [{}]}, cost=1.0)
    assert len(wire.asked) == 1


async def test_a_refusal_names_the_fields_in_jiras_words() -> None:
    said = {"errorMessages": [], "errors": {"duedate": "Error parsing date", "labels": "contains spaces"}}
    wire = Wire([httpx.Response(400, json=said)])
    with pytest.raises(FieldsRefusedError) as caught:
        await wire.site().send("PUT", ISSUE, "10", body={}, where="jira-pmo:issue:10")
    assert caught.value.fields == said["errors"]
    assert str(caught.value).startswith(
        'jira-pmo:issue:10: Jira refused the content: "duedate: Error parsing date; labels: contains spaces"'
    )


@pytest.mark.parametrize("auth", [{"email": "bot@acme.example", "token": "s3cret-t0ken"}, {"bearer": "s3cret-t0ken"}])
async def test_no_error_tells_the_credential(auth: dict[str, str]) -> None:
    settings = SETTINGS.model_validate({**SETTINGS.model_dump(), "auth": auth})
    for status in (400, 401, 403, 404, 409, 500):
        wire = Wire([httpx.Response(status, json={"errorMessages": ["no s3cret-t0ken for bot@acme.example"]})])
        with pytest.raises(RemoteError) as caught:
            await wire.site(settings).account()
        for secret in ("s3cret-t0ken", "bot@acme.example"):
            assert secret not in f"{caught.value} {caught.value!r}"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("url", ["acme.atlassian.net", "ftp://acme", "https://acme.atlassian.net/?x=1"])
def test_a_url_that_is_no_web_address_is_refused_at_load(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        JiraSettings.model_validate({**SETTINGS.model_dump(), "url": url})
