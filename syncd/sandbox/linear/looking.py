"""What a thing holds under a GraphQL or filter field's name, and who may see it."""

from __future__ import annotations

from collections.abc import Callable

from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.edits_plan import is_in
from syncd.sandbox.linear.nodes import IssueLabel, Node, WorkflowState
from syncd.sandbox.linear.nodes_issue import Attachment, Comment, Cycle, Issue, IssueRelation
from syncd.sandbox.linear.nodes_plan import Plan, Project
from syncd.sandbox.schemas import snake

BLOCKS = "blocks"


def looking(context: Context) -> Callable[[Node, str], object]:
    """Return what tells the value of a filter's field for the one who asks now."""
    moment = context.state.stamp()

    def look(node: Node, name: str) -> object:
        match node:
            case Cycle() if name.startswith("is"):
                return _cycle_is(context, node, moment, name)
            case Issue() if name in {"hasBlockedByRelations", "hasBlockingRelations"}:
                ends = node.inverse_relations if name == "hasBlockedByRelations" else node.relations
                return any(one.type == BLOCKS for one in ends.values())
            case Project() if name == "accessibleTeams":
                return list(node.teams.values())
            case Plan() if name == "initiatives":
                return [tie.initiative for tie in node.to.values()]
        if name == "isMe":
            return node is context.viewer
        return getattr(node, snake(name))

    return look


def _cycle_is(context: Context, cycle: Cycle, moment: str, name: str) -> bool:
    """Tell where a cycle stands among its team's: active, past, future, the next or the previous one."""
    others = sorted((one for one in context.state.cycles if one.team is cycle.team), key=lambda one: one.starts_at)
    past = [one for one in others if one.ends_at <= moment or one.completed_at is not None]
    future = [one for one in others if one.starts_at > moment and one.completed_at is None]
    match name:
        case "isActive":
            return is_in(cycle, moment)
        case "isPast":
            return cycle in past
        case "isFuture":
            return cycle in future
        case "isNext":
            return bool(future) and future[0] is cycle
    return bool(past) and past[-1] is cycle


def is_seen(node: Node) -> bool:
    """Say whether clients may see a thing: neither it nor what it belongs to is hidden."""
    homes: tuple[Node | None, ...]
    match node:
        case Issue() | WorkflowState() | Cycle() | IssueLabel():
            homes = (node.team,)
        case Comment():
            homes = (node.issue, node.project, node.initiative)
        case Attachment():
            homes = (node.issue,)
        case IssueRelation():
            homes = (node.issue, node.related_issue)
        case _:
            homes = ()
    return not node.hidden and all(home is None or is_seen(home) for home in homes)
