"""The Redmine stand-in: keys, routing, and a person's hands on the site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from syncd.errors import ConfigError
from syncd.sandbox.log import Judgement, RequestKind
from syncd.sandbox.portfolio import PROJECTS, Portfolio
from syncd.sandbox.redmine import catalog_api, issue_api, project_api
from syncd.sandbox.redmine.call import ENDPOINTS, Answer, Call, Handler
from syncd.sandbox.redmine.courier import RedmineCourier
from syncd.sandbox.redmine.edits import delete_issue
from syncd.sandbox.redmine.people import (
    WHERE,
    Note,
    add_item,
    find_item,
    find_person,
    refused,
    set_field,
    show,
)
from syncd.sandbox.redmine.problems import RedmineProblem
from syncd.sandbox.redmine.seed import BOT, fill, identifier_of
from syncd.sandbox.redmine.showing import show_all
from syncd.sandbox.redmine.state import Site, User, Version
from syncd.sandbox.redmine.versions import delete_version
from syncd.sandbox.standin import base_url, wrote
from syncd.world import World

MODULES: Final = (catalog_api, issue_api, project_api)
"""Importing them fills the table of endpoints."""
_ITEM: Final = re.compile(r"^/(issues|versions)/(\d+)")
_NUMBER: Final = re.compile(r"/\d+(?=[./])")


class RedmineStandIn:
    """
    A Redmine site: projects pmo and eng below one, an administrator's key, people who are managers, real quirks.

    Tests may turn `site` (what parents derive, custom fields, standing of projects).
    """

    name = "redmine"

    def __init__(self, world: World, portfolio: Portfolio) -> None:
        self.site = Site(world)
        fill(self.site, portfolio)
        self.webhooks = self.site.webhooks
        self.courier = RedmineCourier(self.site, find_person(self.site, None))

    def routes(self) -> Sequence[BaseRoute]:
        """Return every endpoint, the literal paths before those with parameters."""
        by_literal = sorted(ENDPOINTS.items(), key=lambda item: (item[0][1].count("{"), item[0][1]))
        return [Route(path, self._endpoint(handler), methods=[method]) for (method, path), handler in by_literal]

    def judge(self, method: str, path: str, body: bytes) -> Judgement:
        """Say what a request is for: every GET reads, everything else writes."""
        del body
        found = _ITEM.match(path)
        items = frozenset({f"#{found[2]}" if found[1] == "issues" else f"version:{found[2]}"}) if found else frozenset()
        kind = RequestKind.READ if method in {"GET", "HEAD"} else RequestKind.WRITE
        return Judgement(kind=kind, operation=f"{method} {_NUMBER.sub('/{id}', path)}", items=items)

    def refusal(self, status: int, detail: Mapping[str, str]) -> Response:
        """Return an HTTP status in Redmine's words: 409 is a lost race; 429 comes from a proxy before it."""
        if status == 429:  # noqa: PLR2004 - HTTP
            wait_s = max(1, round(float(detail.get("wait", 1))))
            return Response("Too Many Requests", status, {"Retry-After": str(wait_s)}, media_type="text/html")
        if status == 409:  # noqa: PLR2004 - HTTP
            return RedmineProblem(422, ()).response()
        if status == 422:  # noqa: PLR2004 - HTTP
            return RedmineProblem(422, ("Refused by the sandbox",)).response()
        if status >= 500:  # noqa: PLR2004 - HTTP
            return Response("<html><body>Internal error</body></html>", status, media_type="text/html")
        return RedmineProblem(status).response()

    def spellings(self, key: str) -> frozenset[str]:
        """Return an item's key and id."""
        try:
            item = find_item(self.site, key)
        except ConfigError:
            return frozenset({key})
        if isinstance(item, Version):
            return frozenset({key, f"version:{item.id}", str(show(self.site, item)["key"])})
        shown = show(self.site, item)
        return frozenset({key, str(shown["key"]), str(shown["id"])})

    def credentials(self) -> dict[str, object]:
        """Return the main account's API access key, and what there is to connect to."""
        return {"key": self.site.users[BOT].key, "projects": [identifier_of(one) for one in PROJECTS]}

    def revoke(self) -> None:
        """Refuse the main account's key from now on: public projects still answer, as to a stranger."""
        self.site.users[BOT].key = ""

    def tune(self, name: str, value: str) -> bool:
        """Turn nothing: this site's lists do not lag, and it counts no requests."""
        del name, value
        return False

    def set(self, key: str, field: str, value: object, by: str | None = None) -> dict[str, object]:
        """Edit one field as the person *by* and return the item."""
        return set_field(self.site, key, field, value, find_person(self.site, by))

    def show(self, key: str | None = None) -> object:
        """Return one issue, note or version in plain words, or a line on each issue and version."""
        return show_all(self.site) if key is None else show(self.site, find_item(self.site, key))

    def add(self, kind: str, container: str, fields: Mapping[str, object], by: str | None = None) -> dict[str, object]:
        """Make an issue of tracker *kind* or a `version` in a project, called `title`, or a `comment` on an issue."""
        return add_item(self.site, kind, container, fields, find_person(self.site, by))

    def delete(self, key: str) -> None:
        """Delete an issue with everything below it, an unused version, or a note, as a person would."""
        item = find_item(self.site, key)
        if isinstance(item, Note):
            set_field(self.site, key, "body", "", find_person(self.site, None))
        elif isinstance(item, Version):
            try:
                delete_version(self.site, item)
            except RedmineProblem as problem:
                raise refused(problem, f"{WHERE}:{key}") from problem
        else:
            delete_issue(self.site, find_person(self.site, None), item)

    def archive(self, key: str, by: str | None = None) -> dict[str, object]:
        """Refuse: Redmine archives nothing but whole projects."""
        find_person(self.site, by)
        find_item(self.site, key)
        raise ConfigError("Redmine has no archive for items", where=f"{WHERE}:{key}", fix="close it, or delete it")

    def _endpoint(self, handler: Handler) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(request: Request) -> Response:
            call = Call(
                site=self.site,
                viewer=self._viewer(request),
                base=base_url(request),
                path=request.path_params,
                query=request.query_params,
                content=await request.body(),
            )
            try:
                if request.method != "GET":
                    _ = call.author  # a stranger writes nothing anywhere
                return _response(handler(call))
            except RedmineProblem as problem:
                return problem.response()
            finally:
                wrote(request, call.written)

        return answer

    def _viewer(self, request: Request) -> User | None:
        """Return whose key a request brings; with a wrong one it comes from a stranger."""
        key = request.headers.get("x-redmine-api-key") or request.query_params.get("key")
        return next((one for one in self.site.users.values() if key and one.key == key), None)


class _Json(JSONResponse):
    """JSON that names what is not ASCII by its code: a text cut inside a character stays sendable."""

    def render(self, content: object) -> bytes:
        """Return *content* as bytes."""
        return json.dumps(content, separators=(",", ":")).encode()


def _response(told: Answer) -> Response:
    headers = {"Location": told.location} if told.location else {}
    if told.body is None:
        return Response(status_code=told.status, headers={**headers, "Cache-Control": "no-cache"})
    return _Json(told.body, told.status, headers)
