"""What every connector's webhooks promise: only what is signed is genuine, and no body breaks the reader."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from syncd.connectors.github import TOOL as GITHUB
from syncd.connectors.hooks import Delivery, Hooks, is_signed, moment_of_ms
from syncd.connectors.jira import TOOL as JIRA
from syncd.connectors.linear import TOOL as LINEAR
from syncd.connectors.protocol import Tool
from syncd.connectors.redmine import TOOL as REDMINE
from syncd.engine.tools import tools
from syncd.model.refs import ConnectionName, Ref

NAME = ConnectionName("here")
SECRET = b"It's a Secret to Everybody"
SCOPES: Mapping[str, dict[str, Any]] = {
    "jira": {"url": "https://a.example", "auth": {"bearer": "t"}, "scope": {"projects": ["PMO"]}},
    "github": {"auth": {"token": "t"}, "scope": {"owner": "acme", "project": 7, "repositories": ["api"]}},
    "linear": {"auth": {"api_key": "t"}, "scope": {"teams": ["ENG"]}},
    "redmine": {"url": "https://r.example", "auth": {"key": "t"}, "scope": {"projects": ["web"]}},
}
UUID = "9f1c2d3e-0000-4000-8000-00000000000a"
BODIES: Mapping[str, dict[str, Any]] = {
    "jira": {
        "timestamp": 1764331200000,
        "webhookEvent": "comment_created",
        "issue": {"id": "10040", "key": "PMO-41", "fields": {"project": {"key": "PMO"}}},
        "comment": {"id": "10019", "self": "https://a.example/rest/api/2/issue/10040/comment/10019"},
        "changelog": {"items": [{"field": "Key", "fromString": "PMO-1", "toString": "OPS-5"}]},
        "issueLink": {"sourceIssueId": 1, "destinationIssueId": 2},
        "version": {"id": "3", "projectId": 10},
        "sprint": {"id": 4},
        "project": {"key": "PMO"},
    },
    "github": {
        "action": "edited",
        "sender": {"login": "ada-example"},
        "repository": {"full_name": "acme/api"},
        "organization": {"login": "acme"},
        "issue": {"node_id": "I_1", "repository_url": "https://api.github.com/repos/acme/api"},
        "parent_issue": {"node_id": "I_2"},
        "comment": {"node_id": "IC_1"},
        "milestone": {"node_id": "MI_1"},
        "label": {"node_id": "LA_1"},
        "projects_v2_item": {"node_id": "PVTI_1", "content_node_id": "I_1", "content_type": "Issue"},
        "projects_v2": {"number": 7},
        "changes": {"new_issue": {"node_id": "I_3"}, "repository": {"name": {"from": "api"}}},
    },
    "linear": {
        "action": "update",
        "type": "Comment",
        "data": {"id": UUID, "issueId": UUID, "issue": {"team": {"key": "ENG"}}},
        "updatedFrom": {"teamId": UUID},
        "webhookTimestamp": 1764331200000,
    },
    "redmine": {
        "type": "issue.updated",
        "timestamp": "2026-11-28T12:00:00Z",
        "data": {"issue": {"id": 7, "parent": {"id": 6}}, "journal": {"id": 5, "notes": "Hello"}},
    },
}
SIGNATURES = {
    "jira": ("x-hub-signature", "sha256="),
    "github": ("x-hub-signature-256", "sha256="),
    "linear": ("linear-signature", ""),
    "redmine": ("x-redmine-signature-256", "sha256="),
}
TOOLS = {tool.name: tool for tool in (JIRA, GITHUB, LINEAR, REDMINE)}


@dataclass(frozen=True)
class Case:
    """One tool's webhooks with settings to read them by."""

    tool: Tool

    @property
    def hooks(self) -> Hooks:
        assert self.tool.hooks is not None
        return self.tool.hooks

    @property
    def settings(self) -> BaseModel:
        return self.tool.settings.model_validate(SCOPES[self.tool.name])

    def read(self, body: bytes, headers: Mapping[str, str] | None = None) -> Delivery:
        return self.hooks.read(NAME, self.settings, headers or {}, body)


CASES = [Case(tool) for tool in TOOLS.values()]
each_tool = pytest.mark.parametrize("case", CASES, ids=lambda case: case.tool.name)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ODD: st.SearchStrategy[object] = st.sampled_from(
    [10**400, -1, 0, 2**63, 1e308, "9" * 5000, "\ud800", "", [], {}, [[]], None, True]
)


def sign(case: Case, body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    header, prefix = SIGNATURES[case.tool.name]
    return {header: prefix + hmac.new(secret, body, hashlib.sha256).hexdigest()}


def paths(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where something stands in a JSON value, the whole included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in paths(each, (*at, key)))]


def changed(value: Any, path: tuple[Any, ...], new: object) -> Any:  # noqa: ANN401 - JSON of any shape
    if not path:
        return new
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return whole


def said(case: Case, body: bytes) -> str:
    """Return what is said about a body that is refused, with all that is chained to it."""
    try:
        case.read(body)
    except ValueError as exc:
        return f"{exc} {exc.__cause__}"
    return ""


def test_every_tool_of_ours_reads_webhooks_and_signs_them() -> None:
    assert set(tools()) == set(TOOLS)
    assert all(case.hooks.signed for case in CASES)


def test_github_own_example_of_a_signature_holds() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, read 2026-11."""
    wanted = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert is_signed(SECRET, b"Hello, World!", wanted)
    assert is_signed(SECRET, b"Hello, World!", f" {wanted.upper()}")
    assert not is_signed(SECRET, b"Hello, World?", wanted)
    assert not is_signed(b"", b"Hello, World!", hmac.new(b"", b"Hello, World!", "sha256").hexdigest())
    assert not is_signed(SECRET, b"x", hmac.new(SECRET, b"x", "sha1").hexdigest(), method="sha1")
    assert not is_signed(SECRET, b"x", "", method="no such")


@each_tool
def test_only_what_is_signed_with_the_secret_is_genuine(case: Case) -> None:
    body = json.dumps(BODIES[case.tool.name]).encode()
    headers = sign(case, body)
    [(header, value)] = headers.items()
    assert case.hooks.is_genuine(SECRET, headers, body)
    assert not case.hooks.is_genuine(SECRET, headers, body + b" ")
    assert not case.hooks.is_genuine(SECRET + b"!", headers, body)
    assert not case.hooks.is_genuine(b"", sign(case, body, b""), body)
    for forged in ({}, {header: ""}, {header: value[:-1]}, {header: value[7:]}, {header: f"md5={value[7:]}"}):
        assert case.hooks.is_genuine(SECRET, forged, body) == (forged.get(header) == value)


@each_tool
@given(data=st.data())
def test_no_header_breaks_the_check(case: Case, data: st.DataObject) -> None:
    header = SIGNATURES[case.tool.name][0]
    value = data.draw(st.text(max_size=80) | st.text(max_size=40).map("sha256={}".format))
    name = data.draw(st.sampled_from([header, "authorization"]))
    assert not case.hooks.is_genuine(SECRET, {name: value}, data.draw(st.binary(max_size=30)))


@each_tool
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_what_is_none_of_the_tools_is_a_value_error(case: Case, body: bytes) -> None:
    with pytest.raises(ValueError, match="not a webhook of"):
        case.read(body)


@each_tool
@given(data=st.data())
def test_a_body_with_anything_anywhere_is_read_or_a_value_error(case: Case, data: st.DataObject) -> None:
    whole = BODIES[case.tool.name]
    path = data.draw(st.sampled_from(paths(whole)))
    body = json.dumps(changed(whole, path, data.draw(JSON | ODD))).encode()
    with contextlib.suppress(ValueError):
        delivery = case.read(body)
        assert all(ref.connection == NAME and len(ref.id) <= 220 and ref.id.isascii() for ref in delivery.refs)


@each_tool
def test_a_truncated_body_is_a_value_error_wherever_it_ends(case: Case) -> None:
    body = json.dumps(BODIES[case.tool.name]).encode()
    assert case.read(body).refs
    for end in range(len(body)):
        with pytest.raises(ValueError, match="not a webhook of"):
            case.read(body[:end])


@each_tool
@pytest.mark.parametrize("depth", [200, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_a_deeply_nested_body_is_a_value_error(case: Case, depth: int, brackets: tuple[str, str]) -> None:
    nest = brackets[0] * depth + "1" + brackets[1] * depth
    with pytest.raises(ValueError, match="not a webhook of"):
        case.read(nest.encode())
    body = json.dumps({**BODIES[case.tool.name], "extra": 1}).replace('"extra": 1', f'"extra": {nest}')
    with contextlib.suppress(ValueError):
        assert case.read(body.encode()).refs


@each_tool
def test_what_is_refused_is_not_repeated(case: Case) -> None:
    """Bodies hold people's words: no error, and so no log, repeats them."""
    for path in paths(BODIES[case.tool.name]):
        body = json.dumps(changed(BODIES[case.tool.name], path, ["very private words"])).encode()
        assert "private" not in said(case, body)


def test_times_no_calendar_has_are_value_errors() -> None:
    assert moment_of_ms(None) is None
    assert moment_of_ms(1_764_331_200_000) == datetime(2025, 11, 28, 12, tzinfo=UTC)
    for stamp in (10**30, -(10**30), float("inf"), float("nan"), 1e300):
        with pytest.raises(ValueError, match="no calendar"):
            moment_of_ms(stamp)


def token(secret: bytes = SECRET, *, algorithm: str = "HS256", **claims: Any) -> str:  # noqa: ANN401 - JSON
    body = {"iss": "acme", "iat": 1_764_331_200, "exp": 1_764_331_380, **claims}
    return jwt.encode(body, "" if algorithm == "none" else secret.ljust(64, b"\0"), algorithm=algorithm)


def test_an_oauth_apps_webhook_is_proved_by_its_jwt() -> None:
    case, body = Case(JIRA), json.dumps(BODIES["jira"]).encode()
    for scheme in ("JWT", "Bearer", "bearer"):
        headers = {"authorization": f"{scheme} {token()}"}
        assert case.hooks.is_genuine(SECRET, headers, body)
        assert case.read(body, headers).sent_at == datetime(2025, 11, 28, 12, tzinfo=UTC)
    forged = (
        token(b"another"),
        token(algorithm="none"),
        token(algorithm="HS384"),
        token()[:-2],
        "",
        "a.b.c",
        "[" * 9000,
    )
    for text in forged:
        assert not case.hooks.is_genuine(SECRET, {"authorization": f"JWT {text}"}, body)
    assert not case.hooks.is_genuine(b"", {"authorization": f"JWT {token(b'')}"}, body)
    assert not case.hooks.is_genuine(SECRET, {"authorization": token()}, body)


def test_a_wrong_signature_is_not_made_good_by_a_jwt() -> None:
    case, body = Case(JIRA), json.dumps(BODIES["jira"]).encode()
    headers = {"authorization": f"JWT {token()}", "x-hub-signature": "sha256=00"}
    assert not case.hooks.is_genuine(SECRET, headers, body)
    assert case.read(body, headers).sent_at is None


@pytest.mark.parametrize("iat", [None, "soon", True, [1], {}])
def test_a_jwt_without_a_time_tells_none(iat: object) -> None:
    assert Case(JIRA).read(json.dumps(BODIES["jira"]).encode(), {"authorization": f"JWT {token(iat=iat)}"}).sent_at in (
        None,
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    )


def test_refs_are_sorted_and_each_is_there_once() -> None:
    read = Case(LINEAR).read(json.dumps(BODIES["linear"]).encode(), {"linear-delivery": "d-1"})
    assert read == Delivery(
        id="d-1",
        refs=(Ref(NAME, "comment", UUID), Ref(NAME, "issue", UUID)),
        sent_at=datetime(2025, 11, 28, 12, tzinfo=UTC),
    )
