"""
GitHub's webhooks: which records they name, by the node ids they carry.

`X-Hub-Signature-256` is the HMAC of the body as it was sent. Which event it is
stands in a header that nothing signs, so the body alone decides.
Source: https://docs.github.com/en/webhooks (vendor facts, G10, G11, G13).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, TypeAlias
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syncd.connectors.github.fields import COMMENT, DRAFT, MILESTONE
from syncd.connectors.github.records import ISSUE
from syncd.connectors.github.settings import GithubSettings
from syncd.connectors.hooks import Delivery, is_signed, once, read_body
from syncd.model.refs import ConnectionName, Ref

DELIVERY: Final = "x-github-delivery"
SIGNATURE: Final = "x-hub-signature-256"
FORM: Final = "application/x-www-form-urlencoded"
"""The other content type a webhook may be set to: the JSON is then the field `payload`."""

NodeId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_=+/-]{1,200}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Part):
    full_name: str


class _Owner(_Part):
    login: str


class _Node(_Part):
    node_id: NodeId


class _Issue(_Node):
    repository_url: str = ""
    pull_request: object = None

    @property
    def repository(self) -> str:
        """Its repository's full name, empty when it does not say."""
        return "/".join(self.repository_url.rsplit("/", 2)[1:])


class _Item(_Part):
    node_id: NodeId | None = None
    content_node_id: NodeId | None = None
    content_type: str = ""


class _Project(_Part):
    number: int


class _From(_Part):
    before: str | None = Field(default=None, alias="from")


class _RenamedRepository(_Part):
    name: _From | None = None


class _Changes(_Part):
    new_issue: _Node | None = None
    old_issue: _Node | None = None
    new_repository: _Repository | None = None
    old_repository: _Repository | None = None
    repository: _RenamedRepository | None = None


class _Body(_Part):
    sender: _Owner
    action: str = Field(default="", max_length=100)
    repository: _Repository | None = None
    organization: _Owner | None = None
    issue: _Issue | None = None
    parent_issue: _Issue | None = None
    sub_issue: _Issue | None = None
    blocked_issue: _Issue | None = None
    blocking_issue: _Issue | None = None
    comment: _Node | None = None
    milestone: _Node | None = None
    label: _Node | None = None
    item: _Item | None = Field(default=None, alias="projects_v2_item")
    project: _Project | None = Field(default=None, alias="projects_v2")
    changes: _Changes | None = None

    @property
    def issues(self) -> tuple[_Issue, ...]:
        """The issues it is about."""
        named = (self.issue, self.parent_issue, self.sub_issue, self.blocked_issue, self.blocking_issue)
        return tuple(issue for issue in named if issue)


class GithubHooks:
    """Webhooks of repositories, organisations and apps."""

    signed = True

    def is_genuine(self, secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the body was signed with the webhook's secret."""
        method, _, signature = headers.get(SIGNATURE, "").partition("=")
        return method == "sha256" and is_signed(secret, body, signature)

    def read(
        self, connection: ConnectionName, settings: BaseModel, headers: Mapping[str, str], body: bytes
    ) -> Delivery:
        """Return what a webhook names; raises ValueError."""
        told = read_body(_json_of(headers, body), _Body, "a webhook of GitHub")
        if not isinstance(settings, GithubSettings):
            return Delivery(id=headers.get(DELIVERY))
        scope = _Scope(settings)
        return Delivery(
            id=headers.get(DELIVERY),
            refs=once(*_refs(told, connection, scope)),
            wide=_is_wide(told, scope),
        )


HOOKS: Final = GithubHooks()


class _Scope:
    """What of GitHub is ours, as far as a configuration tells."""

    def __init__(self, settings: GithubSettings) -> None:
        self._owner = settings.scope.owner.lower()
        self._project = settings.scope.project
        self._repositories = {settings.full_name(each).lower() for each in settings.scope.repositories}

    def has_repository(self, *names: str | None) -> bool:
        """Tell whether one of these repositories is in scope; without a list of them every one may be."""
        return not self._repositories or any(name.lower() in self._repositories for name in names if name)

    def has_owner(self, owner: _Owner | None) -> bool:
        """Tell whether the project may be this organisation's."""
        return owner is None or owner.login.lower() == self._owner

    def has_project(self, project: _Project, owner: _Owner | None) -> bool:
        """Tell whether that is our project."""
        return project.number == self._project and self.has_owner(owner)


def _json_of(headers: Mapping[str, str], body: bytes) -> bytes:
    if not headers.get("content-type", "").lower().startswith(FORM):
        return body
    fields = parse_qs(body.decode("utf-8", "surrogateescape"), max_num_fields=1)
    return fields.get("payload", [""])[0].encode("utf-8", "replace")


def _refs(told: _Body, name: ConnectionName, scope: _Scope) -> Iterator[Ref]:
    repository = told.repository.full_name if told.repository else None
    changes = told.changes or _Changes()
    moved = [each.full_name for each in (changes.new_repository, changes.old_repository) if each]
    for issue in told.issues:
        if issue.pull_request or not scope.has_repository(issue.repository or repository, *moved):
            continue
        yield Ref(name, ISSUE, issue.node_id)
        if told.comment:
            yield Ref(name, COMMENT, told.comment.node_id)
        for other in (changes.new_issue, changes.old_issue):
            if other:
                yield Ref(name, ISSUE, other.node_id)
    if told.milestone and not told.issues and scope.has_repository(repository):
        yield Ref(name, MILESTONE, told.milestone.node_id)
    if told.item and scope.has_owner(told.organization):
        yield from _of_item(told.item, told.action, name)


def _of_item(item: _Item, action: str, name: ConnectionName) -> Iterator[Ref]:
    """Name what lies in the project: an issue by its own id, a draft by its item's; what was converted by both."""
    if action == "reordered":
        return
    if item.content_type == "Issue" and item.content_node_id:
        yield Ref(name, ISSUE, item.content_node_id)
    if item.node_id and (item.content_type == "DraftIssue" or action == "converted"):
        yield Ref(name, DRAFT, item.node_id)


def _is_wide(told: _Body, scope: _Scope) -> bool:
    """Tell whether something changed that is on many records (a label, the project's fields), or has no id here."""
    if told.project:
        return told.action != "created" and scope.has_project(told.project, told.organization)
    if told.item:
        is_draft = told.item.content_type == "DraftIssue"
        nameless = told.item.node_id is None if is_draft else told.item.content_node_id is None
        return nameless and scope.has_owner(told.organization)
    if told.repository is None or told.issues:
        return False
    names = [told.repository.full_name, _old_name(told)]
    if told.label or told.milestone:
        is_lost = told.action == "deleted" or (told.label is not None and told.action == "edited")
        return is_lost and scope.has_repository(*names)
    return told.action in {"renamed", "transferred"} and scope.has_repository(*names)


def _old_name(told: _Body) -> str | None:
    """Return what a renamed repository was called before."""
    renamed = told.changes.repository if told.changes else None
    before = renamed.name.before if renamed and renamed.name else None
    owner = told.repository.full_name.partition("/")[0] if told.repository else ""
    return f"{owner}/{before}" if before else None
