"""What the API tells, key by key in Redmine's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from syncd.sandbox.redmine.access import allowed_statuses, may, sees, sees_note
from syncd.sandbox.redmine.parents import total_hours, total_spent
from syncd.sandbox.redmine.schema import CLOSING, PRIORITIES, STATUSES, TRACKERS, FieldDef
from syncd.sandbox.redmine.state import Category, Customs, Issue, Journal, Json, Project, Relation, Site, User, Version


def instant(at: datetime | None) -> str | None:
    """Return a time as the API tells it: whole seconds, in UTC."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def status_of(number: int) -> Json:
    """Return a status."""
    return {"id": number, "name": STATUSES[number], "is_closed": number in CLOSING}


def named(number: int, names: Mapping[int, str]) -> Json:
    """Return a reference."""
    return {"id": number, "name": names[number]}


def relation_of(relation: Relation) -> Json:
    """Return a relation, the same from both ends."""
    return {
        "id": relation.id,
        "issue_id": relation.issue_id,
        "issue_to_id": relation.issue_to_id,
        "relation_type": relation.type,
        "delay": relation.delay,
    }


def category_of(category: Category, project: Project) -> Json:
    """Return a category of issues."""
    return {"id": category.id, "project": {"id": project.id, "name": project.name}, "name": category.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How one account sees the site; `None` is a stranger."""

    site: Site
    viewer: User | None

    def issue(self, issue: Issue, *, is_new: bool = False) -> Json:
        """Return an issue. What is empty of references is left out; *is_new*: as its create is answered."""
        site = self.site
        project = site.projects[issue.project_id]
        told: Json = {
            "id": issue.id,
            "project": {"id": project.id, "name": project.name},
            "tracker": named(issue.tracker_id, TRACKERS),
            "status": status_of(issue.status_id),
            "priority": named(issue.priority_id, PRIORITIES),
            "author": self._person(issue.author_id),
        }
        if issue.assigned_to_id is not None:
            told["assigned_to"] = self._person(issue.assigned_to_id)
        if issue.category_id is not None:
            told["category"] = {"id": issue.category_id, "name": site.categories[issue.category_id].name}
        if issue.fixed_version_id is not None:
            told["fixed_version"] = {"id": issue.fixed_version_id, "name": site.versions[issue.fixed_version_id].name}
        if issue.parent_id is not None:
            told["parent"] = {"id": issue.parent_id}
        for name in ("subject", "description", "start_date", "due_date", "done_ratio", "is_private", "estimated_hours"):
            told[name] = getattr(issue, name)
        told["total_estimated_hours"] = total_hours(site, issue)
        if not is_new and may(self.viewer, "view_time_entries", project):
            told |= {"spent_hours": issue.spent_hours, "total_spent_hours": total_spent(site, issue)}
        return told | {
            "custom_fields": self._customs(site.customs_of(issue), issue.customs),
            "created_on": instant(issue.created),
            "updated_on": instant(issue.updated),
            "closed_on": instant(issue.closed),
        }

    def extras(self, issue: Issue, wanted: set[str], *, is_listed: bool = False) -> Json:
        """Return what was asked to be included; a list leaves the journals out, and keeps what is empty."""
        found: Json = {}
        if "children" in wanted and not is_listed and (children := self._below(issue)):
            found["children"] = children
        if "attachments" in wanted:
            found["attachments"] = []
        if "relations" in wanted:
            relations = [relation_of(one) for one in self.site.relations_of(issue.id) if self._shows(one)]
            if relations or is_listed:
                found["relations"] = relations
        if is_listed:
            return found
        if "journals" in wanted:
            project = self.site.projects[issue.project_id]
            found["journals"] = [self._journal(one) for one in issue.journals if sees_note(self.viewer, one, project)]
        if "allowed_statuses" in wanted:
            found["allowed_statuses"] = [
                status_of(one) for one in allowed_statuses(self.site, self.viewer, issue, issue.status_id)
            ]
        return found

    def version(self, version: Version, *, is_listed: bool = False) -> Json:
        """Return a version; one by itself tells the hours of its issues, too."""
        project = self.site.projects[version.project_id]
        told: Json = {
            "id": version.id,
            "project": {"id": project.id, "name": project.name},
            "name": version.name,
            "description": version.description,
            "status": version.status,
            "due_date": version.due_date,
            "sharing": version.sharing,
            "wiki_page_title": None,
        }
        if not is_listed:
            issues = [one for one in self.site.issues.values() if one.fixed_version_id == version.id]
            told["estimated_hours"] = float(sum(one.estimated_hours or 0 for one in issues))
            told["spent_hours"] = float(sum(one.spent_hours for one in issues))
        return told | {
            "custom_fields": self._customs(self.site.customs_of_versions(), version.customs),
            "created_on": instant(version.created),
            "updated_on": instant(version.updated),
        }

    def project(self, project: Project, wanted: set[str]) -> Json:
        """Return a project."""
        told: Json = {
            "id": project.id,
            "name": project.name,
            "identifier": project.identifier,
            "description": None,
            "homepage": "",
        }
        if project.parent is not None:
            parent = self.site.projects[project.parent]
            told["parent"] = {"id": parent.id, "name": parent.name}
        told |= {"status": project.status, "is_public": project.is_public, "inherit_members": False}
        if "trackers" in wanted:
            told["trackers"] = [named(one, TRACKERS) for one in project.trackers]
        if "issue_categories" in wanted:
            mine = [one for one in self.site.categories.values() if one.project == project.id]
            told["issue_categories"] = [
                {"id": one.id, "name": one.name} for one in sorted(mine, key=lambda one: one.name)
            ]
        if "issue_custom_fields" in wanted:
            told["issue_custom_fields"] = []  # of fields for all projects it tells none
        return told | {"created_on": instant(project.created), "updated_on": instant(project.updated)}

    def user(self, user: User) -> Json:
        """Return an account as another one sees it, or itself."""
        is_admin = self.viewer is not None and self.viewer.admin
        knows = is_admin or (self.viewer is not None and self.viewer.id == user.id)
        told: Json = {"id": user.id, "login": user.login}
        if knows:
            told["admin"] = user.admin
        told |= {"firstname": user.firstname, "lastname": user.lastname}
        if is_admin or user.mail_shown:
            told["mail"] = user.mail
        founded = instant(self.site.founded)
        told |= {"created_on": founded, "updated_on": founded, "last_login_on": None, "passwd_changed_on": None}
        return told | ({"twofa_scheme": None, "api_key": user.key} if knows else {})

    def _person(self, number: int) -> Json:
        return {"id": number, "name": self.site.users[number].name}

    def _shows(self, relation: Relation) -> bool:
        ends = (self.site.issues[relation.issue_id], self.site.issues[relation.issue_to_id])
        return all(sees(self.site, self.viewer, one) for one in ends)

    def _below(self, issue: Issue) -> list[Json]:
        found = []
        for child in self.site.children_of(issue.id):
            if sees(self.site, self.viewer, child):
                told: Json = {"id": child.id, "tracker": named(child.tracker_id, TRACKERS), "subject": child.subject}
                found.append(told | ({"children": below} if (below := self._below(child)) else {}))
        return found

    def _journal(self, journal: Journal) -> Json:
        return {
            "id": journal.id,
            "user": self._person(journal.user),
            "notes": journal.notes,
            "created_on": instant(journal.created),
            "private_notes": journal.private,
            "details": [
                {"property": one.property, "name": one.name, "old_value": one.old, "new_value": one.new}
                for one in journal.details
            ],
        }

    @staticmethod
    def _customs(fields: list[FieldDef], held: Customs) -> list[Json]:
        return [
            {"id": one.id, "name": one.name, "multiple": True, "value": held.get(one.id) or []}
            if one.multiple
            else {"id": one.id, "name": one.name, "value": held.get(one.id)}
            for one in fields
        ]


def field_of(field: FieldDef) -> Json:
    """Return a custom field as administrators are told of it."""
    told: Json = {
        "id": field.id,
        "name": field.name,
        "customized_type": field.on,
        "field_format": field.format,
        "regexp": "",
        "min_length": None,
        "max_length": field.max_length,
        "is_required": False,
        "is_filter": field.is_filter,
        "searchable": False,
        "multiple": field.multiple,
        "default_value": None,
        "visible": True,
    }
    options = {"1": "Yes", "0": "No"} if field.format == "bool" else {one: one for one in field.options}
    if options:
        told["possible_values"] = [{"value": value, "label": label} for value, label in options.items()]
    if field.on == "issue":
        told |= {"trackers": [named(one, TRACKERS) for one in field.trackers], "roles": []}
    return told
