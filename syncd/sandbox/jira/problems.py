"""How Jira Cloud says no: its error collection, its statuses, its headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.responses import JSONResponse, Response

UNAUTHENTICATED = "Client must be authenticated to access this resource."
MISSING = "Issue does not exist or you do not have permission to see it."


class JiraProblem(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """An answer other than success: messages about the whole, errors by field."""

    def __init__(
        self,
        status: int,
        *messages: str,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.messages = messages
        self.errors = dict(errors or {})
        self.headers = dict(headers or {})

    def collection(self) -> dict[str, object]:
        """Return it as Jira's `ErrorCollection`."""
        return {"errorMessages": list(self.messages), "errors": self.errors}

    def response(self) -> Response:
        """Return it as an answer; 401 is plain text with the reason in a header, as on the real site."""
        if self.status == 401:  # noqa: PLR2004 - HTTP
            headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", "WWW-Authenticate": 'OAuth realm="sandbox"'}
            return Response(UNAUTHENTICATED, 401, headers, media_type="text/html")
        return JSONResponse(self.collection(), self.status, self.headers)


def field_problem(field: str, text: str) -> JiraProblem:
    """Return the 400 that blames one field."""
    return JiraProblem(400, errors={field: text})


def missing_issue() -> JiraProblem:
    """Return the 404 that tells neither absence nor lack of permission apart."""
    return JiraProblem(404, MISSING)


def rate_limited(now: datetime, wait_s: int, reason: str, limit: int) -> JiraProblem:
    """
    Return a 429 with the headers Jira sends.

    Source: developer.atlassian.com "Rate limiting" (Jira Cloud platform), read 2026-11.
    """
    reset = (now + timedelta(seconds=wait_s)).replace(microsecond=0)
    headers = {
        "Retry-After": str(wait_s),
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": reset.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "RateLimit-Reason": reason,
    }
    return JiraProblem(429, "Rate limit exceeded.", headers=headers)
