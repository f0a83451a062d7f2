"""A stateful stand-in of Redmine's REST API."""

from syncd.sandbox.redmine.standin import RedmineStandIn

__all__ = ["RedmineStandIn"]
