"""
A stand-in for Linear: issues, projects, milestones, initiatives and cycles, over GraphQL.

`state.py` and `nodes*.py` hold what there is; `edits_*.py` what can be done to
it, by anybody; `schema.graphql` with `resolvers.py` and `mutations_*.py` are
how clients do it; `people.py` is how a person does it.
"""

from __future__ import annotations

from syncd.sandbox.linear.standin import LinearStandIn

__all__ = ["LinearStandIn"]
