"""One API call: who asks, for what, and the table of endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import QueryParams

from syncd.sandbox.redmine.access import check, denied, sees
from syncd.sandbox.redmine.filters import page_of
from syncd.sandbox.redmine.problems import RedmineProblem, missing
from syncd.sandbox.redmine.render import View
from syncd.sandbox.redmine.state import Issue, Json, Project, Site, User


@dataclass(slots=True)
class Answer:
    """A status and a JSON body (`None`: empty), with the address of what was made."""

    body: object = None
    status: int = 200
    location: str = ""


NOTHING: Final = Answer(status=204)
"""What Redmine says to every change, whatever became of it."""


@dataclass(slots=True, kw_only=True)
class Call:
    """A request whose sender is known (`None`: a stranger); *written* counts the objects it really wrote."""

    site: Site
    viewer: User | None
    base: str
    path: Mapping[str, str]
    query: QueryParams
    content: bytes
    written: int = 0

    @property
    def view(self) -> View:
        """How this caller sees the site."""
        return View(site=self.site, viewer=self.viewer)

    @property
    def author(self) -> User:
        """Who writes; raises the 401 for a stranger."""
        if self.viewer is None:
            raise RedmineProblem(401)
        return self.viewer

    def check_admin(self) -> None:
        """Raise the 401 or 403 unless an administrator asks."""
        if self.viewer is None or not self.viewer.admin:
            raise denied(self.viewer)

    def read(self, root: str) -> Json:
        """Return what the JSON body holds under *root*; raises the 400 of one that is no JSON."""
        try:
            body = json.loads(self.content or b"{}")
        except ValueError as exc:
            raise RedmineProblem(400) from exc
        found = body.get(root) if isinstance(body, dict) else None
        return found if isinstance(found, dict) else {}

    def included(self) -> set[str]:
        """Return what is asked to be told, too."""
        return set(self.query.get("include", "").split(","))

    def number(self, name: str) -> int:
        """Return a number of the path, or raise the 404."""
        if not self.path[name].isdecimal():
            raise missing()
        return int(self.path[name])

    def issue(self) -> Issue:
        """Return the issue of the path; raises the 404 of one that is not there, the 401 or 403 of a hidden one."""
        issue = self.site.issue(self.number("issue"))
        if not sees(self.site, self.viewer, issue):
            raise denied(self.viewer)
        return issue

    def project(self, permission: str = "view_issues") -> Project:
        """Return the project of the path; raises the 404, the 401 or the 403."""
        project = self.site.project(self.path["project"])
        check(self.viewer, permission, project)
        return project

    def page(self, name: str, values: Sequence[object]) -> Json:
        """Return one page of a list in Redmine's envelope."""
        offset, limit = page_of(self.query)
        told: Json = {name: list(values[offset : offset + limit])}
        if self.query.get("nometa") == "1":
            return told
        return told | {"total_count": len(values), "offset": offset, "limit": limit}


Handler = Callable[[Call], Answer]
ENDPOINTS: Final[dict[tuple[str, str], Handler]] = {}
"""Method and path, in Starlette's notation."""


def endpoint(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a handler."""

    def register(handler: Handler) -> Handler:
        ENDPOINTS[method, path] = handler
        return handler

    return register
