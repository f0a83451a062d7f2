"""
GraphQL texts and REST paths of GitHub; no logic beyond putting aliases side by side.

Checked against the official schema in `tests/connectors/github/test_queries.py`.
`User.email` is never asked for: it needs a scope of its own, and a token
without it fails the whole request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PAGE: Final = 100
"""The most GitHub gives in one page."""

_PAGE_INFO: Final = "pageInfo { hasNextPage endCursor }"
_ACTOR: Final = "{ __typename login ... on Node { id } ... on User { name } }"
_USERS: Final = f"{_PAGE_INFO} nodes {{ id login name }}"
_LABELS: Final = f"{_PAGE_INFO} nodes {{ id name }}"
_IDS: Final = f"{_PAGE_INFO} nodes {{ id }}"
_FIELD: Final = "field { ... on ProjectV2FieldCommon { id name dataType } }"
_VALUES: Final = f"""{_PAGE_INFO} nodes {{
  __typename
  ... on ProjectV2ItemFieldTextValue {{ text {_FIELD} }}
  ... on ProjectV2ItemFieldNumberValue {{ number {_FIELD} }}
  ... on ProjectV2ItemFieldDateValue {{ date {_FIELD} }}
  ... on ProjectV2ItemFieldSingleSelectValue {{ optionId name {_FIELD} }}
  ... on ProjectV2ItemFieldIterationValue {{ iterationId title {_FIELD} }}
}}"""

_ITEM: Final = f"""fragment item on ProjectV2Item {{
  id type isArchived createdAt updatedAt project {{ id }}
  fieldValues(first: 50) {{ {_VALUES} }}
}}"""

_ISSUE: Final = f"""fragment issue on Issue {{
  id number title body url state stateReason(enableDuplicate: true) createdAt updatedAt closedAt
  repository {{ nameWithOwner }}
  author {_ACTOR}
  issueType {{ id name }}
  milestone {{ id title }}
  parent {{ id }}
  assignees(first: 20) {{ {_USERS} }}
  labels(first: 50) {{ {_LABELS} }}
  blockedBy(first: 20) {{ totalCount {_IDS} }}
}}"""

_DRAFT: Final = f"""fragment draft on DraftIssue {{
  id title body createdAt updatedAt
  creator {_ACTOR}
  assignees(first: 20) {{ {_USERS} }}
}}"""

_MILESTONE: Final = f"""fragment milestone on Milestone {{
  id number title description state dueOn createdAt updatedAt closedAt url
  creator {_ACTOR}
  repository {{ nameWithOwner }}
}}"""

_COMMENT: Final = f"""fragment comment on IssueComment {{
  id body url createdAt updatedAt
  author {_ACTOR}
}}"""
_COMMENTS: Final = f"{_PAGE_INFO} nodes {{ ...comment }}"

_FIELDS: Final = f"""{_PAGE_INFO} nodes {{
  __typename
  ... on ProjectV2FieldCommon {{ id name dataType }}
  ... on ProjectV2SingleSelectField {{ options {{ id name }} }}
  ... on ProjectV2IterationField {{ configuration {{
    iterations {{ id title startDate duration }}
    completedIterations {{ id title startDate duration }}
  }} }}
}}"""

PROJECT: Final = f"""query project($owner: String!, $number: Int!, $fields: String) {{
  viewer {{ id login name }}
  repositoryOwner(login: $owner) {{
    __typename login
    ... on ProjectV2Owner {{
      projectV2(number: $number) {{
        id number title url closed viewerCanUpdate
        fields(first: 50, after: $fields) {{ {_FIELDS} }}
      }}
    }}
  }}
}}"""
"""The project, its fields and who we are."""

PROJECT_REPOSITORIES: Final = f"""query projectRepositories($project: ID!, $after: String) {{
  node(id: $project) {{ ... on ProjectV2 {{
    repositories(first: {PAGE}, after: $after) {{ {_PAGE_INFO} nodes {{ nameWithOwner }} }}
  }} }}
}}"""

REPOSITORY: Final = """query repository($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    id nameWithOwner hasIssuesEnabled isArchived viewerPermission
    issueTypes(first: 50) { nodes { id name isEnabled } }
  }
}"""

REPOSITORY_LABELS: Final = f"""query labels($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{ labels(first: {PAGE}, after: $after) {{ {_LABELS} }} }}
}}"""


def _scan(name: str, besides: str) -> str:
    return f"""query {name}($project: ID!, $after: String) {{
  node(id: $project) {{ ... on ProjectV2 {{
    items(first: {PAGE}, after: $after) {{
      {_PAGE_INFO}
      nodes {{
        id type isArchived createdAt updatedAt
        content {{
          __typename
          ... on Issue {{
            id number updatedAt repository {{ nameWithOwner }} issueType {{ id name }} parent {{ id }}
            blockedBy(first: 1) {{ totalCount }} {besides}
          }}
          ... on DraftIssue {{ id updatedAt }}
        }}
      }}
    }}
  }} }}
}}"""


SCAN: Final = _scan("scan", "")
"""Just enough of every item to tell whether it changed: about one point a page."""
SCAN_COMMENTS: Final = _scan("scanComments", f"comments(first: {PAGE}) {{ {_IDS} }}")
"""The same with the ids of every issue's comments: about two points a page."""

ITEMS: Final = f"""query items($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    __typename
    ... on ProjectV2Item {{ ...item content {{ __typename ...issue ...draft }} }}
  }}
}}
{_ITEM}
{_ISSUE}
{_DRAFT}"""
"""Project items by node id, archived ones too, with what they hold."""

ITEMS_AND_COMMENTS: Final = f"""query itemsAndComments($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    __typename
    ... on ProjectV2Item {{
      ...item
      content {{ __typename ...issue ...draft ... on Issue {{ comments(first: 50) {{ {_COMMENTS} }} }} }}
    }}
  }}
}}
{_ITEM}
{_ISSUE}
{_DRAFT}
{_COMMENT}"""
"""The same with the first comments of each issue: no request of their own for most."""

COMMENTS: Final = f"""query comments($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    __typename
    ...comment
    ... on IssueComment {{ issue {{
      id number repository {{ nameWithOwner }}
      projectItems(first: 5, includeArchived: true) {{
        {_PAGE_INFO} nodes {{ id type isArchived createdAt project {{ id }} }}
      }}
    }} }}
  }}
}}
{_COMMENT}"""
"""Comments of issues by node id, with whether the issue is in the project."""

ISSUES: Final = f"""query issues($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    __typename
    ...issue
    ... on Issue {{ projectItems(first: 5, includeArchived: true) {{ {_PAGE_INFO} nodes {{ ...item }} }} }}
  }}
}}
{_ITEM}
{_ISSUE}"""
"""Issues by node id, each with its items in up to five projects."""

BODIES: Final = """query bodies($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Issue { id body }
    ... on Milestone { id number description repository { nameWithOwner } }
    ... on ProjectV2Item { content { __typename ... on Issue { id body } ... on DraftIssue { id body } } }
  }
}"""
"""Nothing but the texts of issues, drafts (by item) and milestones."""

TIMELINE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RenamedTitleEvent": "title",
        "LabeledEvent": "labels",
        "UnlabeledEvent": "labels",
        "AssignedEvent": "assignees",
        "UnassignedEvent": "assignees",
        "MilestonedEvent": "milestone",
        "DemilestonedEvent": "milestone",
        "ClosedEvent": "state",
        "ReopenedEvent": "state",
        "ParentIssueAddedEvent": "parent",
        "ParentIssueRemovedEvent": "parent",
        "IssueTypeAddedEvent": "type",
        "IssueTypeChangedEvent": "type",
        "IssueTypeRemovedEvent": "type",
        "BlockedByAddedEvent": "depends_on",
        "BlockedByRemovedEvent": "depends_on",
        "ProjectV2ItemStatusChangedEvent": "Status",
    }
)
"""The field each kind of event is about; of a project's own fields GitHub tells of Status alone."""
_ITEM_TYPES: Final = " ".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).upper() for kind in TIMELINE)
_EVENTS: Final = "\n".join(f"        ... on {kind} {{ createdAt actor {_ACTOR} }}" for kind in TIMELINE)

HISTORY: Final = f"""query history($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    __typename
    ... on IssueComment {{ id lastEditedAt editor {_ACTOR} }}
    ... on Issue {{
      id lastEditedAt editor {_ACTOR}
      timelineItems(last: 50, itemTypes: [{_ITEM_TYPES}]) {{ nodes {{
        __typename
{_EVENTS}
        ... on ProjectV2ItemStatusChangedEvent {{ project {{ id }} }}
      }} }}
    }}
  }}
}}"""
"""Who edited issues and comments last; the body's last edit is on the thing itself, all else in the timeline."""

MILESTONES: Final = f"""query milestones($ids: [ID!]!) {{
  nodes(ids: $ids) {{ __typename ...milestone }}
}}
{_MILESTONE}"""

REPOSITORY_MILESTONES: Final = f"""query repositoryMilestones($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    milestones(first: {PAGE}, after: $after, orderBy: {{field: NUMBER, direction: ASC}}) {{
      {_PAGE_INFO} nodes {{ ...milestone }}
    }}
  }}
}}
{_MILESTONE}"""

REPOSITORIES_MILESTONES: Final = f"""query repositoriesMilestones($ids: [ID!]!) {{
  nodes(ids: $ids) {{ __typename ... on Repository {{
    id milestones(first: {PAGE}, orderBy: {{field: NUMBER, direction: ASC}}) {{ {_PAGE_INFO} nodes {{ ...milestone }} }}
  }} }}
}}
{_MILESTONE}"""
"""The first page of several repositories at once: hardly any has more."""

ISSUES_SINCE: Final = f"""query issuesSince($owner: String!, $name: String!, $since: DateTime!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    issues(first: {PAGE}, after: $after, filterBy: {{since: $since}}, orderBy: {{field: CREATED_AT, direction: ASC}}) {{
      {_PAGE_INFO} nodes {{ id body createdAt }}
    }}
  }}
}}"""
"""Issues updated since then, by the list and not by the search index."""

DRAFTS: Final = f"""query drafts($project: ID!, $after: String) {{
  node(id: $project) {{ ... on ProjectV2 {{
    items(first: {PAGE}, after: $after) {{
      {_PAGE_INFO} nodes {{ id content {{ __typename ... on DraftIssue {{ body createdAt }} }} }}
    }}
  }} }}
}}"""

USERS_BY_ID: Final = "query users($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on User { id login name } } }"

MORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: f"""query more($id: ID!, $after: String) {{
  node(id: $id) {{ ... on {kind} {{ {field}(first: {PAGE}, after: $after) {{ {body} }} }} }}
}}{tail}"""
        for name, kind, field, body, tail in (
            ("issue_assignees", "Issue", "assignees", _USERS, ""),
            ("draft_assignees", "DraftIssue", "assignees", _USERS, ""),
            ("labels", "Issue", "labels", _LABELS, ""),
            ("comments", "Issue", "comments", _COMMENTS, f"\n{_COMMENT}"),
            ("comment_ids", "Issue", "comments", _IDS, ""),
            ("blocked_by", "Issue", "blockedBy", _IDS, ""),
            ("field_values", "ProjectV2Item", "fieldValues", _VALUES, ""),
            ("project_items", "Issue", "projectItems", f"{_PAGE_INFO} nodes {{ ...item }}", f"\n{_ITEM}"),
        )
    }
)
"""The rest of one node's nested list, when its first page was not all of it."""


def users_by_login(count: int) -> str:
    """Return one query for *count* users: alias `u0` with variable `$l0`, and so on."""
    heads = ", ".join(f"$l{index}: String!" for index in range(count))
    lines = "\n".join(f"  u{index}: user(login: $l{index}) {{ id login name }}" for index in range(count))
    return f"query people({heads}) {{\n{lines}\n}}"


ACCESS_TOKENS_PATH: Final = "/app/installations/{installation}/access_tokens"
MILESTONES_PATH: Final = "/repos/{repository}/milestones"
MILESTONE_PATH: Final = "/repos/{repository}/milestones/{number}"
LABELS_PATH: Final = "/repos/{repository}/labels"
COMMENTS_PATH: Final = "/repos/{repository}/issues/comments"
