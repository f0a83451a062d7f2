"""
Linear's webhooks: which records they name.

`Linear-Signature` is the hex HMAC of the body as it was sent, and
`webhookTimestamp` in the body tells when that attempt was. Project milestones
and relations send nothing of their own: looking every so often finds them.
Source: https://linear.app/developers/webhooks (vendor facts, L5, L6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syncd.connectors.hooks import Delivery, is_signed, moment_of_ms, once, read_body
from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, ITERATION, PROJECT
from syncd.connectors.linear.settings import LinearScope, LinearSettings
from syncd.model.refs import ConnectionName, Ref

DELIVERY: Final = "linear-delivery"
SIGNATURE: Final = "linear-signature"
RESOURCES: Final = (
    *("Issue", "Comment", "IssueLabel", "Project", "ProjectLabel", "ProjectUpdate"),
    *("Initiative", "InitiativeUpdate", "Cycle"),
)
"""What to subscribe to."""
_LABELS: Final = frozenset({"IssueLabel", "ProjectLabel"})

Uuid: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Team(_Part):
    key: str


class _Issue(_Part):
    team: _Team | None = None


class _Data(_Part):
    id: Uuid | None = None
    team: _Team | None = None
    issue: _Issue | None = None
    issue_id: Uuid | None = Field(default=None, alias="issueId")
    project_id: Uuid | None = Field(default=None, alias="projectId")
    initiative_id: Uuid | None = Field(default=None, alias="initiativeId")


class _Before(_Part):
    team: str | None = Field(default=None, alias="teamId")


class _Body(_Part):
    action: str = Field(max_length=100)
    type: str = Field(max_length=100)
    data: _Data | None = None
    before: _Before | None = Field(default=None, alias="updatedFrom")
    sent: float | None = Field(default=None, alias="webhookTimestamp")


class LinearHooks:
    """Webhooks of teams and workspaces."""

    signed = True

    def is_genuine(self, secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the body was signed with the webhook's secret."""
        return is_signed(secret, body, headers.get(SIGNATURE, ""))

    def read(
        self, connection: ConnectionName, settings: BaseModel, headers: Mapping[str, str], body: bytes
    ) -> Delivery:
        """Return what a webhook names; raises ValueError."""
        told = read_body(body, _Body, "a webhook of Linear")
        is_ours = isinstance(settings, LinearSettings)
        return Delivery(
            id=headers.get(DELIVERY),
            refs=once(*_refs(told, connection, settings.scope)) if isinstance(settings, LinearSettings) else (),
            wide=is_ours and told.type in _LABELS and told.action != "create",
            sent_at=moment_of_ms(told.sent),
        )


HOOKS: Final = LinearHooks()


def _refs(told: _Body, name: ConnectionName, scope: LinearScope) -> Iterator[Ref]:
    data = told.data
    if data is None:
        return
    match told.type:
        case "Issue" if data.id and (_has_team(scope, data.team) or (told.before and told.before.team)):
            yield Ref(name, ISSUE, data.id)
        case "Project" if data.id and scope.projects:
            yield Ref(name, PROJECT, data.id)
        case "Initiative" if data.id and scope.initiatives:
            yield Ref(name, INITIATIVE, data.id)
        case "Cycle" if data.id and _has_team(scope, data.team):
            yield Ref(name, ITERATION, data.id)
        case "Comment" if data.id:
            yield from _of_comment(data, name, scope)
        case "ProjectUpdate" | "InitiativeUpdate":  # a report of its health, which the item shows
            yield from _about(data, name, scope)
        case _:
            return


def _of_comment(data: _Data, name: ConnectionName, scope: LinearScope) -> Iterator[Ref]:
    """Name a comment and what it is on; one on a document or a report is none of ours."""
    about = list(_about(data, name, scope))
    if about:
        yield Ref(name, COMMENT, str(data.id))
        yield from about


def _about(data: _Data, name: ConnectionName, scope: LinearScope) -> Iterator[Ref]:
    if data.issue_id and _has_team(scope, data.issue.team if data.issue else None):
        yield Ref(name, ISSUE, data.issue_id)
    if data.project_id and scope.projects:
        yield Ref(name, PROJECT, data.project_id)
    if data.initiative_id and scope.initiatives:
        yield Ref(name, INITIATIVE, data.initiative_id)


def _has_team(scope: LinearScope, team: _Team | None) -> bool:
    """Tell whether a team is in scope, or may be: not every payload names it."""
    return team is None or team.key.upper() in scope.keys
