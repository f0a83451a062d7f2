"""Everything the stand-in remembers, found by id in one step, and the switches for what Linear does not document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypedDict, TypeVar

from syncd.sandbox.linear.markdown import DEFAULT_RULES
from syncd.sandbox.linear.nodes import (
    IssueLabel,
    Node,
    Organization,
    ProjectLabel,
    ProjectStatus,
    Team,
    User,
    WorkflowState,
)
from syncd.sandbox.linear.nodes_issue import Attachment, Comment, Cycle, Issue, IssueHistory, IssueRelation
from syncd.sandbox.linear.nodes_plan import (
    EntityExternalLink,
    Initiative,
    InitiativeToProject,
    Project,
    ProjectMilestone,
    Report,
)
from syncd.sandbox.linear.shelf import Shelf
from syncd.sandbox.webhooks import CREATED, DELETED, UPDATED, Registry

N = TypeVar("N", bound=Node)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UUID_V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
INPUT_ERROR = "INPUT_ERROR"
FORBIDDEN = "FORBIDDEN"
TYPES = {INPUT_ERROR: "invalid input", FORBIDDEN: "forbidden"}
"""What Linear calls an error of that code in `extensions.type`."""


class Born(TypedDict):
    """What every node has from the start."""

    id: str
    created_at: str
    updated_at: str


class Refusal(Exception):  # noqa: N818 - it is Linear's answer, not our failure
    """Linear says no: *code* is the `extensions.code` of a GraphQL error."""

    def __init__(self, message: str, *, code: str = INPUT_ERROR, told: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.told = told or message
        """What a person is shown."""


def wire(moment: datetime) -> str:
    """Return an aware time as Linear writes it: UTC, in milliseconds."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


class State:
    """The workspace. Times never go back, even if *now* does."""

    def __init__(self, now: Callable[[], datetime], *, past: timedelta) -> None:
        self._now = now
        self._last = ""
        self._made = 0
        self.webhooks = Registry()
        self.past = past
        """How long ago things are said to happen, while seeding."""
        self.sync_id = 1_000
        """The number of the last write, in one order for all things (`lastSyncId`)."""
        self.newest_first = True
        """Whether lists start with what was made or updated last (recalled; the schema does not say)."""
        self.answer_repeated = False
        """Whether a create with an id that exists answers the existing thing, instead of being refused (unverified)."""
        self.comments_touch = True
        """Whether a comment counts as an update of what it is on (unverified)."""
        self.relations_touch = True
        """Whether a relation counts as an update of both its issues (unverified)."""
        self.markdown_rules = set(DEFAULT_RULES)
        """How text is changed when it is saved; see `markdown.py`."""
        self.organization = Organization(**self.born(), name="Acme", url_key="acme")
        self.users: Shelf[User] = Shelf("User")
        self.teams: Shelf[Team] = Shelf("Team")
        self.states: Shelf[WorkflowState] = Shelf("WorkflowState")
        self.labels: Shelf[IssueLabel] = Shelf("IssueLabel")
        self.issues: Shelf[Issue] = Shelf("Issue")
        self.history: Shelf[IssueHistory] = Shelf("IssueHistory")
        self.relations: Shelf[IssueRelation] = Shelf("IssueRelation")
        self.comments: Shelf[Comment] = Shelf("Comment")
        self.attachments: Shelf[Attachment] = Shelf("Attachment")
        self.project_statuses: Shelf[ProjectStatus] = Shelf("ProjectStatus")
        self.project_labels: Shelf[ProjectLabel] = Shelf("ProjectLabel")
        self.projects: Shelf[Project] = Shelf("Project")
        self.milestones: Shelf[ProjectMilestone] = Shelf("ProjectMilestone")
        self.initiatives: Shelf[Initiative] = Shelf("Initiative")
        self.ties: Shelf[InitiativeToProject] = Shelf("InitiativeToProject")
        self.cycles: Shelf[Cycle] = Shelf("Cycle")
        self.links: Shelf[EntityExternalLink] = Shelf("EntityExternalLink")
        self.reports: Shelf[Report] = Shelf("ProjectUpdate")
        self.by_identifier: dict[str, Issue] = {}
        """Every identifier an issue ever had."""

    # --- time and identity ---------------------------------------------------------------

    def now(self) -> datetime:
        """Return the present moment."""
        return self._now() - self.past

    def stamp(self) -> str:
        """Return the present moment in milliseconds; many things may share one."""
        self._last = max(self._last, wire(self.now()))
        return self._last

    def today(self) -> str:
        """Return the present day, in UTC."""
        return self.stamp()[:10]

    def new_id(self) -> str:
        """Return a fresh UUID v4, the same ones in every run."""
        self._made += 1
        digits = hashlib.sha256(f"linear {self._made}".encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"

    def born(self, wanted: object = None) -> Born:
        """Return what every new node starts with: an id (the client's own, if it is any good) and the moment."""
        moment = self.stamp()
        return Born(id=self.new_id() if wanted is None else clean_id(wanted), created_at=moment, updated_at=moment)

    # --- finding -------------------------------------------------------------------------

    def find(self, shelf: Shelf[N], node_id: object) -> N:
        """
        Return the thing behind an id.

        Raises:
            Refusal: there is none, or it is hidden, in Linear's words.
        """
        node = shelf.by_id.get(str(node_id))
        if node is None or node.hidden:
            raise not_found(shelf.kind)
        return node

    def issue(self, name: object) -> Issue:
        """Return an issue by id, or by any identifier it ever had."""
        found = self.issues.by_id.get(str(name)) or self.by_identifier.get(str(name).upper())
        if found is None or not self.is_seen(found):
            raise not_found("Issue")
        return found

    def project(self, name: object) -> Project:
        """Return a project by id, or by the end of its URL."""
        return self._by_slug(self.projects, str(name))

    def initiative(self, name: object) -> Initiative:
        """Return an initiative by id, or by the end of its URL."""
        return self._by_slug(self.initiatives, str(name))

    def _by_slug(self, shelf: Shelf[N], name: str) -> N:
        if name not in shelf.by_id:
            last = name.rpartition("-")[2]
            name = next((node.id for node in shelf if getattr(node, "slug_id", None) == last), name)
        return self.find(shelf, name)

    def is_seen(self, issue: Issue) -> bool:
        """Say whether clients may see an issue: neither it nor its team is hidden."""
        return not issue.hidden and not issue.team.hidden

    # --- writing -------------------------------------------------------------------------

    def touched(self, shelf: Shelf[N], node: N) -> None:
        """Note that a thing was updated now."""
        node.updated_at = self.stamp()
        self.sync_id += 1
        shelf.touch(node)
        self.webhooks.note(UPDATED, shelf.kind, node)

    def keep(self, shelf: Shelf[N], node: N) -> N:
        """Keep a new thing."""
        self.sync_id += 1
        self.webhooks.note(CREATED, shelf.kind, node)
        return shelf.add(node)

    def drop(self, shelf: Shelf[N], node: N) -> None:
        """Forget a thing for good."""
        self.sync_id += 1
        shelf.drop(node)
        self.webhooks.note(DELETED, shelf.kind, node)

    def repeated(self, shelf: Shelf[N], wanted: object) -> N | None:
        """Return what has the id a client chose if the switch says so, else refuse it; `None` for a new id."""
        if wanted is None or clean_id(wanted) not in shelf.by_id:
            return None
        if self.answer_repeated:
            return shelf.by_id[clean_id(wanted)]
        raise Refusal(f"Entity with id {wanted} already exists", told=f"A {shelf.kind} with this id already exists.")


def clean_id(wanted: object) -> str:
    """Return a client's own id, or refuse what is no UUID v4."""
    found = str(wanted).lower()
    if not UUID_V4.fullmatch(found):
        raise Refusal("Argument Validation Error", told="id must be a UUID")
    return found


def not_found(kind: str) -> Refusal:
    """Return Linear's answer about an id that leads nowhere, as recorded by several public clients (2026-11-28)."""
    return Refusal(f"Entity not found: {kind}", told=f"Could not find referenced {kind}.")
