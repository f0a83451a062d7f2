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
)
