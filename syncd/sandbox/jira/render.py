"""The site's content as its API words it, for one viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from syncd.sandbox.jira.comments import Comment
from syncd.sandbox.jira.schema import (
    CATEGORIES,
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES_BY_ID,
    TYPES_BY_ID,
    FieldDef,
    FieldKind,
    IssueType,
    StatusDef,
)
from syncd.sandbox.jira.sprints import Sprint
from syncd.sandbox.jira.state import Component, History, Issue, Json, Link, Project, Site, User, Version
from syncd.sandbox.jira.workflow import Transition

PRIORITY_NAMES: Final = dict(PRIORITIES)
RESOLUTION_NAMES: Final = dict(RESOLUTIONS)
LINK_TYPES_BY_ID: Final = {one[0]: one for one in LINK_TYPES}
INLINE_COMMENTS: Final = 20
"""How many comments an issue itself shows; `total` tells of more (recalled from the search's migration notes)."""


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, and from which URL: links and times depend on it."""

    site: Site
    base: str
    viewer: User

    def _self(self, path: str) -> str:
        return f"{self.base}/rest/api/3/{path}"

    def instant(self, at: datetime) -> str:
        """Return a moment as Jira prints it: milliseconds, in the viewer's zone, offset without a colon."""
        local = at.astimezone(self.viewer.zone)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"

    def user(self, user: User) -> Json:
        """Return a user; the e-mail only to themselves or if they show it."""
        told = {
            "self": self._self(f"user?accountId={user.account_id}"),
            "accountId": user.account_id,
            "accountType": "atlassian",
            "displayName": user.name,
            "active": user.active,
            "timeZone": user.zone_name,
            "avatarUrls": {f"{size}x{size}": f"{self.base}/avatar/{size}.png" for size in (16, 24, 32, 48)},
        }
        return told | {"emailAddress": user.email} if user.email_shown or user is self.viewer else told

    def status(self, status: StatusDef) -> Json:
        """Return a status with its category."""
        number, name, colour = CATEGORIES[status.category]
        return {
            "self": self._self(f"status/{status.id}"),
            "description": "",
            "iconUrl": f"{self.base}/",
            "name": status.name,
            "id": status.id,
            "statusCategory": {
                "self": self._self(f"statuscategory/{number}"),
                "id": number,
                "key": status.category,
                "colorName": colour,
                "name": name,
            },
        }

    def issue_type(self, issue_type: IssueType) -> Json:
        """Return an issue type."""
        return {
            "self": self._self(f"issuetype/{issue_type.id}"),
            "id": issue_type.id,
            "description": "",
            "iconUrl": f"{self.base}/type/{issue_type.id}.png",
            "name": issue_type.name,
            "subtask": issue_type.is_subtask,
            "hierarchyLevel": issue_type.level,
        }

    def priority(self, number: str) -> Json:
        """Return a priority."""
        name = PRIORITY_NAMES[number]
        icon = f"{self.base}/priority/{name.lower()}.svg"
        return {"self": self._self(f"priority/{number}"), "iconUrl": icon, "name": name, "id": number}

    def project(self, project: Project) -> Json:
        """Return a project as issues and lists show it."""
        return {
            "self": self._self(f"project/{project.id}"),
            "id": str(project.id),
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "simplified": False,
            "style": "classic",
            "isPrivate": False,
        }

    def version(self, version: Version) -> Json:
        """Return a version: string id, integer projectId, plain dates, absent when empty."""
        told: Json = {
            "self": self._self(f"version/{version.id}"),
            "id": version.id,
            "name": version.name,
            "archived": version.archived,
            "released": version.released,
            "projectId": self.site.projects[version.project].id,
        }
        optional = {"description": version.description, "startDate": version.start, "releaseDate": version.release}
        told |= {key: value for key, value in optional.items() if value}
        if version.release and not version.released:
            told["overdue"] = version.release < self.site.now().astimezone(self.viewer.zone).date().isoformat()
        return told

    def component(self, component: Component) -> Json:
        """Return a component."""
        return {"self": self._self(f"component/{component.id}"), "id": component.id, "name": component.name}

    def transition(self, transition: Transition, fields: Json | None = None) -> Json:
        """Return a transition, with its screen's fields if asked for."""
        told: Json = {
            "id": transition.id,
            "name": transition.name,
            "to": self.status(transition.target),
            "hasScreen": bool(fields),
            "isGlobal": not transition.sources,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
            "isLooped": False,
        }
        return told if fields is None else told | {"fields": fields}

    def link_type(self, number: str) -> Json:
        """Return an issue link type."""
        _, name, inward, outward = LINK_TYPES_BY_ID[number]
        return {
            "id": number,
            "name": name,
            "inward": inward,
            "outward": outward,
            "self": self._self(f"issueLinkType/{number}"),
        }

    def mention(self, issue: Issue) -> Json:
        """Return an issue as other issues show it: parent, sub-task, link."""
        fields: Json = {
            "summary": issue.values["summary"],
            "status": self.status(STATUSES_BY_ID[issue.values["status"]]),
            "issuetype": self.issue_type(issue.type),
        }
        if issue.values.get("priority"):
            fields["priority"] = self.priority(issue.values["priority"])
        return {"id": str(issue.id), "key": issue.key, "self": self._self(f"issue/{issue.id}"), "fields": fields}

    def link(self, link: Link, seen_from: int | None = None) -> Json:
        """Return a link; seen from one of its issues, only the other end is told."""
        told: Json = {
            "id": link.id,
            "self": self._self(f"issueLink/{link.id}"),
            "type": self.link_type(link.type),
        }
        if seen_from != link.source:
            told["inwardIssue"] = self.mention(self.site.issues[link.source])
        if seen_from != link.target:
            told["outwardIssue"] = self.mention(self.site.issues[link.target])
        return told

    def history(self, entry: History) -> Json:
        """Return one edit."""
        return {
            "id": str(entry.id),
            "author": self.user(self.site.users[entry.author]),
            "created": self.instant(entry.at),
            "items": [
                {
                    "field": self._field_name(change.field),
                    "fieldtype": "custom" if change.field.startswith("customfield_") else "jira",
                    "fieldId": change.field,
                    "from": change.before,
                    "fromString": change.before_text,
                    "to": change.after,
                    "toString": change.after_text,
                }
                for change in entry.changes
            ],
        }

    def issue(self, issue: Issue, wanted: Sequence[str], state: tuple[str, Json] | None = None) -> Json:
        """Return an issue with the *wanted* fields; *state* is another key and values (the index's) to show."""
        key, values = state or (issue.key, issue.values)
        told: Json = {
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
            "id": str(issue.id),
            "self": self._self(f"issue/{issue.id}"),
            "key": key,
        }
        shown = [one for one in self.site.fields.values() if wants(wanted, one) and self._is_shown(one, issue.type)]
        if shown:
            told["fields"] = {one.id: self.field(one, issue, values) for one in shown}
            if told["fields"].get("parent", 0) is None:
                del told["fields"]["parent"]  # as on the real site: no parent, no key
        return told

    def _field_name(self, field: str) -> str:
        """Return how histories call a field: custom ones by their name today, if they still exist."""
        known = self.site.fields.get(field)
        return known.name if known and known.is_custom else field

    @staticmethod
    def _is_shown(field: FieldDef, issue_type: IssueType) -> bool:
        return not field.is_custom or field.screens is None or issue_type.name in field.screens

    def field(self, field: FieldDef, issue: Issue, values: Json) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return one field's value in the API's words."""
        if field.kind in _OF_ISSUE:
            return _OF_ISSUE[field.kind](self, issue)
        value = values.get(field.id)
        if field.kind is FieldKind.COMMENTS:
            return self.comments(issue, value or ())
        if field.kind in _OF_MEMBER:
            return [_OF_MEMBER[field.kind](self, field, one) for one in value or ()]
        if value is None or value == []:
            return None
        return _OF_VALUE[field.kind](self, field, value) if field.kind in _OF_VALUE else value

    def links(self, issue: Issue) -> list[Json]:
        """Return an issue's links whose other end the viewer may see."""
        seen = (one for one in self.site.links_of(issue.id) if not {one.source, one.target} & self.site.hidden)
        return [self.link(one, issue.id) for one in seen]

    def comment(self, comment: Comment) -> Json:
        """Return a comment without its properties."""
        users = self.site.users
        told: Json = {
            "self": self._self(f"issue/{comment.issue}/comment/{comment.id}"),
            "id": str(comment.id),
            "author": self.user(users[comment.author]),
            "body": comment.body,
            "updateAuthor": self.user(users[comment.updated_by]),
            "created": self.instant(comment.created),
            "updated": self.instant(comment.updated),
            "jsdPublic": comment.is_public,
        }
        return told if comment.visibility is None else told | {"visibility": comment.visibility}

    def comments(self, issue: Issue, held: Sequence[Comment]) -> Json:
        """Return an issue's comments as the issue itself shows them: the first ones, and how many there are."""
        shown = [self.comment(one) for one in held[:INLINE_COMMENTS]]
        place = self._self(f"issue/{issue.id}/comment")
        return {"comments": shown, "self": place, "maxResults": len(shown), "total": len(held), "startAt": 0}

    @staticmethod
    def sprint(sprint: Sprint) -> Json:
        """Return what both APIs tell of a sprint, its times in UTC; what is not set is absent."""
        times = {"startDate": sprint.start, "endDate": sprint.end, "completeDate": sprint.complete}
        told: Json = {"name": sprint.name, "state": sprint.state, "goal": sprint.goal}
        return told | {key: f"{at:%Y-%m-%dT%H:%M:%S}.000Z" for key, at in times.items() if at is not None}

    def held_sprint(self, sprint: Sprint) -> Json:
        """Return a sprint as an issue's field shows it."""
        return {"id": sprint.id, "boardId": sprint.board, **self.sprint(sprint)}

    def subtasks(self, issue: Issue) -> list[Json]:
        """Return an issue's sub-tasks."""
        return [self.mention(one) for one in self.site.children_of(issue.id) if one.type.is_subtask]

    def parent(self, number: int) -> Json | None:
        """Return a parent, if the viewer may see it."""
        seen = number in self.site.issues and number not in self.site.hidden
        return self.mention(self.site.issues[number]) if seen else None

    def resolution(self, number: str) -> Json:
        """Return a resolution."""
        return {"self": self._self(f"resolution/{number}"), "id": number, "name": RESOLUTION_NAMES[number]}

    def option(self, field: FieldDef, number: str) -> Json:
        """Return one option of a select field."""
        value = next(option.value for option in field.options if option.id == number)
        return {"self": self._self(f"customFieldOption/{number}"), "value": value, "id": number}


_OF_ISSUE: Final[dict[FieldKind, Callable[[View, Issue], Any]]] = {
    FieldKind.LINKS: View.links,
    FieldKind.SUBTASKS: View.subtasks,
}
_OF_MEMBER: Final[dict[FieldKind, Callable[[View, FieldDef, Any], Any]]] = {
    FieldKind.VERSIONS: lambda view, _, one: view.version(view.site.versions[one]),
    FieldKind.COMPONENTS: lambda view, _, one: view.component(view.site.components[one]),
    FieldKind.LABELS: lambda _view, _, one: one,
}
_OF_VALUE: Final[dict[FieldKind, Callable[[View, FieldDef, Any], Any]]] = {
    FieldKind.USER: lambda view, _, value: view.user(view.site.users[value]),
    FieldKind.STATUS: lambda view, _, value: view.status(STATUSES_BY_ID[value]),
    FieldKind.TYPE: lambda view, _, value: view.issue_type(TYPES_BY_ID[value]),
    FieldKind.PROJECT: lambda view, _, value: view.project(view.site.projects[value]),
    FieldKind.PRIORITY: lambda view, _, value: view.priority(value),
    FieldKind.RESOLUTION: lambda view, _, value: view.resolution(value),
    FieldKind.PARENT: lambda view, _, value: view.parent(value),
    FieldKind.INSTANT: lambda view, _, value: view.instant(value),
    FieldKind.SPRINT: lambda view, _, value: [view.held_sprint(view.site.sprints[one]) for one in value],
    FieldKind.OPTION: View.option,
    FieldKind.OPTIONS: lambda view, field, value: [view.option(field, one) for one in value],
}


def wants(wanted: Sequence[str], field: FieldDef) -> bool:
    """Say whether a `fields` parameter asks for *field*: ids, `*all`, `*navigable`, and `-id` to leave one out."""
    if f"-{field.id}" in wanted:
        return False
    is_navigable = "*navigable" in wanted and field.kind is not FieldKind.COMMENTS
    only_minus = bool(wanted) and all(one.startswith("-") for one in wanted)
    return only_minus or field.id in wanted or "*all" in wanted or is_navigable


def split_names(values: Iterable[str]) -> list[str]:
    """Return the names of a repeated or comma-separated parameter."""
    return [name.strip() for value in values for name in value.split(",") if name.strip()]
