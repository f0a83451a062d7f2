"""What can be done to comments, relations and attachments, by anybody."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.sandbox.linear import edits_issue
from syncd.sandbox.linear.edits_issue import Hand
from syncd.sandbox.linear.markdown import saved
from syncd.sandbox.linear.nodes_issue import Attachment, Comment, Issue, IssueRelation
from syncd.sandbox.linear.nodes_plan import Initiative, Project
from syncd.sandbox.linear.state import FORBIDDEN, Refusal, State

Home = Issue | Project | Initiative


# --- comments ------------------------------------------------------------------------------


def comment(
    state: State,
    home: Home,
    body: object,
    by: Hand,
    *,
    parent: Comment | None = None,
    wanted_id: object = None,
    quoted: str | None = None,
    subscribe: bool = True,
) -> Comment:
    """Comment on something; a reply to a reply belongs to the comment the thread began with."""
    made = Comment(
        **state.born(wanted_id),
        body=_clean_body(state, body),
        user=None if by.bot else by.user,
        bot_actor=by.bot,
        issue=home if isinstance(home, Issue) else None,
        project=home if isinstance(home, Project) else None,
        initiative=home if isinstance(home, Initiative) else None,
        parent=(parent.parent or parent) if parent else None,
        quoted_text=quoted,
    )
    state.keep(state.comments, made)
    if not isinstance(home, Initiative):
        home.comments[made.id] = made
    if made.parent is not None:
        made.parent.children[made.id] = made
    if isinstance(home, Issue) and subscribe and not by.user.app:
        home.subscribers[by.user.id] = by.user
    _touch_home(state, made)
    return made


def reword(state: State, one: Comment, body: object, by: Hand) -> None:
    """Edit a comment, which only its author may."""
    if one.user is not by.user and not (one.bot_actor and by.user.app):
        told = "You can only edit your own comments."
        raise Refusal("You don't have permission to edit this comment", code=FORBIDDEN, told=told)
    text = _clean_body(state, body)
    if text != one.body:
        one.body, one.edited_at = text, state.stamp()
        state.touched(state.comments, one)
        _touch_home(state, one)


def uncomment(state: State, one: Comment) -> None:
    """Delete a comment for good, with its replies (what becomes of them is unverified)."""
    for reply in list(one.children.values()):
        uncomment(state, reply)
    home = one.issue or one.project
    if home is not None:
        home.comments.pop(one.id, None)
    if one.parent is not None:
        one.parent.children.pop(one.id, None)
    state.drop(state.comments, one)
    _touch_home(state, one)


def _clean_body(state: State, value: object) -> str:
    body = saved(str(value or ""), state.markdown_rules)
    if not body.strip():
        raise Refusal("Argument Validation Error", told="body must not be empty.")
    return body


def _touch_home(state: State, one: Comment) -> None:
    if not state.comments_touch:
        return
    if one.issue is not None:
        state.touched(state.issues, one.issue)
    elif one.project is not None:
        state.touched(state.projects, one.project)
    elif one.initiative is not None:
        state.touched(state.initiatives, one.initiative)


# --- relations -----------------------------------------------------------------------------


def relate(state: State, issue: Issue, other: Issue, kind: str, by: Hand, *, wanted_id: object = None) -> IssueRelation:
    """Relate two issues; what is related like that already stays as it is, a duplicate moves to its own state."""
    if issue is other:
        raise Refusal("An issue cannot be related to itself")
    for one in issue.relations.values():
        if one.related_issue is other and one.type == kind:
            return one
    made = IssueRelation(**state.born(wanted_id), issue=issue, related_issue=other, type=kind)
    state.keep(state.relations, made)
    issue.relations[made.id] = other.inverse_relations[made.id] = made
    if kind == "duplicate":
        ended = issue.team.state_of("duplicate", "canceled")
        edits_issue.edit(state, issue, {"state": ended}, by)
    _touch_both(state, made)
    return made


def retype(state: State, one: IssueRelation, kind: str) -> None:
    """Make a relation one of another type."""
    if one.type != kind:
        one.type = kind
        state.touched(state.relations, one)
        _touch_both(state, one)


def unrelate(state: State, one: IssueRelation) -> None:
    """Delete a relation for good."""
    one.issue.relations.pop(one.id, None)
    one.related_issue.inverse_relations.pop(one.id, None)
    state.drop(state.relations, one)
    _touch_both(state, one)


def _touch_both(state: State, one: IssueRelation) -> None:
    if state.relations_touch:
        state.touched(state.issues, one.issue)
        state.touched(state.issues, one.related_issue)


# --- attachments ---------------------------------------------------------------------------


def attach(state: State, issue: Issue, given: Mapping[str, object], by: Hand) -> Attachment:
    """Link an issue to a URL; a URL it is linked to already is updated instead, and keeps its id."""
    url = str(given["url"])
    found = next((one for one in issue.attachments.values() if one.url == url), None)
    if found is None:
        found = Attachment(**state.born(given.get("id")), issue=issue, title="", url=url, creator=by.user)
        state.keep(state.attachments, found)
        issue.attachments[found.id] = found
    redecorate(state, found, given)
    return found


def redecorate(state: State, one: Attachment, given: Mapping[str, object]) -> None:
    """Change how a link shows."""
    title = str(given.get("title") or one.title).strip()
    if not title:
        raise Refusal("Argument Validation Error", told="title must not be empty.")
    one.title = title
    if "subtitle" in given:
        one.subtitle = str(given["subtitle"]) if given["subtitle"] else None
    if isinstance(metadata := given.get("metadata"), dict):
        one.metadata = metadata
    state.touched(state.attachments, one)
    state.touched(state.issues, one.issue)


def detach(state: State, one: Attachment) -> None:
    """Delete a link for good."""
    one.issue.attachments.pop(one.id, None)
    state.drop(state.attachments, one)
    state.touched(state.issues, one.issue)
