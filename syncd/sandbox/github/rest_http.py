"""How REST speaks: errors, pages with links, conditional requests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syncd.sandbox.github.paging import MAX_PAGE

DOCS = "https://docs.github.com/rest"
PER_PAGE = 30
INVALID = "Validation Failed"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Fail(Exception):  # noqa: N818 - it is GitHub's answer, not our failure
    """GitHub answers with an error status; *errors* as its 422 lists them."""

    def __init__(self, status: int, message: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors


def invalid(resource: str, field: str, code: str) -> Fail:
    """Return the 422 for one field: `missing_field`, `already_exists` or `invalid`."""
    return Fail(422, INVALID, [{"resource": resource, "field": field, "code": code}])


def refusal(
    status: int, message: str, errors: Sequence[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error as REST words it."""
    content: dict[str, object] = {"message": message}
    if errors:
        content["errors"] = list(errors)
    content |= {"documentation_url": DOCS, "status": str(status)}
    return JSONResponse(content, status, dict(headers or {}))


def read_body(model: type[M], body: bytes, resource: str) -> M:
    """Return a request's body, or fail with 400 (no JSON) or 422 (another shape)."""
    try:
        return model.model_validate_json(body)
    except ValidationError as problem:
        if any(one["type"] == "json_invalid" for one in problem.errors()):
            raise Fail(400, "Problems parsing JSON") from None
        fields = [str(one["loc"][0]) for one in problem.errors() if one["loc"]]
        raise Fail(422, INVALID, [{"resource": resource, "field": one, "code": "invalid"} for one in fields]) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, and whether more follow."""

    content: list[object]
    number: int
    more: bool

    def links(self, request: Request) -> dict[str, str]:
        """Return the `Link` header, with the address this client knows."""
        wanted = {"prev": self.number - 1} if self.number > 1 else {}
        if self.more:
            wanted["next"] = self.number + 1
        told = [f'<{request.url.include_query_params(page=page)}>; rel="{rel}"' for rel, page in wanted.items()]
        return {"link": ", ".join(told)} if told else {}


def page_of(request: Request, found: Iterable[T], show: Callable[[T], object]) -> Page:
    """Return the page a request asks for with `page` and `per_page`; nonsense counts as the default."""
    size = min(_number(request, "per_page", PER_PAGE), MAX_PAGE)
    number = _number(request, "page", 1)
    start = (number - 1) * size
    picked = list(islice(found, start, start + size + 1))
    return Page(content=[show(one) for one in picked[:size]], number=number, more=len(picked) > size)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdigit() and int(text) > 0 else default


def tell(request: Request, status: int, content: object, headers: Mapping[str, str]) -> Response:
    """Send content with its links and `ETag`; 304 without any to whoever holds it already."""
    told = dict(headers)
    if isinstance(content, Page):
        told |= content.links(request)
        content = content.content
    payload = json.dumps(content).encode()
    if request.method == "GET":
        told["etag"] = f'"{hashlib.sha256(payload).hexdigest()}"'
        if request.headers.get("if-none-match") == told["etag"]:
            return Response(None, 304, told)
    return Response(payload, status, told, "application/json")
