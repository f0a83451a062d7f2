"""What can be done to labels: a name is unique in its team and the workspace together, whatever its case."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.sandbox.linear.nodes import IssueLabel, ProjectLabel, Team, User
from syncd.sandbox.linear.state import Refusal, State


def create(
    state: State,
    name: str,
    *,
    team: Team | None = None,
    parent: IssueLabel | None = None,
    is_group: bool = False,
    creator: User | None = None,
    wanted_id: object = None,
) -> IssueLabel:
    """Make a label of a team, or of the workspace when *team* is `None`."""
    made = IssueLabel(
        **state.born(wanted_id),
        name=_free_name(state, name, team),
        team=team,
        parent=parent,
        is_group=is_group,
        creator=creator,
    )
    if parent is not None:
        parent.is_group = True
        parent.children.append(made)
    return state.keep(state.labels, made)


def _free_name(state: State, name: str, team: Team | None) -> str:
    clean = name.strip()
    if not clean:
        raise Refusal("Argument Validation Error", told="name must not be empty.")
    if find(state, clean, team) is not None:
        raise Refusal("Duplicate label name", told=f'A label with the name "{clean}" already exists.')
    return clean


def find(state: State, name: str, team: Team | None) -> IssueLabel | None:
    """Return the label of that name an issue of *team* may have."""
    folded = name.strip().casefold()
    return next((one for one in state.labels if one.team in {None, team} and one.name.casefold() == folded), None)


def edit(state: State, label: IssueLabel, given: Mapping[str, object]) -> None:
    """Rename, describe or repaint a label; what has it does not count as updated."""
    name = given.get("name")
    if name is not None and str(name).strip().casefold() != label.name.casefold():
        label.name = _free_name(state, str(name), label.team)
    elif name is not None:
        label.name = str(name).strip()
    label.color = str(given.get("color") or label.color)
    if "description" in given:
        label.description = str(given["description"]) if given["description"] else None
    state.touched(state.labels, label)


def delete(state: State, label: IssueLabel) -> None:
    """Delete a label for good; what had it does not count as updated."""
    for issue in state.issues:
        issue.labels.pop(label.id, None)
    if label.parent is not None:
        label.parent.children.remove(label)
    state.drop(state.labels, label)


def create_for_projects(state: State, name: str, *, wanted_id: object = None) -> ProjectLabel:
    """Make a label for projects."""
    clean = name.strip()
    if not clean or any(one.name.casefold() == clean.casefold() for one in state.project_labels):
        raise Refusal("Duplicate label name", told=f'A project label with the name "{clean}" already exists.')
    return state.keep(state.project_labels, ProjectLabel(**state.born(wanted_id), name=clean))
