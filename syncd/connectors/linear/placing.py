"""Issues and the milestones of projects: Linear takes a milestone only together with its own project."""

from __future__ import annotations

from syncd.connectors.linear.edits import Input, misfit
from syncd.connectors.linear.read import Reader
from syncd.model.native import Native, Record
from syncd.model.refs import Ref


async def milestone_project(reader: Reader, milestone: Native, project: Native, *, where: str) -> Input:
    """
    Return what setting *milestone* on an issue in *project* needs besides: its project, when the issue has none.

    Raises:
        RejectedError: the issue is in another project, and moving it there is a person's decision.
    """
    if not isinstance(milestone, Ref):
        return {}
    read = (await reader.read_many([milestone]))[milestone]
    if not isinstance(read, Record):
        raise read
    home = read.fields.get("project")
    if not isinstance(home, Ref) or home == project:
        return {}
    if project is not None:
        raise misfit(
            f'milestone "{read.key}" is of {read.container}, and the issue is in another project',
            where,
            "move the issue to that project in Linear, or give it a milestone of its own project",
        )
    return {"projectId": home.id}
