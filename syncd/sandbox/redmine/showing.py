"""Items as people read them: names for ids."""

from __future__ import annotations

from syncd.sandbox.redmine.schema import PRIORITIES, STATUSES, TRACKERS
from syncd.sandbox.redmine.state import Issue, Journal, Json, Site, Version


def show_issue(site: Site, issue: Issue) -> Json:
    """Return an issue with its notes."""
    told: Json = {
        "key": f"#{issue.id}",
        "id": str(issue.id),
        "type": TRACKERS[issue.tracker_id],
        "project": site.projects[issue.project_id].identifier,
        "subject": issue.subject,
        "status": STATUSES[issue.status_id],
        "priority": PRIORITIES[issue.priority_id],
        "author": site.users[issue.author_id].name,
        "archived": False,
    }
    optional = {
        "description": issue.description,
        "assigned_to": issue.assigned_to_id and site.users[issue.assigned_to_id].name,
        "category": issue.category_id and site.categories[issue.category_id].name,
        "fixed_version": issue.fixed_version_id and site.versions[issue.fixed_version_id].name,
        "parent": issue.parent_id and f"#{issue.parent_id}",
        "start_date": issue.start_date,
        "due_date": issue.due_date,
        "estimated_hours": issue.estimated_hours,
        "done_ratio": issue.done_ratio,
        "spent_hours": issue.spent_hours,
        "is_private": issue.is_private,
        "blocked by": [
            f"#{one.issue_id}"
            for one in site.relations_of(issue.id)
            if (one.type, one.issue_to_id) == ("blocks", issue.id)
        ],
        "comments": [one.notes for one in issue.journals if one.notes.strip()],
    }
    customs = {one.name: issue.customs.get(one.id) for one in site.customs_of(issue)}
    return told | {name: value for name, value in (optional | customs).items() if value}


def show_version(site: Site, version: Version) -> Json:
    """Return a version."""
    told: Json = {
        "id": str(version.id),
        "type": "version",
        "name": version.name,
        "description": version.description,
        "status": version.status,
        "due_on": version.due_date,
        "sharing": version.sharing,
    }
    customs = {one.name: version.customs.get(one.id) for one in site.customs_of_versions()}
    return told | {name: value for name, value in customs.items() if value}


def show_note(site: Site, issue: Issue, journal: Journal) -> Json:
    """Return a note; it has no id of its own outside its issue."""
    place = issue.journals.index(journal) + 1 if journal in issue.journals else 0
    return {
        "key": f"#{issue.id}-{place}",
        "id": f"{issue.id}/{journal.id}",
        "type": "comment",
        "author": site.users[journal.user].name,
        "body": journal.notes,
        "private": journal.private,
        "created_at": journal.created.isoformat(),
    }


def show_all(site: Site) -> list[Json]:
    """Return a line on every issue and version."""
    issues = [
        {
            "key": f"#{one.id}",
            "type": TRACKERS[one.tracker_id],
            "title": one.subject,
            "status": STATUSES[one.status_id],
            "due_on": one.due_date,
        }
        for one in site.issues.values()
    ]
    versions = [
        {
            "key": f"{site.projects[one.project_id].identifier}/{one.name}",
            "type": "version",
            "title": one.name,
            "due_on": one.due_date,
        }
        for one in site.versions.values()
    ]
    return [*issues, *versions]
