"""Paths of the Jira Cloud platform API, v3, and of the agile API. Source: contracts/jira-cloud, read 2026-11-20."""

from __future__ import annotations

from typing import Final

ROOT: Final = "/rest/api/3"
AGILE: Final = "/rest/agile/1.0"
MYSELF: Final = f"{ROOT}/myself"
FIELDS: Final = f"{ROOT}/field"
LINK_TYPES: Final = f"{ROOT}/issueLinkType"
PROJECT: Final = f"{ROOT}/project/{{}}"
PROJECT_STATUSES: Final = f"{ROOT}/project/{{}}/statuses"
PROJECT_VERSIONS: Final = f"{ROOT}/project/{{}}/versions"
CREATE_FIELDS: Final = f"{ROOT}/issue/createmeta/{{}}/issuetypes/{{}}"
SEARCH: Final = f"{ROOT}/search/jql"
BULK_FETCH: Final = f"{ROOT}/issue/bulkfetch"
BULK_CREATE: Final = f"{ROOT}/issue/bulk"
ISSUE: Final = f"{ROOT}/issue/{{}}"
TRANSITIONS: Final = f"{ROOT}/issue/{{}}/transitions"
LINKS: Final = f"{ROOT}/issueLink"
LINK: Final = f"{ROOT}/issueLink/{{}}"
VERSIONS: Final = f"{ROOT}/version"
VERSION: Final = f"{ROOT}/version/{{}}"
USERS: Final = f"{ROOT}/user/bulk"
USER_SEARCH: Final = f"{ROOT}/user/search"
CHANGELOGS: Final = f"{ROOT}/changelog/bulkfetch"
REMOTE_LINKS: Final = f"{ROOT}/issue/{{}}/remotelink"
BOARDS: Final = f"{AGILE}/board"
SPRINTS: Final = f"{AGILE}/board/{{}}/sprint"
SPRINT: Final = f"{AGILE}/sprint/{{}}"
COMMENTS: Final = f"{ROOT}/issue/{{}}/comment"
COMMENT_PATH: Final = f"{ROOT}/issue/{{}}/comment/{{}}"
COMMENT_PROPERTY: Final = f"{ROOT}/comment/{{}}/properties/{{}}"
COMMENTS_BY_ID: Final = f"{ROOT}/comment/list"
WEBHOOKS: Final = f"{ROOT}/webhook"
WEBHOOK_REFRESH: Final = f"{ROOT}/webhook/refresh"

METHODS: Final = {
    "GET": (
        MYSELF,
        FIELDS,
        LINK_TYPES,
        PROJECT,
        PROJECT_STATUSES,
        PROJECT_VERSIONS,
        CREATE_FIELDS,
        ISSUE,
        TRANSITIONS,
        VERSION,
        USERS,
        USER_SEARCH,
        COMMENTS,
        BOARDS,
        REMOTE_LINKS,
        SPRINTS,
        SPRINT,
        WEBHOOKS,
    ),
    "POST": (
        SEARCH,
        BULK_FETCH,
        BULK_CREATE,
        TRANSITIONS,
        LINKS,
        VERSIONS,
        CHANGELOGS,
        COMMENTS,
        COMMENTS_BY_ID,
        REMOTE_LINKS,
        WEBHOOKS,
    ),
    "PUT": (ISSUE, VERSION, COMMENT_PATH, WEBHOOK_REFRESH),
    "DELETE": (LINK, REMOTE_LINKS, COMMENT_PROPERTY, WEBHOOKS),
}
"""Every endpoint we use, by method: each has a burst limit of its own."""

MAX_BULK_FETCH: Final = 100
MAX_BULK_CREATE: Final = 50
MAX_CHANGELOG_ISSUES: Final = 1000
MAX_USERS: Final = 50
MAX_AGILE_PAGE: Final = 50
MAX_COMMENTS_PAGE: Final = 100
MAX_COMMENTS_BY_ID: Final = 1000
