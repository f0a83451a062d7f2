"""The agile API: the boards of a project and their sprints."""

from __future__ import annotations

from typing import Final

from syncd.sandbox.jira.call import AGILE, Answer, Call, endpoint
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.sprints import Board, Sprint
from syncd.sandbox.jira.state import Json

MAX_PAGE: Final = 50


@endpoint("GET", f"{AGILE}/board")
def boards(call: Call) -> Answer:
    """Answer the boards, those of one project if asked for."""
    wanted = call.query.get("projectKeyOrId")
    project = call.site.find_project(wanted).key if wanted else None
    found = [_board(call, one) for one in call.site.boards.values() if project in {None, one.project}]
    return Answer(body=call.page(found, MAX_PAGE))


@endpoint("GET", f"{AGILE}/board/{{board}}")
def board(call: Call) -> Answer:
    """Answer one board."""
    return Answer(body=_board(call, _find_board(call)))


@endpoint("GET", f"{AGILE}/board/{{board}}/sprint")
def sprints(call: Call) -> Answer:
    """Answer a board's sprints: closed ones first, then the active, then those to come."""
    found = _find_board(call)
    if found.type != "scrum":
        raise JiraProblem(400, "The board doesn't support sprints.")
    order = ("closed", "active", "future")
    own = [one for one in call.site.sprints.values() if one.board == found.id]
    told = [_sprint(call, one) for one in sorted(own, key=lambda one: (order.index(one.state), one.id))]
    return Answer(body=call.page(told, MAX_PAGE))


@endpoint("GET", f"{AGILE}/sprint/{{sprint}}")
def sprint(call: Call) -> Answer:
    """Answer one sprint."""
    number = call.path["sprint"]
    found = call.site.sprints.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise JiraProblem(404, "Sprint does not exist.")
    return Answer(body=_sprint(call, found))


def _find_board(call: Call) -> Board:
    number = call.path["board"]
    found = call.site.boards.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise JiraProblem(404, "The requested board cannot be viewed because it either does not exist or is hidden.")
    return found


def _board(call: Call, one: Board) -> Json:
    project = call.site.projects[one.project]
    location = {"projectId": project.id, "projectKey": project.key, "projectName": project.name}
    address = f"{call.base}{AGILE}/board/{one.id}"
    return {"id": one.id, "self": address, "name": one.name, "type": one.type, "location": location}


def _sprint(call: Call, one: Sprint) -> Json:
    """Return a sprint as this API tells it, its times in UTC; what is not yet set is absent."""
    return {
        "id": one.id,
        "self": f"{call.base}{AGILE}/sprint/{one.id}",
        **call.view.sprint(one),
        "originBoardId": one.board,
    }
