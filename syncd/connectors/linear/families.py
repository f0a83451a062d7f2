"""The kinds of records: how each is listed and read, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

TEAMS_OF_PROJECT: Final = 10
BLOCKERS: Final = 5
MEMBERS: Final = 10
INITIATIVES_OF_PROJECT: Final = 3
"""How much of a nested list comes with its record; the price is for all of it, the rare rest is asked for apart."""

PAGE_INFO: Final = "pageInfo { hasNextPage endCursor }"
USER: Final = "{ id name displayName email }"
RELATIONS: Final = f"{PAGE_INFO} nodes {{ id type issue {{ id }} }}"
TEAMS: Final = f"{PAGE_INFO} nodes {{ id key }}"
MEMBERSHIPS: Final = f"{PAGE_INFO} nodes {{ id initiative {{ id }} }}"
MEMBER_LIST: Final = f"{PAGE_INFO} nodes {USER}"
PLACE: Final = f"id name slugId teams(first: {TEAMS_OF_PROJECT}) {{ {TEAMS} }}"

_ISSUE: Final = f"""fragment whole on Issue {{
  id identifier title description url priority estimate dueDate labelIds
  createdAt updatedAt archivedAt trashed completedAt canceledAt
  team {{ id key }}
  state {{ id name type }}
  assignee {USER}
  creator {USER}
  cycle {{ id }}
  parent {{ id }}
  project {{ id }}
  projectMilestone {{ id }}
  inverseRelations(first: {BLOCKERS}) {{ {RELATIONS} }}
}}"""

_PROJECT: Final = f"""fragment whole on Project {{
  {PLACE}
  description content url priority health startDate startDateResolution targetDate targetDateResolution labelIds
  createdAt updatedAt archivedAt trashed completedAt
  status {{ id name type }}
  lead {USER}
  creator {USER}
  members(first: {MEMBERS}) {{ {MEMBER_LIST} }}
  initiativeToProjects(first: {INITIATIVES_OF_PROJECT}) {{ {MEMBERSHIPS} }}
}}"""

_INITIATIVE: Final = f"""fragment whole on Initiative {{
  id name description content url health status targetDate targetDateResolution
  createdAt updatedAt archivedAt trashed completedAt
  owner {USER}
  creator {USER}
}}"""

_MILESTONE: Final = f"""fragment whole on ProjectMilestone {{
  id name description status targetDate createdAt updatedAt archivedAt
  project {{ {PLACE} }}
}}"""

_CYCLE: Final = """fragment whole on Cycle {
  id name number startsAt endsAt completedAt isActive isPast createdAt updatedAt archivedAt
  team { id key }
}"""

_COMMENT: Final = f"""fragment whole on Comment {{
  id body url createdAt updatedAt archivedAt editedAt
  user {USER}
  botActor {{ id type name }}
  issue {{ id identifier team {{ id key }} }}
  project {{ {PLACE} }}
  initiative {{ id name }}
}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How records of one kind are listed and read."""

    kind: str
    list: str
    """The list of them, at the root."""
    one: str
    """One of them, at the root."""
    filter: str
    fragment: str
    seen: str
    """Just enough of each to tell whether it moved."""
    points: float
    """At least what reading one whole costs; `tests/connectors/linear/test_queries.py` holds it."""
    seen_points: float


ISSUE: Final = "issue"
PROJECT: Final = "project"
INITIATIVE: Final = "initiative"
MILESTONE: Final = "milestone"
ITERATION: Final = "iteration"
COMMENT: Final = "comment"

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        family.kind: family
        for family in (
            Family(
                kind=INITIATIVE,
                list="initiatives",
                one="initiative",
                filter="InitiativeFilter",
                fragment=_INITIATIVE,
                seen="id updatedAt",
                points=6,
                seen_points=2.5,
            ),
            Family(
                kind=PROJECT,
                list="projects",
                one="project",
                filter="ProjectFilter",
                fragment=_PROJECT,
                seen="id updatedAt",
                points=72,
                seen_points=2.5,
            ),
            Family(
                kind=MILESTONE,
                list="projectMilestones",
                one="projectMilestone",
                filter="ProjectMilestoneFilter",
                fragment=_MILESTONE,
                seen="id updatedAt project { id }",
                points=30,
                seen_points=3.6,
            ),
            Family(
                kind=ITERATION,
                list="cycles",
                one="cycle",
                filter="CycleFilter",
                fragment=_CYCLE,
                seen="id updatedAt completedAt isActive isPast",
                points=4,
                seen_points=2.8,
            ),
            Family(
                kind=ISSUE,
                list="issues",
                one="issue",
                filter="IssueFilter",
                fragment=_ISSUE,
                seen="id updatedAt",
                points=32,
                seen_points=2.5,
            ),
            Family(
                kind=COMMENT,
                list="comments",
                one="comment",
                filter="CommentFilter",
                fragment=_COMMENT,
                seen="id updatedAt issue { id } project { id } initiative { id }",
                points=36,
                seen_points=5.8,
            ),
        )
    }
)
"""Every kind of record, parents before what hangs on them."""
