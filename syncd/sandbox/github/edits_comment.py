"""What can be done to a comment, by an API client and by a person alike."""

from __future__ import annotations

from syncd.sandbox.github.edits_issue import clean_body
from syncd.sandbox.github.nodes import Issue, IssueComment, PullRequest, Repository, User
from syncd.sandbox.github.state import Refusal, State


def add(state: State, subject: Issue | PullRequest, body: str, by: User | None) -> IssueComment:
    """Comment on an issue or pull request."""
    return state.add_comment(subject, _clean(body), author=by)


def rewrite(state: State, comment: IssueComment, body: str) -> None:
    """Give a comment another body; its issue is not counted as updated by that (unverified, so the harder case)."""
    stored = _clean(body)
    if stored != comment.body:
        comment.body = stored
        state.moved(comment)
        comment.last_edited_at = comment.updated_at
        comment.editor = state.actor


def delete(state: State, comment: IssueComment) -> None:
    """Delete a comment for good; no list ever tells of it."""
    comment.subject.comments.remove(comment)
    state.drop(comment)


def listed(repository: Repository, since: str, *, by_update: bool) -> list[IssueComment]:
    """Return a repository's comments updated at or after *since*, those on pull requests too, by id or by update."""
    found = [
        comment
        for subject in repository.contents
        if subject is not None and not subject.hidden
        for comment in subject.comments
        if comment.updated_at >= since
    ]
    return sorted(found, key=lambda one: (one.updated_at if by_update else "", one.database_id))


def _clean(body: str) -> str:
    stored = clean_body(body)
    if not stored.strip():
        raise Refusal("UNPROCESSABLE", "Body can't be blank")
    return stored
