"""What can be done to an issue, by an API client and by a person alike; each refusal is worded as GitHub words it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from syncd.sandbox.github.nodes import Issue, IssueType, Label, Milestone, Repository, User
from syncd.sandbox.github.state import Refusal, State

MAX_TITLE = 256
MAX_BODY = 65_536
MAX_ASSIGNEES = 10
MAX_DEPTH = 8


def clean_title(title: str) -> str:
    """Return a title as GitHub stores it, without surrounding white space; blank and overlong ones are refused."""
    stored = title.strip()
    if not stored:
        raise Refusal("UNPROCESSABLE", "Title can't be blank")
    if len(stored) > MAX_TITLE:
        raise Refusal("UNPROCESSABLE", f"Title is too long (maximum is {MAX_TITLE} characters)")
    return stored


def clean_body(body: str) -> str:
    """Return a body as GitHub stores it: as sent, line ends too, but for trailing NULs; overlong ones are refused."""
    stored = body.rstrip("\0")
    if len(stored) > MAX_BODY:
        raise Refusal("UNPROCESSABLE", f"Body is too long (maximum is {MAX_BODY} characters)")
    return stored


def check_fits(
    repository: Repository,
    *,
    labels: Iterable[Label] = (),
    milestone: Milestone | None = None,
    issue_type: IssueType | None = None,
) -> None:
    """Refuse what an issue of that repository cannot have, before anything is changed."""
    if any(one.repository is not repository for one in labels):
        raise Refusal("UNPROCESSABLE", "Label does not belong to the same repository as the issue")
    if milestone is not None and milestone.repository is not repository:
        raise Refusal("UNPROCESSABLE", "Milestone does not belong to the same repository as the issue")
    if issue_type is not None and (issue_type not in repository.owner.issue_types or not issue_type.is_enabled):
        raise Refusal("UNPROCESSABLE", "Issue type is not available in this repository")


def rename(state: State, issue: Issue, title: str) -> None:
    """Give the issue another title."""
    stored = clean_title(title)
    if stored != issue.title:
        issue.title = stored
        state.touch(issue)
        state.tell(issue, "RenamedTitleEvent")


def rewrite(state: State, issue: Issue, body: str) -> None:
    """Give the issue another body."""
    stored = clean_body(body)
    if stored != issue.body:
        issue.body = stored
        state.touch(issue)
        issue.last_edited_at, issue.editor = issue.updated_at, state.actor


def label(state: State, issue: Issue, *, add: Iterable[Label] = (), remove: Iterable[Label] = ()) -> None:
    """Add and remove labels, which must be of the issue's own repository."""
    wanted = list(add)
    check_fits(issue.repository, labels=wanted)
    before = set(issue.labels)
    issue.labels |= {one.id: one for one in wanted}
    for one in remove:
        issue.labels.pop(one.id, None)
    if before != set(issue.labels):
        state.touch(issue)
        _tell_set(state, issue, before, set(issue.labels), ("LabeledEvent", "UnlabeledEvent"))


def assign(state: State, issue: Issue, *, add: Iterable[User] = (), remove: Iterable[User] = ()) -> None:
    """Add and remove assignees; whoever cannot be assigned, and an eleventh, is silently left out."""
    before = set(issue.assignees)
    for user in remove:
        issue.assignees.pop(user.id, None)
    for user in add:
        if user.active and (user.id in issue.assignees or len(issue.assignees) < MAX_ASSIGNEES):
            issue.assignees[user.id] = user
    if before != set(issue.assignees):
        state.touch(issue)
        _tell_set(state, issue, before, set(issue.assignees), ("AssignedEvent", "UnassignedEvent"))


def plan(state: State, issue: Issue, milestone: Milestone | None) -> None:
    """Put the issue under a milestone of its own repository, or under none."""
    check_fits(issue.repository, milestone=milestone)
    if milestone is issue.milestone:
        return
    for side in (issue.milestone, milestone):
        if side is not None:
            side.updated_at = state.stamp()
    if issue.milestone is not None:
        issue.milestone.issues.pop(issue.id, None)
        state.tell(issue, "DemilestonedEvent")
    if milestone is not None:
        milestone.issues[issue.id] = issue
        state.tell(issue, "MilestonedEvent")
    issue.milestone = milestone
    state.touch(issue)


def retype(state: State, issue: Issue, issue_type: IssueType | None) -> None:
    """Give the issue another type of its organisation, or none."""
    check_fits(issue.repository, issue_type=issue_type)
    if issue_type is not issue.issue_type:
        verb = "Removed" if issue_type is None else "Added" if issue.issue_type is None else "Changed"
        issue.issue_type = issue_type
        state.touch(issue)
        state.tell(issue, f"IssueType{verb}Event")


def close(
    state: State, issue: Issue, reason: str | None, *, then: Callable[[State, Issue], None] | None = None
) -> None:
    """Close the issue (again, with another reason); *then* is what project workflows make of it."""
    wanted = reason or "COMPLETED"
    if issue.state == "CLOSED" and issue.state_reason == wanted:
        return
    was_open = issue.state == "OPEN"
    issue.state, issue.state_reason = "CLOSED", wanted
    state.touch(issue)
    state.tell(issue, "ClosedEvent")
    if was_open:
        issue.closed_at = issue.updated_at
        _touch_milestone(state, issue)
        if then is not None:
            then(state, issue)


def reopen(state: State, issue: Issue) -> None:
    """Open the issue again."""
    if issue.state == "OPEN":
        return
    issue.state, issue.state_reason, issue.closed_at = "OPEN", "REOPENED", None
    state.touch(issue)
    state.tell(issue, "ReopenedEvent")
    _touch_milestone(state, issue)


def nest(state: State, parent: Issue, child: Issue, *, replace: bool) -> None:
    """
    Make *child* a sub-issue of *parent*; with *replace* it may leave another parent.

    Refused: a second parent, a cycle, more children than a parent may have or `MAX_DEPTH` levels.
    """
    if child.parent is parent:
        raise Refusal("UNPROCESSABLE", "Issue may not contain duplicate sub-issues")
    if child.parent is not None and not replace:
        raise Refusal("UNPROCESSABLE", "Sub issue may only have one parent")
    line = _ancestors(parent)
    if child is parent or child in line:
        raise Refusal("UNPROCESSABLE", "Sub issue may not be an ancestor of its parent: that would create a cycle")
    if len(parent.sub_issues) >= state.max_sub_issues:
        raise Refusal("UNPROCESSABLE", f"Parent cannot have more than {state.max_sub_issues} sub-issues")
    if len(line) + 1 + _height(child) > MAX_DEPTH:
        raise Refusal("UNPROCESSABLE", f"Sub-issues cannot be nested more than {MAX_DEPTH} layers deep")
    if child.parent is not None:
        _unlink(state, child.parent, child)
    child.parent = parent
    parent.sub_issues[child.id] = child
    state.touch(parent)
    state.touch(child)
    state.tell(child, "ParentIssueAddedEvent")


def unnest(state: State, parent: Issue, child: Issue) -> None:
    """Take a sub-issue from its parent."""
    if child.parent is not parent:
        raise Refusal("UNPROCESSABLE", "The provided sub-issue is not a sub-issue of the given issue")
    _unlink(state, parent, child)
    child.parent = None
    state.touch(child)
    state.tell(child, "ParentIssueRemovedEvent")


def block(state: State, issue: Issue, blocker: Issue) -> None:
    """Note that *blocker* blocks *issue*."""
    if issue is blocker:
        raise Refusal("UNPROCESSABLE", "An issue cannot be blocked by itself")
    if blocker.id in issue.blocked_by:
        raise Refusal("UNPROCESSABLE", "This dependency already exists")
    issue.blocked_by[blocker.id] = blocker
    blocker.blocking[issue.id] = issue
    state.tell(issue, "BlockedByAddedEvent")
    state.touch(issue)
    state.touch(blocker)


def unblock(state: State, issue: Issue, blocker: Issue) -> None:
    """Take the dependency away; nothing happens when there is none."""
    if issue.blocked_by.pop(blocker.id, None) is not None:
        blocker.blocking.pop(issue.id, None)
        state.tell(issue, "BlockedByRemovedEvent")
        state.touch(issue)
        state.touch(blocker)


def delete(state: State, issue: Issue) -> None:
    """Delete the issue for good, with its project items; its number is never given again."""
    for item in tuple(issue.project_items):
        if not item.is_archived:
            item.project.live.remove(item)
        item.project.by_content.pop(issue.id, None)
        state.drop(item)
    for child in issue.sub_issues.values():
        child.parent = None
    if issue.parent is not None:
        _unlink(state, issue.parent, issue)
    for other in tuple(issue.blocked_by.values()):
        unblock(state, issue, other)
    for other in tuple(issue.blocking.values()):
        unblock(state, other, issue)
    if issue.milestone is not None:
        issue.milestone.issues.pop(issue.id, None)
    for comment in issue.comments:
        state.drop(comment)
    issue.touch = -1
    issue.repository.contents[issue.number - 1] = None
    state.gone.add((issue.repository.id, issue.number))
    state.drop(issue)


def replace_members(have: Sequence[str], want: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which ids to add and which to remove to get from *have* to *want*, in order."""
    return [one for one in want if one not in have], [one for one in have if one not in want]


def _tell_set(state: State, issue: Issue, before: set[str], after: set[str], kinds: tuple[str, str]) -> None:
    """Tell each that came and each that went by itself, as GitHub does."""
    for members, kind in zip((after - before, before - after), kinds, strict=True):
        for _ in members:
            state.tell(issue, kind)


def _touch_milestone(state: State, issue: Issue) -> None:
    if issue.milestone is not None:
        issue.milestone.updated_at = state.stamp()


def _unlink(state: State, parent: Issue, child: Issue) -> None:
    parent.sub_issues.pop(child.id, None)
    state.touch(parent)


def _ancestors(issue: Issue) -> list[Issue]:
    line: list[Issue] = []
    above = issue.parent
    while above is not None:
        line.append(above)
        above = above.parent
    return line


def _height(issue: Issue) -> int:
    return 1 + max((_height(child) for child in issue.sub_issues.values()), default=0)
