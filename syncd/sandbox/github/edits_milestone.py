"""What can be done to a milestone, by an API client and by a person alike. None of it touches its issues."""

from __future__ import annotations

from syncd.sandbox.github.nodes import Milestone
from syncd.sandbox.github.state import Refusal, State


def rename(state: State, one: Milestone, title: str) -> None:
    """Give it another title, unique in its repository."""
    stored = title.strip()
    if not stored:
        raise Refusal("UNPROCESSABLE", "Title can't be blank")
    if stored == one.title:
        return
    taken = one.repository.milestone_titles
    if stored in taken:
        raise Refusal("UNPROCESSABLE", "Title has already been taken")
    taken.remove(one.title)
    taken.add(stored)
    one.title = stored
    state.moved(one)


def describe(state: State, one: Milestone, description: str | None) -> None:
    """Give it another description, or none."""
    if description != one.description:
        one.description = description
        state.moved(one)


def set_due(state: State, one: Milestone, due_on: str | None) -> None:
    """Give it another due date as stored (see `pacific`), or none."""
    if due_on != one.due_on:
        one.due_on = due_on
        state.moved(one)


def set_state(state: State, one: Milestone, wanted: str) -> None:
    """Close it or open it again: `OPEN` or `CLOSED`."""
    if wanted != one.state:
        one.state = wanted
        state.moved(one)
        one.closed_at = one.updated_at if wanted == "CLOSED" else None


def delete(state: State, one: Milestone) -> None:
    """Delete it; its issues go on without one."""
    for issue in one.issues.values():
        issue.milestone = None
        state.touch(issue)
    one.repository.milestones[one.number - 1] = None
    one.repository.milestone_titles.remove(one.title)
    state.drop(one)
