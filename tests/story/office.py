"""The project office at work in a real Redmine: a project of its own, and its people's edits, past the connector."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from syncd.world import make_id
from tests.connectors.redmine.site import MARKER, TIMEOUT_S, VERSION_MARKER, require_redmine

EPIC = 4
FEATURE = 2
STATUSES = {"New": 1, "In Progress": 2, "Resolved": 3, "Feedback": 4, "Closed": 5, "Rejected": 6}
PRIORITIES = {"Low": 1, "Normal": 2, "High": 3, "Urgent": 4}
MARKERS = {"marker_field": MARKER, "version_marker_field": VERSION_MARKER}
"""Fields the seeded site has; a site of one's own would call them "Syncd id"."""
Standing = Mapping[str, tuple[object, ...]]


@dataclass
class Office:
    """One project of a real Redmine as its people use it."""

    url: str
    project: str
    people: httpx.Client
    users: Mapping[str, int]

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """Do something as the administrator and return the answer."""
        response = self.people.request(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content.strip() else None

    def add(self, tracker: int, subject: str, **fields: object) -> str:
        """Make an issue and return its number."""
        body = {"project_id": self.project, "tracker_id": tracker, "subject": subject, **self._ids(fields)}
        return str(self.call("POST", "/issues.json", {"issue": body})["issue"]["id"])

    def edit(self, number: str, **fields: object) -> None:
        """Change an issue, and see that Redmine took it (its 204 proves nothing)."""
        wanted = self._ids(fields)
        self.call("PUT", f"/issues/{number}.json", {"issue": wanted})
        now = self.show(number)
        for name, value in wanted.items():
            held = now[name.removesuffix("_id")]["id"] if name.endswith("_id") else now[name]
            assert held == value, f"Redmine did not take {name} of {number}: {held}"

    def edit_text(self, number: str, description: str) -> None:
        """Change an issue's description."""
        self.call("PUT", f"/issues/{number}.json", {"issue": {"description": description}})

    def _ids(self, fields: Mapping[str, object]) -> dict[str, object]:
        words = {"status": STATUSES, "priority": PRIORITIES, "assigned_to": self.users}
        return {
            f"{name}_id" if name in words else name: words[name][str(value)] if name in words else value
            for name, value in fields.items()
        }

    def show(self, number: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return an issue with its journal."""
        return self.call("GET", f"/issues/{number}.json?include=journals")["issue"]

    def delete(self, number: str) -> None:
        """Delete an issue for good, and with it, as Redmine does, everything below it."""
        self.call("DELETE", f"/issues/{number}.json")

    def add_version(self, name: str, **fields: object) -> str:
        """Make a version and return its number."""
        body = {"version": {"name": name, **fields}}
        return str(self.call("POST", f"/projects/{self.project}/versions.json", body)["version"]["id"])

    def edit_version(self, number: str, **fields: object) -> None:
        """Change a version."""
        self.call("PUT", f"/versions/{number}.json", {"version": fields})

    def versions(self) -> Sequence[Any]:
        """Return all versions."""
        found = self.call("GET", f"/projects/{self.project}/versions.json")["versions"]
        assert isinstance(found, list)
        return found

    def issues(self) -> Sequence[Any]:
        """Return all issues, closed ones too."""
        found = self.call("GET", f"/issues.json?project_id={self.project}&status_id=*&limit=100&sort=id:asc")["issues"]
        assert isinstance(found, list)
        return found

    def standing(self) -> Standing:
        """Return when each issue and version was last touched, and how many entries its journal has."""
        issues = {
            f"issue {each['id']}": (each["updated_on"], len(self.show(str(each["id"]))["journals"]))
            for each in self.issues()
        }
        return issues | {f"version {each['id']}": tuple(each.items()) for each in self.versions()}

    def close(self) -> None:
        """Remove the project."""
        self.people.delete(f"/projects/{self.project}.json")
        self.people.close()


def open_office() -> Office:
    """Return the running site with a fresh public project, of which the developer and the reporter are members."""
    url = require_redmine()
    headers = {"X-Redmine-API-Key": os.environ["REDMINE_API_KEY"]}
    people = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)
    office = Office(url, f"story{make_id()}", people, {})
    made = {"name": office.project, "identifier": office.project, "tracker_ids": [1, 2, 3, 4], "is_public": True}
    office.call("POST", "/projects.json", {"project": made | {"enabled_module_names": ["issue_tracking"]}})
    office.users = {each["login"]: each["id"] for each in office.call("GET", "/users.json?limit=100")["users"]}
    roles = {each["name"]: each["id"] for each in office.call("GET", "/roles.json")["roles"]}
    for login in ("dana", "rita"):
        member = {"user_id": office.users[login], "role_ids": [roles["Developer"]]}
        office.call("POST", f"/projects/{office.project}/memberships.json", {"membership": member})
    return office
