"""
Redmine's paths and fixed parameters.

Source: https://www.redmine.org/projects/redmine/wiki/Rest_api (read 2026-03)
and the running 5.0.4; see the README beside this file.
"""

from __future__ import annotations

from typing import Final

ACCOUNT: Final = "/users/current.json"
USER: Final = "/users/{}.json"
USERS: Final = "/users.json"
PROJECTS: Final = "/projects.json"
PROJECT: Final = "/projects/{}.json"
MEMBERS: Final = "/projects/{}/memberships.json"
PROJECT_VERSIONS: Final = "/projects/{}/versions.json"
TRACKERS: Final = "/trackers.json"
STATUSES: Final = "/issue_statuses.json"
PRIORITIES: Final = "/enumerations/issue_priorities.json"
CUSTOM_FIELDS: Final = "/custom_fields.json"
ISSUES: Final = "/issues.json"
ISSUE: Final = "/issues/{}.json"
ISSUE_RELATIONS: Final = "/issues/{}/relations.json"
RELATION: Final = "/relations/{}.json"
VERSION: Final = "/versions/{}.json"
JOURNAL: Final = "/journals/{}.json"
"""Since 5.0; it can be changed there, not read."""

MAX_LIMIT: Final = 100
"""Redmine cuts a larger `limit` down to this without a word."""

ANY_STATUS: Final = {"status_id": "*"}
"""Without it closed issues are left out."""

ONLY_THIS_PROJECT: Final = {"subproject_id": "!*"}
"""Without it the issues of projects below are included."""
