"""How Redmine says no: mostly with an empty body, and with a list of sentences when it refuses content."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

REALM = 'Basic realm="Redmine API"'


class RedmineProblem(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """An answer other than success; *errors* are sentences, and `None` means an empty body."""

    def __init__(self, status: int, errors: tuple[str, ...] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.errors = errors

    def response(self) -> Response:
        """Return it as an answer."""
        headers = {"Cache-Control": "no-cache"}
        if self.status == 401:  # noqa: PLR2004 - HTTP
            headers["WWW-Authenticate"] = REALM
        if self.status == 400:  # noqa: PLR2004 - HTTP
            return JSONResponse({"status": 400, "error": "Bad Request"}, 400, headers)
        if self.errors is None:
            return Response(status_code=self.status, headers=headers, media_type="application/json")
        return JSONResponse({"errors": list(self.errors)}, self.status, headers)


def refused(*errors: str) -> RedmineProblem:
    """Return the 422 of content that is not taken; without a sentence it is a lost race."""
    return RedmineProblem(422, errors)


def missing() -> RedmineProblem:
    """Return the 404 of what is gone or was never there."""
    return RedmineProblem(404)


def forbidden() -> RedmineProblem:
    """Return the 403 of what is there, and not for this account."""
    return RedmineProblem(403)
