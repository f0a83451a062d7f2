"""Everything the stand-in remembers, found by id in one step, and how new things come to be."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypedDict, TypeVar

from syncd.sandbox.github.nodes import (
    Event,
    Issue,
    IssueComment,
    IssueType,
    Label,
    Milestone,
    Node,
    Organization,
    PullRequest,
    Repository,
    User,
)
from syncd.sandbox.github.nodes_project import DraftIssue, Field, FieldValue, Option, Project, ProjectItem
from syncd.sandbox.webhooks import CREATED, DELETED, TOLD, UPDATED, Registry

N = TypeVar("N", bound=Node)
TOLD_OF = (Issue, IssueComment, Milestone, Label, ProjectItem)
"""What webhooks tell of."""
WEB = "https://github.com"
"""Where items live for people; nothing is fetched from there."""
FIRST_DATABASE_ID = 1_000_001


class Born(TypedDict):
    """What every node has from the start."""

    id: str
    database_id: int
    created_at: str
    updated_at: str


class Refusal(Exception):  # noqa: N818 - it is GitHub's answer, not our failure
    """GitHub says no: *kind* is the `type` of a GraphQL error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def wire(moment: datetime) -> str:
    """Return an aware time as GitHub writes it, in whole seconds."""
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


class State:
    """Organisations, people, repositories, projects and every node by id. Times never go back, even if *now* does."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last, self._last_second = "", -1
        self.actor: User | None = None
        """Whoever is editing now: signs what happens."""
        self.past = timedelta()
        """How long ago things are said to happen, while seeding."""
        self._next_id = FIRST_DATABASE_ID
        self.webhooks = Registry()
        self.nodes: dict[str, Node] = {}
        self.users: dict[str, User] = {}
        self.organizations: dict[str, Organization] = {}
        self.gone: set[tuple[str, int]] = set()
        """Deleted issues, by repository id and number: REST answers 410."""
        self.max_sub_issues = 100
        """How many a parent may have (vendor-facts section 3: recalled)."""
        self.done_on_close = True
        """The built-in project workflow "Item closed": Status becomes Done (or the last option)."""
        self.close_on_done = False
        """The built-in project workflow "Auto-close issue": Status Done closes the issue."""

    # --- time and identity ---------------------------------------------------------------

    def moment(self) -> datetime:
        """Return the present moment."""
        return self._now() - self.past

    def stamp(self) -> str:
        """Return the present moment in whole seconds; many things may share one."""
        moment = self.moment()
        second = int(moment.timestamp())
        if second > self._last_second:
            self._last, self._last_second = wire(moment), second
        return self._last

    def identity(self, prefix: str) -> tuple[str, int]:
        """Return a fresh node id and database id."""
        number = self._next_id
        self._next_id += 1
        body = base64.urlsafe_b64encode(number.to_bytes(6, "big")).decode().rstrip("=")
        return f"{prefix}_kwDO{body}", number

    def born(self, prefix: str) -> Born:
        """Return what every new node starts with: fresh ids and the present moment."""
        node_id, number = self.identity(prefix)
        now = self.stamp()
        return Born(id=node_id, database_id=number, created_at=now, updated_at=now)

    def keep(self, node: N) -> N:
        """Remember a node under its id."""
        self.nodes[node.id] = node
        if isinstance(node, TOLD_OF):
            self.webhooks.note(CREATED, node.typename, node)
        return node

    def drop(self, node: Node) -> None:
        """Forget a node: its id resolves to nothing."""
        self.nodes.pop(node.id, None)
        if isinstance(node, TOLD_OF):
            self.webhooks.note(DELETED, node.typename, node)

    def moved(self, node: Node, action: str | None = None) -> None:
        """Stamp a milestone, comment or project item as updated now; *action* is what webhooks call that."""
        node.updated_at = self.stamp()
        self.webhooks.note(UPDATED, type(node).__name__, node, action)

    # --- finding -------------------------------------------------------------------------

    def find(self, node_id: str) -> Node:
        """
        Return the node behind a global id.

        Raises:
            Refusal: `NOT_FOUND`, worded as in the recorded answers, also for what is hidden.
        """
        node = self.nodes.get(node_id)
        if node is None or node.hidden:
            raise Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{node_id}'")
        return node

    def find_as(self, kind: type[N], node_id: object) -> N:
        """Return the node behind an id that must be of one kind; as `find` otherwise."""
        node = self.find(str(node_id))
        if not isinstance(node, kind):
            raise Refusal("NOT_FOUND", f"Could not resolve to {kind.__name__} node with the global id of '{node_id}'.")
        return node

    def repository(self, owner: str, name: str) -> Repository:
        """Return a repository by name, whatever its case, or refuse as GitHub does."""
        organization = self.organizations.get(owner.casefold())
        found = organization.repositories.get(name.casefold()) if organization else None
        if found is None or found.hidden:
            raise Refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return found

    # --- making --------------------------------------------------------------------------

    def add_user(self, login: str, *, name: str | None = None, email: str = "") -> User:
        """Add a person."""
        user = User(**self.born("U"), login=login, name=name, email=email)
        self.users[login.casefold()] = user
        return self.keep(user)

    def add_organization(self, login: str, *, name: str | None = None) -> Organization:
        """Add an organisation without anything in it."""
        made = Organization(**self.born("O"), login=login, name=name)
        self.organizations[login.casefold()] = made
        return self.keep(made)

    def add_issue_type(self, owner: Organization, name: str, *, color: str = "BLUE") -> IssueType:
        """Add a type for the organisation's issues."""
        made = IssueType(**self.born("IT"), name=name, color=color)
        owner.issue_types.append(made)
        return self.keep(made)

    def add_repository(self, owner: Organization, name: str) -> Repository:
        """Add an empty repository."""
        made = Repository(**self.born("R"), owner=owner, name=name)
        owner.repositories[name.casefold()] = made
        return self.keep(made)

    def add_label(self, repository: Repository, name: str, *, color: str = "ededed", about: str | None = None) -> Label:
        """Add a label, or refuse a name that is taken (whatever its case) or blank."""
        folded = name.strip().casefold()
        if not folded:
            raise Refusal("UNPROCESSABLE", "Name can't be blank")
        if folded in repository.labels:
            raise Refusal("UNPROCESSABLE", "Name has already been taken")
        made = Label(
            **self.born("LA"),
            repository=repository,
            name=name.strip(),
            color=color,
            description=about,
        )
        repository.labels[folded] = made
        return self.keep(made)

    def add_milestone(
        self,
        repository: Repository,
        title: str,
        *,
        description: str | None = None,
        due_on: str | None = None,
        creator: User | None = None,
    ) -> Milestone:
        """Add an open milestone; *due_on* as stored (see `pacific`). A title is unique in its repository."""
        if not title.strip():
            raise Refusal("UNPROCESSABLE", "Title can't be blank")
        if title.strip() in repository.milestone_titles:
            raise Refusal("UNPROCESSABLE", "Title has already been taken")
        made = Milestone(
            **self.born("MI"),
            repository=repository,
            number=len(repository.milestones) + 1,
            title=title.strip(),
            description=description,
            due_on=due_on,
            creator=creator,
        )
        repository.milestones.append(made)
        repository.milestone_titles.add(made.title)
        return self.keep(made)

    def add_issue(self, repository: Repository, title: str, *, author: User | None, body: str = "") -> Issue:
        """Add an open issue under the next number, untyped and unlabelled."""
        made = Issue(
            **self.born("I"),
            repository=repository,
            number=len(repository.contents) + 1,
            title=title,
            body=body,
            author=author,
        )
        repository.contents.append(made)
        self.touch(made)
        return self.keep(made)

    def add_pull_request(self, repository: Repository, title: str, *, author: User | None) -> PullRequest:
        """Add an open pull request under the next number."""
        made = PullRequest(
            **self.born("PR"),
            repository=repository,
            number=len(repository.contents) + 1,
            title=title,
            author=author,
        )
        repository.contents.append(made)
        self.touch(made)
        return self.keep(made)

    def add_comment(self, subject: Issue | PullRequest, body: str, *, author: User | None) -> IssueComment:
        """Add a comment, which counts as an update of what it is about."""
        made = IssueComment(**self.born("IC"), subject=subject, body=body, author=author)
        subject.comments.append(made)
        self.touch(subject)
        return self.keep(made)

    def add_project(self, owner: Organization, number: int, title: str, *, creator: User | None = None) -> Project:
        """Add a project without any field."""
        made = Project(
            **self.born("PVT"),
            owner=owner,
            number=number,
            title=title,
            creator=creator,
        )
        owner.projects[number] = made
        return self.keep(made)

    def add_field(self, project: Project, name: str, data_type: str, options: tuple[str, ...] = ()) -> Field:
        """Add a column; *options* for a single select."""
        prefix = {"SINGLE_SELECT": "PVTSSF", "ITERATION": "PVTIF"}.get(data_type, "PVTF")
        made = Field(
            **self.born(prefix),
            project=project,
            name=name,
            data_type=data_type,
            options=[Option(id=self.option_id(), name=option) for option in options],
        )
        project.fields[made.id] = made
        return self.keep(made)

    def option_id(self) -> str:
        """Return a fresh id for an option or iteration: eight hexadecimal digits."""
        return f"{(self.identity('')[1] * 2_654_435_761) % 2**32:08x}"

    # --- keeping order -------------------------------------------------------------------

    def touch(self, content: Issue | PullRequest) -> None:
        """Stamp an issue or pull request as updated now, and move it to the end of the update order."""
        content.updated_at = self.stamp()
        repository = content.repository
        content.touch = len(repository.touched)
        repository.touched.append((content.updated_at, content))
        self.webhooks.note(UPDATED, content.typename, content)

    def tell(self, issue: Issue, typename: str) -> Event | None:
        """Note in an issue's timeline what just happened; nothing while seeding."""
        if self.past:
            return None
        event = Event(**self.born("EV"), typename=typename, actor=self.actor)
        issue.timeline.append(event)
        self.webhooks.note(TOLD, issue.typename, issue, typename)
        return self.keep(event)

    def value(self, item: ProjectItem, column: Field, by: User | None) -> FieldValue:
        """Return the item's cell in a column, made empty when there is none yet."""
        cell = item.values.get(column.id)
        if cell is None:
            cell = FieldValue(
                **self.born("PVTFV"),
                field=column,
                item=item,
                creator=by,
            )
            item.values[column.id] = cell
        return cell

    def draft(self, item: ProjectItem, title: str, body: str, creator: User | None) -> DraftIssue:
        """Return a new draft as the content of an item."""
        return self.keep(
            DraftIssue(
                **self.born("DI"),
                title=title,
                body=body,
                creator=creator,
                item=item,
            )
        )
