"""One API call: who asks, for what, and the table of endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.render import View, split_names
from syncd.sandbox.jira.state import Site, User

API: Final = "/rest/api/3"
AGILE: Final = "/rest/agile/1.0"
Body = TypeVar("Body", bound=BaseModel)


@dataclass(slots=True, kw_only=True)
class Answer:
    """A status, a JSON body (`None`: empty) and headers."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Call:
    """A request whose sender is known; *written* counts the objects it really wrote."""

    site: Site
    viewer: User
    base: str
    path: Mapping[str, str]
    query: QueryParams
    content: bytes
    written: int = 0
    by_app: bool = False
    """An OAuth app asks."""

    @property
    def view(self) -> View:
        """How this caller sees the site."""
        return View(self.site, self.base, self.viewer)

    def read(self, model: type[Body]) -> Body:
        """Return the JSON body as *model*, or raise Jira's 400."""
        try:
            return model.model_validate_json(self.content or b"{}")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"])
            raise JiraProblem(400, f"Invalid request payload. Refer to the REST API documentation: {where}") from error

    def names(self, parameter: str) -> list[str]:
        """Return a repeated or comma-separated query parameter."""
        return split_names(self.query.getlist(parameter))

    def number(self, parameter: str, default: int, most: int) -> int:
        """Return an integer query parameter, at most *most*."""
        text = self.query.get(parameter, str(default))
        if not text.isdecimal():
            raise JiraProblem(400, f"Invalid value '{text}' for parameter '{parameter}'.")
        return min(int(text), most)

    def page(self, values: list[Any], most: int = 50) -> dict[str, Any]:
        """Return one page of *values* by `startAt` and `maxResults`, in Jira's envelope."""
        start, size = self.number("startAt", 0, 1_000_000), self.number("maxResults", most, most)
        shown = values[start : start + size]
        return {
            "maxResults": size,
            "startAt": start,
            "total": len(values),
            "isLast": start + len(shown) >= len(values),
            "values": shown,
        }


Handler = Callable[[Call], Answer]
ENDPOINTS: Final[dict[tuple[str, str], Handler]] = {}
"""Method and path, in Starlette's notation."""


def endpoint(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a handler of a path below `/rest/api/3`, or of one that begins with another `/rest`."""

    def register(handler: Handler) -> Handler:
        ENDPOINTS[method, path if path.startswith("/rest/") else API + path] = handler
        return handler

    return register
