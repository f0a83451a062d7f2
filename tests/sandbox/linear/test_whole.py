"""Every field there is can be read, of the whole portfolio, in shapes Linear's schema allows."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from syncd.sandbox.linear.schema import schema
from tests.sandbox.linear.client import Client

LISTS = (
    "attachments",
    "comments",
    "cycles",
    "initiatives",
    "initiativeToProjects",
    "issues",
    "issueLabels",
    "issueRelations",
    "projects",
    "projectLabels",
    "projectMilestones",
    "projectStatuses",
    "teams",
    "users",
    "workflowStates",
)


def selection(kind: GraphQLObjectType, depth: int) -> str:
    """Return every field of a type, and of what it leads to, so many steps deep."""
    parts = []
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        if is_leaf_type(below):
            parts.append(name)
        elif depth and isinstance(below, GraphQLObjectType):
            size = "(first: 3)" if below.name.endswith("Connection") else ""
            inner = selection(below, depth - (not below.name.endswith("Connection")))
            parts.append(f"{name}{size} {{ {inner or '__typename'} }}")
    return " ".join(parts)


@pytest.mark.parametrize("name", LISTS)
async def test_everything_of_everything_can_be_read(planted: Client, name: str) -> None:
    await furnish(planted)
    root = schema().query_type
    assert root is not None
    kind = get_named_type(root.fields[name].type)
    assert isinstance(kind, GraphQLObjectType)
    planted.linear.limits.max_complexity = 10**9
    planted.linear.limits.complexity.limit = 10**9

    found = await planted.data(f"query {{ {name}(first: 5, includeArchived: true) {{ {selection(kind, 1)} }} }}")

    assert found[name]["nodes"]


async def furnish(client: Client) -> None:
    """Add what the portfolio lacks."""
    client.linear.add("comment", "API-1", {"body": "First"}, by="ada")
    client.linear.add("comment", "project/enterprise-single-sign-on", {"body": "On the project"}, by="ada")
    await client.make(
        "attachmentCreate", "attachment { id }", issueId=client.id_of("API-1"), title="Home", url="https://a.example/1"
    )


async def test_the_viewer_the_workspace_and_the_limits_are_told(planted: Client) -> None:
    told = await planted.data(
        "{ viewer { name isMe teams { nodes { key } } } organization { name urlKey userCount projectStatuses { type } }"
        " rateLimitStatus { kind limits { type allowedAmount remainingAmount period reset requestedAmount } } }"
    )

    assert told["viewer"] == {"name": "Sync Bot", "isMe": True, "teams": {"nodes": [{"key": "WEB"}, {"key": "API"}]}}
    assert told["organization"]["urlKey"] == "acme"
    assert [one["type"] for one in told["organization"]["projectStatuses"]] == [
        "backlog",
        "planned",
        "started",
        "paused",
        "completed",
        "canceled",
    ]
    requests, complexity = told["rateLimitStatus"]["limits"]
    assert (requests["remainingAmount"], requests["allowedAmount"]) == (4_999, 5_000)
    assert complexity["allowedAmount"] - complexity["remainingAmount"] == complexity["requestedAmount"]
