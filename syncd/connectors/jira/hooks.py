"""
Jira's webhooks: which records they name.

Two kinds exist. An administrator's are signed over the body with a secret of
their own (`X-Hub-Signature`, the method in its prefix). Those an OAuth app
registered carry a JWT signed with the client secret (HS256), which proves the
sender but does not cover the body. Source: vendor facts, J10 to J13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from syncd.connectors.hooks import Delivery, is_signed, moment_of_ms, once, read_body
from syncd.connectors.jira.fields import COMMENT, ISSUE, ITERATION, VERSION
from syncd.connectors.jira.settings import JiraSettings
from syncd.model.refs import ConnectionName, Ref

MAX_TOKEN: Final = 8192
"""Characters of a JWT beyond which it is none of Jira's."""
MIN_KEY: Final = 32
"""Bytes below which PyJWT warns of a key; an HMAC key filled up with zeros is the same key (RFC 2104)."""
DELIVERY: Final = "x-atlassian-webhook-identifier"
SIGNATURE: Final = "x-hub-signature"
_UNCHECKED: Final = {
    "verify_signature": False,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
}
_GONE: Final = frozenset({"jira:version_deleted", "jira:version_merged", "jira:version_moved"})
"""What changes every issue that named the version, whether each tells it or not."""
_OF_NO_RECORD: Final = (
    *("user_", "worklog_", "attachment_", "option_", "filter_", "dashboard_", "board_", "jira_expression_"),
    *("issue_property_", "comment_property_", "issuetype_", "permission_", "security_", "workflow_"),
)
"""What begins the names of events about nothing we read."""


def _digits(value: object) -> object:
    """Read a number as the text that the API shows ids as."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id: TypeAlias = Annotated[str, BeforeValidator(_digits), StringConstraints(pattern=r"^[0-9]{1,19}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Project(_Part):
    key: str | None = None


class _Fields(_Part):
    project: _Project | None = None


class _Issue(_Part):
    id: Id
    key: str = ""
    fields: _Fields | None = None

    @property
    def project(self) -> str:
        """The key of its project, empty when nothing tells it."""
        project = self.fields.project if self.fields else None
        return (project.key if project else None) or _project_of(self.key)


class _Comment(_Part):
    id: Id
    self: str = ""


class _Named(_Part):
    id: Id


class _Link(_Part):
    source: Id = Field(alias="sourceIssueId")
    destination: Id = Field(alias="destinationIssueId")


class _Item(_Part):
    field: str = ""
    before: str | None = Field(default=None, alias="fromString")


class _Changelog(_Part):
    items: tuple[_Item, ...] = ()


class _Body(_Part):
    event: str = Field(alias="webhookEvent", max_length=100)
    issue: _Issue | None = None
    comment: _Comment | None = None
    changelog: _Changelog | None = None
    version: _Named | None = None
    sprint: _Named | None = None
    link: _Link | None = Field(default=None, alias="issueLink")
    project: _Project | None = None


class JiraHooks:
    """Webhooks of Jira Cloud, and those of Data Center as far as they are alike."""

    signed = True

    def is_genuine(self, secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether it was signed with the webhook's secret, or carries a JWT signed with the app's."""
        if SIGNATURE in headers:
            method, _, signature = headers[SIGNATURE].partition("=")
            return is_signed(secret, body, signature, method=method.strip().lower())
        return bool(secret) and _claims(headers, secret) is not None

    def read(
        self, connection: ConnectionName, settings: BaseModel, headers: Mapping[str, str], body: bytes
    ) -> Delivery:
        """Return what a webhook names; raises ValueError."""
        told = read_body(body, _Body, "a webhook of Jira")
        claims = None if SIGNATURE in headers else _claims(headers, None)
        issued = claims.get("iat") if claims else None
        refs = list(_refs(told, connection, settings)) if isinstance(settings, JiraSettings) else []
        return Delivery(
            id=headers.get(DELIVERY),
            refs=once(*refs),
            wide=isinstance(settings, JiraSettings) and _is_wide(told, settings, found=bool(refs)),
            sent_at=moment_of_ms(issued * 1000) if isinstance(issued, int | float) else None,
        )


HOOKS: Final = JiraHooks()


def _claims(headers: Mapping[str, str], secret: bytes | None) -> Mapping[str, Any] | None:
    """Return what the JWT of a request says, `None` without one; its signature is checked if there is a secret."""
    import jwt

    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() not in {"jwt", "bearer"} or not 0 < len(token) <= MAX_TOKEN:
        return None
    key = (secret or b"").ljust(MIN_KEY, b"\0")
    options: Any = {**_UNCHECKED, "verify_signature": secret is not None}
    try:
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=["HS256"], options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    return claims


def _project_of(key: str) -> str:
    return key.rpartition("-")[0]


def _is_ours(told: _Body, issue: _Issue, settings: JiraSettings) -> bool:
    """Tell whether an issue is in scope, was until this change, or does not say."""
    ours = settings.scope.projects
    items = told.changelog.items if told.changelog else ()
    left = {_project_of(item.before or "") for item in items if item.field.lower() == "key"}
    return not issue.project or issue.project in ours or bool(left.intersection(ours))


def _refs(told: _Body, name: ConnectionName, settings: JiraSettings) -> Iterator[Ref]:
    if told.issue and not _is_ours(told, told.issue, settings):
        return
    if told.event.startswith(_OF_NO_RECORD):
        return
    issue = told.issue.id if told.issue else _issue_of(told.comment)
    if issue:
        yield Ref(name, ISSUE, issue)
    if issue and told.comment:
        yield Ref(name, COMMENT, f"{issue}/{told.comment.id}")
    if told.link:
        yield Ref(name, ISSUE, told.link.source)
        yield Ref(name, ISSUE, told.link.destination)
    if told.version:
        yield Ref(name, VERSION, told.version.id)
    if told.sprint:
        yield Ref(name, ITERATION, told.sprint.id)


def _issue_of(comment: _Comment | None) -> str | None:
    """Return the issue of a comment by the comment's own address, for those sent without their issue."""
    parts = comment.self.rsplit("/", 3) if comment else []
    issue = parts[1] if len(parts) == 4 and parts[2] == "comment" else ""  # noqa: PLR2004 - .../issue/ID/comment/ID
    return issue if issue.isascii() and issue.isdecimal() and len(issue) < 20 else None  # noqa: PLR2004 - as Id


def _is_wide(told: _Body, settings: JiraSettings, *, found: bool) -> bool:
    """Tell whether something may have changed that has no ref."""
    if told.project:
        return told.project.key in settings.scope.projects
    if told.issue or told.event.startswith(_OF_NO_RECORD):
        return False
    return told.event in _GONE or not found
