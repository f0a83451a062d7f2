"""Where a vendor's published schema is wrong about its own product: reviewed one by one, counted, shown after a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SchemaException:
    """A violation that is the schema's mistake, not ours."""

    contract: str
    """The folder of the contract: `jira-cloud`."""
    operation: re.Pattern[str]
    """Matches `GET /rest/api/3/field`."""
    violation: re.Pattern[str]
    reason: str


def _accept(contract: str, operation: str, violation: str, reason: str) -> SchemaException:
    return SchemaException(contract, re.compile(operation), re.compile(violation), reason)


EXCEPTIONS: Final = (
    _accept(
        "jira-cloud",
        r".*",
        r"^response .*'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}' is not a 'date-time'$",
        "Jira prints offsets without a colon (+0000), as every recorded sample does; RFC 3339 wants one",
    ),
    _accept(
        "jira-cloud",
        r".*",
        r"^response status (403|404|429|503) is not documented$",
        "permission, absence and rate limits occur on every operation (vendor-facts.md section 13)",
    ),
    _accept(
        "github",
        r".*",
        r"^response status (304|401|403|404) is not documented$",
        "conditional requests, authentication, limits and absence occur on every operation "
        "(docs.github.com, best practices for and troubleshooting the REST API)",
    ),
    _accept(
        "github",
        r".*/issues(/\{issue_number\})?$",
        r"^response .*state_reason: None is not one of \['completed', 'reopened', 'not_planned', 'duplicate'\]$",
        "an open issue has no reason: recorded issues say null, and the schema's own `nullable` forgot the enum",
    ),
    _accept(
        "github",
        r"webhook sub-issues-.*",
        r"^body.*state_reason: None is not one of \['completed', 'reopened', 'not_planned', 'duplicate'\]$",
        "the same issue in a webhook",
    ),
    _accept(
        "jira-cloud",
        r"POST /rest/api/3/changelog/bulkfetch|GET /rest/api/3/issue/\{issueIdOrKey\}/changelog",
        r"^response 200 body.*\.items\[\d+\]\.(from|to|fromString|toString): None ",
        "a change from or to nothing is null, as in the recorded changelogs; the schema forgot it",
    ),
    _accept(
        "jira-cloud",
        r"PUT /rest/api/3/version/\{id\}",
        r"^request body\.(startDate|releaseDate): None ",
        "the schema has no way to clear a date; null does (to be confirmed on a live site before 1.0)",
    ),
    _accept(
        "jira-cloud",
        r"POST /rest/api/3/issueLink",
        r"^response status 201 lacks its body$",
        "a new link is answered with an empty body; the schema declares one of no shape at all",
    ),
    _accept(
        "github",
        r"PATCH /repos/\{owner\}/\{repo\}/milestones/\{milestone_number\}",
        r"^request body\.due_on: None (for not nullable|is not of type 'string')$",
        "null takes a due date away in an update, and is refused in a create (harvester/harvester pull request 11739)",
    ),
)
