"""The GraphQL documents sent to Linear. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from syncd.connectors.linear.families import (
    FAMILIES,
    INITIATIVE,
    ISSUE,
    MEMBER_LIST,
    MEMBERSHIPS,
    PAGE_INFO,
    PLACE,
    PROJECT,
    RELATIONS,
    TEAMS,
    USER,
    Family,
)

LOOK_PAGE: Final = 25
"""How many of each family the first look of a scan lists; the price is for the page, whatever is in it."""
HISTORY_ENTRIES: Final = 20
HOMES: Final = 50
EDGE_PAGE: Final = 250
MORE_PAGE: Final = 100

AROUND: Final = f"""query around($keys: [String!]!, $teams: Int!) {{
  viewer {USER}
  organization {{ id urlKey fiscalYearStartMonth }}
  teams(first: $teams, includeArchived: true, filter: {{key: {{in: $keys}}}}) {{
    nodes {{
      id key name timezone archivedAt
      states(first: 50) {{ nodes {{ id name type position }} }}
    }}
  }}
  projectStatuses(first: 50) {{ nodes {{ id name type position }} }}
}}"""
"""Who we are, and the teams in scope with their workflows."""
AROUND_POINTS: Final = 75.0
"""What it costs for each team, and once more for the rest."""

PLACES: Final = f"""query places($filter: ProjectFilter, $first: Int, $after: String) {{
  projects(filter: $filter, first: $first, after: $after, orderBy: createdAt) {{
    {PAGE_INFO} nodes {{ {PLACE} }}
  }}
}}"""
"""The projects milestones can be made in."""
PLACE_POINTS: Final = 28.0

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        kind: f"""query labels($first: Int, $after: String) {{
  labels: {name}(first: $first, after: $after, includeArchived: true, orderBy: createdAt) {{
    {PAGE_INFO} nodes {{ id name isGroup{team} }}
  }}
}}"""
        for kind, name, team in (
            (ISSUE, "issueLabels", " team { id key }"),
            (PROJECT, "projectLabels", ""),
        )
    }
)
LABEL_POINTS: Final = 3.8

USERS: Final = f"""query people($filter: UserFilter, $first: Int) {{
  users(filter: $filter, first: $first, includeDisabled: true) {{ {MEMBER_LIST} }}
}}"""

WEBHOOKS: Final = f"""query webhooks($first: Int, $after: String) {{
  webhooks(first: $first, after: $after) {{
    {PAGE_INFO} nodes {{ id url enabled allPublicTeams resourceTypes team {{ id }} }}
  }}
}}"""
WEBHOOK_POINTS: Final = 3.9
PRIVACY: Final = """query privacy($keys: [String!]!, $first: Int) {
  teams(first: $first, filter: {key: {in: $keys}}) { nodes { id private } }
}"""


def look(kinds: Iterable[str]) -> str:
    """Return one query for the first page of every family: alias by kind, variable `$filter_KIND`."""
    families = [FAMILIES[kind] for kind in kinds]
    heads = ", ".join(f"$filter_{family.kind}: {family.filter}" for family in families)
    lines = "\n".join(f"  {_listed(family, f'$filter_{family.kind}', str(LOOK_PAGE), 'null')}" for family in families)
    return f"query look({heads}) {{\n{lines}\n}}"


def listing(kind: str) -> str:
    """Return the query for one page of a family, under the alias of its kind."""
    family = FAMILIES[kind]
    head = f"$filter: {family.filter}, $first: Int, $after: String"
    return f"query list({head}) {{\n  {_listed(family, '$filter', '$first', '$after')}\n}}"


def _listed(family: Family, condition: str, first: str, after: str) -> str:
    """Return a list in the order of creation: nobody's edit moves anything in it while we page."""
    said = f"filter: {condition}, first: {first}, after: {after}, includeArchived: true, orderBy: createdAt"
    return f"{family.kind}: {family.list}({said}) {{ {PAGE_INFO} nodes {{ {family.seen} }} }}"


READ: Final[Mapping[str, str]] = MappingProxyType(
    {
        kind: f"""query read($ids: [ID!]!, $first: Int!) {{
  nodes: {family.list}(filter: {{id: {{in: $ids}}}}, first: $first, includeArchived: true) {{ nodes {{ ...whole }} }}
}}
{family.fragment}"""
        for kind, family in FAMILIES.items()
    }
)
"""Records by id, archived and trashed ones too; those that are gone or hidden are left out."""

ONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        kind: f"query one($id: String!) {{ node: {family.one}(id: $id) {{ ...whole }} }}\n{family.fragment}"
        for kind, family in FAMILIES.items()
    }
)
"""One record by id: what is missing from a list is asked for like this, and Linear says why."""

MORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        field: f"""query more($id: String!, $first: Int, $after: String) {{
  node: {one}(id: $id) {{ {field}(first: $first, after: $after) {{ {body} }} }}
}}"""
        for field, one, body in (
            ("inverseRelations", "issue", RELATIONS),
            ("members", "project", MEMBER_LIST),
            ("teams", "project", TEAMS),
            ("initiativeToProjects", "project", MEMBERSHIPS),
        )
    }
)
"""The rest of one record's nested list, when its first page was not all of it."""

EDGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: f"""query edges($first: Int, $after: String) {{
  edges: {name}(first: $first, after: $after, orderBy: createdAt) {{ {PAGE_INFO} nodes {{ {body} }} }}
}}"""
        for name, body in (
            ("issueRelations", "id type issue { id } relatedIssue { id }"),
            ("initiativeToProjects", "id initiative { id } project { id }"),
        )
    }
)
"""Everything that ties two records together, workspace-wide: none of it is promised to move their `updatedAt`."""
EDGE_POINTS: Final = 4.7

HISTORY: Final = f"""query history($ids: [ID!]!, $first: Int!) {{
  issues(filter: {{id: {{in: $ids}}}}, first: $first, includeArchived: true) {{
    nodes {{
      id
      history(first: {HISTORY_ENTRIES}) {{
        nodes {{
          createdAt updatedAt actor {USER} botActor {{ id type name }}
          toTitle updatedDescription fromStateId toStateId fromAssigneeId toAssigneeId fromPriority toPriority
          fromEstimate toEstimate fromDueDate toDueDate fromCycleId toCycleId fromParentId toParentId
          fromProjectId toProjectId addedLabelIds removedLabelIds
        }}
      }}
    }}
  }}
}}"""
HISTORY_POINTS: Final = 10.0 * HISTORY_ENTRIES

HOME_LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ISSUE: "attachments",
        PROJECT: "externalLinks",
        INITIATIVE: "links",
    }
)
"""Where each kind of record shows links to elsewhere; milestones, cycles and comments have no such place."""

SHOWN_HOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        kind: f"""query homes($id: String!) {{
  node: {FAMILIES[kind].one}(id: $id) {{
    homes: {name}(first: {HOMES}) {{ nodes {{ id url {"title" if kind == ISSUE else "label"} }} }}
  }}
}}"""
        for kind, name in HOME_LISTS.items()
    }
)

_WITH_INPUT: Final = "input"
_WITH_ID: Final = "id"
_WITH_BOTH: Final = "id and input"
_WITH_LABEL: Final = "id and label"

MUTATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "issueCreate",
                "projectCreate",
                "initiativeCreate",
                "projectMilestoneCreate",
                "commentCreate",
                "issueRelationCreate",
                "initiativeToProjectCreate",
                "issueLabelCreate",
                "projectLabelCreate",
                "attachmentCreate",
                "entityExternalLinkCreate",
                "webhookCreate",
            ),
            _WITH_INPUT,
        ),
        **dict.fromkeys(
            (
                "issueUpdate",
                "projectUpdate",
                "initiativeUpdate",
                "projectMilestoneUpdate",
                "commentUpdate",
                "attachmentUpdate",
                "entityExternalLinkUpdate",
                "webhookUpdate",
            ),
            _WITH_BOTH,
        ),
        **dict.fromkeys(
            (
                "issueArchive",
                "projectArchive",
                "initiativeArchive",
                "issueRelationDelete",
                "initiativeToProjectDelete",
                "attachmentDelete",
                "entityExternalLinkDelete",
                "webhookDelete",
            ),
            _WITH_ID,
        ),
        **dict.fromkeys(("projectAddLabel", "projectRemoveLabel"), _WITH_LABEL),
    }
)
"""Every mutation we use, with what it takes. None of them deletes a record people made."""


def mutation(name: str) -> str:
    """Return the document of one mutation. Never two in one: Linear's payloads are non-null, one failure hides all."""
    kind = f"{name[0].upper()}{name[1:]}Input!"
    heads, said = {
        _WITH_INPUT: (f"$input: {kind}", "input: $input"),
        _WITH_BOTH: (f"$id: String!, $input: {kind}", "id: $id, input: $input"),
        _WITH_ID: ("$id: String!", "id: $id"),
        _WITH_LABEL: ("$id: String!, $labelId: String!", "id: $id, labelId: $labelId"),
    }[MUTATIONS[name]]
    return f"mutation write({heads}) {{\n  {name}({said}) {{ success }}\n}}"
