"""
A stand-in for GitHub: issues, milestones and a project (v2), over GraphQL and a little REST.

`state.py` and `nodes.py` hold what there is; `edits_*.py` what can be done to
it, by anybody; `schema.graphql` with `resolvers_*.py` and `mutations_*.py`,
and `rest*.py`, are how clients do it; `people.py` is how a person does it.
"""

from __future__ import annotations

from syncd.sandbox.github.standin import GitHubStandIn

__all__ = ["GitHubStandIn"]
