"""A stateful Jira Cloud site on loopback (REST v3), seeded with the neutral portfolio."""

from syncd.sandbox.jira.standin import JiraStandIn

__all__ = ["JiraStandIn"]
