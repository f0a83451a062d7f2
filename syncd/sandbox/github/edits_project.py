"""What can be done to a project's items, by an API client and by a person alike."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date

from syncd.sandbox.github import edits_issue
from syncd.sandbox.github.nodes import Issue, PullRequest, Repository, User
from syncd.sandbox.github.nodes_project import DraftIssue, Field, Iteration, Option, Project, ProjectItem, Stored
from syncd.sandbox.github.state import Refusal, State

MAX_TEXT = 1_024
WRITABLE = frozenset({"TEXT", "NUMBER", "DATE", "SINGLE_SELECT", "ITERATION"})


def add(state: State, project: Project, content: Issue | PullRequest, by: User | None) -> ProjectItem:
    """Return the content's item, made at the end of the project when there is none yet (archived ones count)."""
    found = project.by_content.get(content.id)
    if found is not None:
        return found
    item = _place(state, project, by)
    item.content = content
    project.by_content[content.id] = item
    content.project_items.append(item)
    return item


def add_draft(
    state: State, project: Project, title: str, body: str, *, by: User | None, assignees: tuple[User, ...] = ()
) -> ProjectItem:
    """Add a draft issue to the project."""
    stored = edits_issue.clean_title(title)
    text = edits_issue.clean_body(body)
    item = _place(state, project, by)
    draft = state.draft(item, stored, text, by)
    draft.assignees = {user.id: user for user in assignees if user.active}
    item.content = draft
    return item


def edit_draft(
    state: State,
    draft: DraftIssue,
    *,
    title: str | None = None,
    body: str | None = None,
    assignees: tuple[User, ...] | None = None,
) -> None:
    """Change what is given of a draft; its item counts as updated too, for the draft lives in it."""
    before = (draft.title, draft.body, set(draft.assignees))
    if title is not None:
        draft.title = edits_issue.clean_title(title)
    if body is not None:
        draft.body = edits_issue.clean_body(body)
    if assignees is not None:
        draft.assignees = {user.id: user for user in assignees if user.active}
    if before != (draft.title, draft.body, set(draft.assignees)):
        state.moved(draft.item)
        draft.updated_at = draft.item.updated_at


def convert(state: State, item: ProjectItem, repository: Repository, by: User | None) -> Issue:
    """Turn a draft into an issue of that repository; the item stays the same, the draft's id dies."""
    draft = item.content
    if not isinstance(draft, DraftIssue):
        raise Refusal("UNPROCESSABLE", "Only draft issues can be converted to issues")
    issue = state.add_issue(repository, draft.title, author=by, body=draft.body)
    issue.assignees = dict(draft.assignees)
    item.content = issue
    state.moved(item, "converted")
    item.project.by_content[issue.id] = item
    issue.project_items.append(item)
    state.drop(draft)
    return issue


def set_value(state: State, item: ProjectItem, column: Field, value: Stored, by: User | None) -> None:
    """Write one cell: bumps the item, never the issue (vendor-facts section 3: unverified, assumed)."""
    if column.data_type not in WRITABLE:
        raise Refusal("VALIDATION", f"The field of type {column.data_type.lower()} is currently not supported.")
    cell = item.values.get(column.id)
    if cell is not None and cell.value == value:
        return
    _tell_status(state, item, column, cell.value if cell else None, value)
    cell = state.value(item, column, by)
    cell.value = value
    state.moved(item)
    cell.updated_at = item.updated_at
    if state.close_on_done and isinstance(value, Option) and value is _done(item.project):
        content = item.content
        if isinstance(content, Issue) and content.state == "OPEN":
            edits_issue.close(state, content, "COMPLETED", then=after_close)


def clear_value(state: State, item: ProjectItem, column: Field) -> None:
    """Empty one cell."""
    cell = item.values.pop(column.id, None)
    if cell is not None:
        _tell_status(state, item, column, cell.value, None)
        state.moved(item)


def _tell_status(state: State, item: ProjectItem, column: Field, before: Stored | None, after: Stored | None) -> None:
    """Note a change of Status in the issue's timeline: of all columns the only one GitHub tells of."""
    if column.name != "Status" or not isinstance(item.content, Issue):
        return
    event = state.tell(item.content, "ProjectV2ItemStatusChangedEvent")
    if event is not None:
        event.project = item.project
        event.previous_status = before.name if isinstance(before, Option) else ""
        event.status = after.name if isinstance(after, Option) else ""


def forget(state: State, column: Field, gone: Stored) -> None:
    """Empty every cell of a column that holds what was deleted; no item counts as updated."""
    for item in state.nodes.values():
        if isinstance(item, ProjectItem) and column.id in item.values and item.values[column.id].value is gone:
            del item.values[column.id]


def checked(column: Field, given: dict[str, object]) -> Stored:
    """Return the value a `ProjectV2FieldValue` input gives to *column*, or refuse it in GitHub's words."""
    [(key, raw)] = given.items() if len(given) == 1 else [("", None)]
    match column.data_type, key, raw:
        case "TEXT", "text", str() if len(raw) <= MAX_TEXT:
            return raw
        case "NUMBER", "number", float() | int():
            return float(raw)
        case "DATE", "date", str():
            return raw
        case "SINGLE_SELECT", "singleSelectOptionId", str():
            return option(column, raw)
        case "ITERATION", "iterationId", str():
            return iteration(column, raw)
    kind = column.data_type.lower()
    if column.data_type == "TEXT" and key == "text":
        raise Refusal("UNPROCESSABLE", "Column value must be a valid value for text column")
    raise Refusal("VALIDATION", f"Did not receive a {kind} value to update a field of type {kind}")


def option(column: Field, option_id: str) -> Option:
    """Return a field's option by id; a retired id is refused."""
    for one in column.options:
        if one.id == option_id:
            return one
    raise Refusal("VALIDATION", "The single select option Id does not belong to the field")


def iteration(column: Field, iteration_id: str) -> Iteration:
    """Return a field's iteration by id; a retired id is refused."""
    for one in column.iterations:
        if one.id == iteration_id:
            return one
    raise Refusal("VALIDATION", "The iteration Id does not belong to the field")


def parse_text(column: Field, text: str) -> Stored:
    """Return the value a person types into *column*: names for options and iterations."""
    match column.data_type:
        case "NUMBER":
            return float(text)
        case "DATE":
            return date.fromisoformat(text).isoformat()
        case "SINGLE_SELECT":
            found: list[Option] | list[Iteration] = [o for o in column.options if o.name.casefold() == text.casefold()]
        case "ITERATION":
            found = [i for i in column.iterations if i.title.casefold() == text.casefold()]
        case _:
            return text
    if not found:
        names = ", ".join([o.name for o in column.options] + [i.title for i in column.iterations])
        raise Refusal("VALIDATION", f'"{text}" is not one of {names}')
    return found[0]


def archive(state: State, item: ProjectItem) -> None:
    """Hide the item: `items` no longer lists it, its id still reads."""
    if not item.is_archived:
        del item.project.live[_index(item)]
        item.is_archived = True
        state.moved(item, "archived")


def unarchive(state: State, item: ProjectItem) -> None:
    """Bring an archived item back to its place."""
    if item.is_archived:
        item.project.live.insert(_index(item), item)
        item.is_archived = False
        state.moved(item, "restored")


def remove(state: State, item: ProjectItem) -> None:
    """Take the item from the project; its issue stays, a draft dies with it."""
    if not item.is_archived:
        del item.project.live[_index(item)]
    content = item.content
    if isinstance(content, DraftIssue):
        state.drop(content)
    elif content is not None:
        content.project_items.remove(item)
        item.project.by_content.pop(content.id, None)
    state.drop(item)


def after_close(state: State, issue: Issue) -> None:
    """Run the built-in workflow "Item closed": Status becomes Done in every project the issue is in."""
    if not state.done_on_close:
        return
    for item in issue.project_items:
        status = item.project.named("Status")
        done = _done(item.project)
        if status is not None and done is not None and not item.is_archived:
            set_value(state, item, status, done, None)


def _done(project: Project) -> Option | None:
    status = project.named("Status")
    if status is None or not status.options:
        return None
    return next((one for one in status.options if one.name.casefold() == "done"), status.options[-1])


def _place(state: State, project: Project, by: User | None) -> ProjectItem:
    position = project.last_position + 1
    project.last_position = position
    item = ProjectItem(**state.born("PVTI"), project=project, position=position, content=None, creator=by)
    project.live.append(item)
    return state.keep(item)


def _index(item: ProjectItem) -> int:
    return bisect_left(item.project.live, item.position, key=lambda other: other.position)
