"""What a person does in the web page, by the names people use; unlike a client, nobody asks for node ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeAlias

from syncd.errors import ConfigError
from syncd.sandbox.github import edits_comment, edits_issue, edits_milestone, edits_project
from syncd.sandbox.github.nodes import Issue, IssueComment, Label, Milestone, Repository, User
from syncd.sandbox.github.nodes_project import DraftIssue, Project, ProjectItem
from syncd.sandbox.github.state import State
from syncd.sandbox.pacific import due_day
from syncd.sandbox.standin import unknown

WHERE = "sandbox github"
Found: TypeAlias = Issue | Milestone | ProjectItem | IssueComment
"""Whatever people can name; a draft stands for its item."""
CLOSED_REASONS = {"closed": "COMPLETED", "not planned": "NOT_PLANNED", "duplicate": "DUPLICATE"}


class People:
    """Edits one project and its repositories as somebody would in the browser."""

    def __init__(self, state: State, project: Project) -> None:
        self._state = state
        self._project = project

    # --- names ---------------------------------------------------------------------------

    def person(self, login: str | None) -> User:
        """Return who that is; the admin when nobody is named."""
        found = self._state.users.get((login or "admin").casefold())
        if found is None:
            raise unknown("person", str(login), [one.login for one in self._state.users.values()], where=WHERE)
        return found

    def repository(self, name: str) -> Repository:
        """Return a repository by `owner/name` or just its name."""
        known = self._project.owner.repositories
        found = known.get(name.rpartition("/")[2].casefold())
        if found is None:
            raise unknown("repository", name, [one.name_with_owner for one in known.values()], where=WHERE)
        return found

    def find(self, key: str) -> Found:
        """
        Return what people call so, or any by node id.

        An issue is `acme/api#7` or `api#7`, its comment `api#7#c1000042`, a
        milestone `api/milestone/3`; a draft only has its item's node id.

        Raises:
            ConfigError: there is none; says what is near.
        """
        node = self._state.nodes.get(key)
        if isinstance(node, DraftIssue):
            node = node.item
        if isinstance(node, ProjectItem) and isinstance(node.content, Issue):
            node = node.content
        if isinstance(node, Found):
            return node
        plain = key.removeprefix("https://github.com/").replace("/issues/", "#").replace("#issuecomment-", "#c")
        found = self._comment(plain) or self._by_name(plain)
        if found is None:
            raise unknown("item", key, self.names(), where=WHERE)
        return found

    def _comment(self, key: str) -> IssueComment | None:
        above, _, number = key.rpartition("#c")
        issue = self._by_name(above)
        comments = issue.comments if isinstance(issue, Issue) else ()
        return next((comment for comment in comments if str(comment.database_id) == number), None)

    def _by_name(self, key: str) -> Issue | Milestone | None:
        for mark in ("#", "/milestone/"):
            name, found, number = key.partition(mark)
            repository = self._project.owner.repositories.get(name.rpartition("/")[2].casefold())
            if not found or repository is None or not number.isdigit():
                continue
            held = repository.contents if mark == "#" else repository.milestones
            one = held[int(number) - 1] if 0 < int(number) <= len(held) else None
            return one if isinstance(one, Issue | Milestone) else None
        return None

    def names(self) -> Iterable[str]:
        """Yield the name of everything there is."""
        for repository in self._project.owner.repositories.values():
            yield from (name_of(one) for one in repository.contents if isinstance(one, Issue))
            yield from (name_of(one) for one in repository.milestones if one is not None)
        for item in self._project.live:
            if isinstance(item.content, DraftIssue):
                yield item.id

    def item(self, key: str) -> ProjectItem:
        """Return the project item of an issue or draft."""
        one = self.find(key)
        item = self._item_of(one)
        if item is None:
            raise ConfigError(
                f'"{key}" is not in project {self._project.number}', where=WHERE, fix="add it there first"
            )
        return item

    def _item_of(self, one: Found) -> ProjectItem | None:
        if isinstance(one, ProjectItem):
            return one
        return self._project.by_content.get(one.id)

    # --- editing -------------------------------------------------------------------------

    def edit(self, key: str, field: str, value: object, by: User) -> None:
        """Change one field: the thing's own, or else a column of the project by its name."""
        one = self.find(key)
        name = field.casefold().replace(" ", "_")
        own: Mapping[str, Callable[[object], None]]
        match one:
            case Issue():
                own = self._issue_fields(one)
            case Milestone():
                own = self._milestone_fields(one)
            case IssueComment():
                own = {"body": lambda value: edits_comment.rewrite(self._state, one, typed(value))}
            case _:
                own = self._draft_fields(one)
        if name in own:
            own[name](value)
            return
        item = self._item_of(one)
        column = self._project.named(field) or self._project.named(field.replace("_", " "))
        if item is None or column is None or column.data_type not in edits_project.WRITABLE:
            columns = [c.name for c in self._project.fields.values() if c.data_type in edits_project.WRITABLE]
            raise unknown("field", field, [*own, *(columns if item else ())], where=f"{WHERE}: {key}")
        if value is None or value == "":
            edits_project.clear_value(self._state, item, column)
        else:
            edits_project.set_value(self._state, item, column, edits_project.parse_text(column, str(value)), by)

    def _issue_fields(self, one: Issue) -> Mapping[str, Callable[[object], None]]:
        state = self._state
        return {
            "title": lambda value: edits_issue.rename(state, one, str(value)),
            "body": lambda value: edits_issue.rewrite(state, one, typed(value)),
            "labels": lambda value: self._relabel(one, listed(value)),
            "assignees": lambda value: self._reassign(one, listed(value)),
            "milestone": lambda value: edits_issue.plan(state, one, self._milestone(one.repository, value)),
            "state": lambda value: self._move(one, str(value).casefold().replace("_", " ")),
            "type": lambda value: self._retype(one, value),
            "parent": lambda value: self._reparent(one, value),
            "blocked_by": lambda value: self._reblock(one, listed(value)),
        }

    def _milestone_fields(self, one: Milestone) -> Mapping[str, Callable[[object], None]]:
        state = self._state
        return {
            "title": lambda value: edits_milestone.rename(state, one, str(value)),
            "description": lambda value: edits_milestone.describe(state, one, None if value is None else typed(value)),
            "due_on": lambda value: edits_milestone.set_due(
                state, one, due_day(date.fromisoformat(str(value)[:10])) if value else None
            ),
            "state": lambda value: edits_milestone.set_state(state, one, str(value).upper()),
        }

    def _draft_fields(self, item: ProjectItem) -> Mapping[str, Callable[[object], None]]:
        draft = item.content
        if not isinstance(draft, DraftIssue):
            return {}
        state = self._state
        return {
            "title": lambda value: edits_project.edit_draft(state, draft, title=str(value)),
            "body": lambda value: edits_project.edit_draft(state, draft, body=typed(value)),
            "assignees": lambda value: edits_project.edit_draft(
                state, draft, assignees=tuple(self.person(one) for one in listed(value))
            ),
        }

    def _relabel(self, one: Issue, names: list[str]) -> None:
        wanted = {label.id: label for label in (self.label(one.repository, name) for name in names)}
        edits_issue.label(
            self._state,
            one,
            add=wanted.values(),
            remove=[label for key, label in one.labels.items() if key not in wanted],
        )

    def _reassign(self, one: Issue, logins: list[str]) -> None:
        wanted = {person.id: person for person in map(self.person, logins)}
        edits_issue.assign(
            self._state,
            one,
            add=wanted.values(),
            remove=[person for key, person in one.assignees.items() if key not in wanted],
        )

    def _move(self, one: Issue, wanted: str) -> None:
        if wanted in {"open", "reopened"}:
            edits_issue.reopen(self._state, one)
        elif wanted in CLOSED_REASONS:
            edits_issue.close(self._state, one, CLOSED_REASONS[wanted], then=edits_project.after_close)
        else:
            raise unknown("state", wanted, ["open", *CLOSED_REASONS], where=f"{WHERE}: {name_of(one)}")

    def _retype(self, one: Issue, value: object) -> None:
        types = one.repository.owner.issue_types
        found = next((each for each in types if each.name.casefold() == str(value).casefold()), None)
        if found is None and value:
            raise unknown("issue type", str(value), [each.name for each in types], where=f"{WHERE}: {name_of(one)}")
        edits_issue.retype(self._state, one, found)

    def _reparent(self, one: Issue, value: object) -> None:
        if not value:
            if one.parent is not None:
                edits_issue.unnest(self._state, one.parent, one)
            return
        above = self.find(str(value))
        if not isinstance(above, Issue):
            raise ConfigError(f'"{value}" is no issue', where=f"{WHERE}: {name_of(one)}", fix="name an issue")
        edits_issue.nest(self._state, above, one, replace=True)

    def _reblock(self, one: Issue, keys: list[str]) -> None:
        wanted = {each.id: each for each in map(self.find, keys) if isinstance(each, Issue)}
        for blocker in [each for each in one.blocked_by.values() if each.id not in wanted]:
            edits_issue.unblock(self._state, one, blocker)
        for blocker in [each for each in wanted.values() if each.id not in one.blocked_by]:
            edits_issue.block(self._state, one, blocker)

    def label(self, repository: Repository, name: str) -> Label:
        """Return a label, made when there is none of that name."""
        return repository.labels.get(name.strip().casefold()) or self._state.add_label(repository, name)

    def _milestone(self, repository: Repository, value: object) -> Milestone | None:
        if not value:
            return None
        held = [one for one in repository.milestones if one is not None]
        for one in held:
            if str(value) in {one.title, str(one.number), name_of(one)}:
                return one
        where = f"{WHERE}: {repository.name_with_owner}"
        raise unknown("milestone", str(value), [one.title for one in held], where=where)


def name_of(one: Found) -> str:
    """Return what people call it: `acme/api#7`, `acme/api#7#c1000042`, `acme/api/milestone/3`, or an item's id."""
    match one:
        case Issue():
            return f"{one.repository.name_with_owner}#{one.number}"
        case Milestone():
            return f"{one.repository.name_with_owner}/milestone/{one.number}"
        case IssueComment():
            return f"{one.repository.name_with_owner}#{one.subject.number}#c{one.database_id}"
    return one.id


def typed(value: object) -> str:
    """Return a text as the web page's form sends it: with CRLF line ends."""
    return str(value).replace("\r\n", "\n").replace("\n", "\r\n")


def listed(value: object) -> list[str]:
    """Return a list of names, from a list or from text with commas."""
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return [part.strip() for part in str(value or "").split(",") if part.strip()]
