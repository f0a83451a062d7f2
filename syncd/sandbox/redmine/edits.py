"""
Making and changing issues: what is not permitted is dropped without a word, what does not hold is refused.

Source: Redmine 5.0.4, `app/models/issue.rb` (`safe_attributes=`, `validate_issue`), and the same site when asked.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.sandbox.redmine.access import allowed_statuses, assignable, may, sees
from syncd.sandbox.redmine.journals import note_child, note_edit
from syncd.sandbox.redmine.parents import derive_above, takes_from_children
from syncd.sandbox.redmine.problems import RedmineProblem, refused
from syncd.sandbox.redmine.schema import DEFAULT_PRIORITY, NEW, PRIORITIES, SUBJECT_LIMIT
from syncd.sandbox.redmine.state import Issue, Json, Project, Site, User
from syncd.sandbox.redmine.values import TRUE, custom_of, day_of, hours_of, number_of, paragraphs_of, text_of
from syncd.sandbox.redmine.versions import is_shared_into
from syncd.sandbox.webhooks import CREATED, DELETED, UPDATED

EDITABLE: Final = frozenset(
    {"project_id", "tracker_id", "status_id", "category_id", "assigned_to_id", "priority_id", "fixed_version_id"}
    | {"subject", "description", "start_date", "due_date", "done_ratio", "estimated_hours", "custom_fields"}
    | {"lock_version"}
)
DERIVED: Final = frozenset({"start_date", "due_date", "priority_id", "done_ratio"})
NOWHERE: Final = ("Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank")


@dataclass(kw_only=True)
class Draft:
    """An issue as it would be, and what speaks against it."""

    site: Site
    viewer: User
    issue: Issue
    former: Issue | None
    """As it is; `None` for a new one."""
    errors: list[str] = field(default_factory=list)

    @property
    def project(self) -> Project:
        """Where it would be."""
        return self.site.projects[self.issue.project_id]

    def changed(self, name: str) -> bool:
        """Whether an attribute would become another."""
        return self.former is None or getattr(self.former, name) != getattr(self.issue, name)

    def assign(self, name: str, label: str, read: Callable[[object], Any], value: object) -> None:
        """Set an attribute from what a client sent, or note what is wrong with it."""
        try:
            setattr(self.issue, name, read(value))
        except ValueError as exc:
            self.errors.append(f"{label} {exc}")


def create_issue(site: Site, viewer: User, asked: Json) -> Issue:
    """Make an issue, or raise the 422."""
    project = _target(site, viewer, asked.get("project_id"))
    if project is None:
        raise refused(*NOWHERE)
    now = site.now()
    blank = Issue(
        id=0,
        project_id=project.id,
        tracker_id=project.trackers[0],
        author_id=viewer.id,
        status_id=NEW,
        priority_id=DEFAULT_PRIORITY,
        start_date=now.date().isoformat(),
        created=now,
        updated=now,
    )
    draft = Draft(site=site, viewer=viewer, issue=blank, former=None)
    _fill(draft, {key: value for key, value in asked.items() if key != "project_id"})
    issue = draft.issue
    issue.id = site.new_id("issues")
    site.issues[issue.id] = issue
    site.adopt(issue, None)
    if issue.parent_id is not None:
        note_child(site, viewer, issue.parent_id, None, issue.id)
    derive_above(site, issue.parent_id)
    site.webhooks.note(CREATED, "issue", issue)
    return issue


def update_issue(site: Site, viewer: User, issue: Issue, asked: Json) -> None:
    """Change an issue, or raise the 422; an empty change moves its date, too."""
    draft = Draft(site=site, viewer=viewer, issue=deepcopy(issue), former=issue)
    _fill(draft, asked)
    notes = text_of(asked.get("notes")) if may(viewer, "add_issue_notes", draft.project) else ""
    is_private = text_of(asked.get("private_notes")) in TRUE and may(viewer, "set_notes_private", draft.project)
    commit(site, viewer, issue, draft.issue, notes=notes, private=is_private)


def commit(site: Site, viewer: User, issue: Issue, wanted: Issue, *, notes: str = "", private: bool = False) -> None:
    """Let an issue become what is wanted of it, journal that, and tell its parents."""
    before = deepcopy(issue)
    for name in Issue.__slots__:
        if name != "journals":
            setattr(issue, name, getattr(wanted, name))
    issue.updated = site.now()
    issue.lock_version += 1
    if issue.is_closed and not before.is_closed:
        issue.closed = issue.updated
    site.adopt(issue, before.parent_id)
    if not note_edit(site, viewer, before, issue, notes, private=private):
        site.webhooks.note(UPDATED, "issue", issue)
    if issue.project_id != before.project_id:
        _take_along(site, issue)
    if issue.parent_id != before.parent_id:
        for parent, gone, come in ((before.parent_id, issue.id, None), (issue.parent_id, None, issue.id)):
            if parent is not None:
                note_child(site, viewer, parent, gone, come)
        derive_above(site, before.parent_id)
    derive_above(site, issue.parent_id)


def delete_issue(site: Site, viewer: User, issue: Issue) -> None:
    """Delete an issue for good, with everything below it and every relation of these."""
    for child in site.children_of(issue.id):
        delete_issue(site, viewer, child)
    for relation in site.relations_of(issue.id):
        del site.relations[relation.id]
    site.adopt(issue, issue.parent_id, gone=True)
    del site.issues[issue.id]
    site.webhooks.note(DELETED, "issue", issue)
    if issue.parent_id is not None:
        note_child(site, viewer, issue.parent_id, issue.id, None)
        derive_above(site, issue.parent_id)


def _target(site: Site, viewer: User, named: object) -> Project | None:
    """Return the project somebody may make issues in, if that is one."""
    try:
        project = site.project(text_of(named))
    except RedmineProblem:
        return None
    return project if may(viewer, "add_issues", project) else None


def _fill(draft: Draft, asked: Json) -> None:
    """Let a draft take what it is permitted to, in Redmine's order, and refuse it whole when something is wrong."""
    if any("\0" in str(value) for value in asked.values()):
        raise RedmineProblem(500)
    taken = _permitted(draft, asked)
    if "lock_version" in taken and draft.former and number_of(taken["lock_version"]) != draft.former.lock_version:
        raise refused()
    _place(draft, taken)
    for name, (attribute, label, read) in READERS.items():
        if name in taken:
            draft.assign(attribute, label, read, taken[name])
    if "parent_issue_id" in taken:
        _hang(draft, taken["parent_issue_id"])
    _set_customs(draft, taken.get("custom_fields"))
    _validate(draft)
    if draft.errors:
        raise refused(*draft.errors)


def _place(draft: Draft, taken: Json) -> None:
    """Set project, tracker and status, each only to one that can be had."""
    if "project_id" in taken:
        _move(draft, taken["project_id"])
    if (tracker := number_of(taken.get("tracker_id"))) in draft.project.trackers and tracker is not None:
        draft.issue.tracker_id = tracker
    if "status_id" in taken and draft.former:
        statuses = allowed_statuses(draft.site, draft.viewer, draft.former, draft.former.status_id)
        if (status := number_of(taken["status_id"])) in statuses and status is not None:
            draft.issue.status_id = status


def _permitted(draft: Draft, asked: Json) -> Json:
    """Leave out what this account may not set here, and what a parent has from its children."""
    names: set[str] = set()
    if draft.former is None or may(draft.viewer, "edit_issues", draft.project):
        names = set(EDITABLE)
        if may(draft.viewer, "manage_subtasks", draft.project):
            names.add("parent_issue_id")
    if may(draft.viewer, "set_issues_private", draft.project):
        names.add("is_private")
    if draft.former and takes_from_children(draft.site, draft.former):
        names -= DERIVED
    return {key: value for key, value in asked.items() if key in names}


def _move(draft: Draft, named: object) -> None:
    """Move a draft to another project, where not all it refers to exists."""
    target, issue, site = _target(draft.site, draft.viewer, named), draft.issue, draft.site
    if target is None or target.id == issue.project_id:
        return
    issue.project_id = target.id
    if issue.tracker_id not in target.trackers:
        issue.tracker_id = target.trackers[0]
    if issue.category_id is not None:
        name = site.categories[issue.category_id].name
        same = [one.id for one in site.categories.values() if (one.project, one.name) == (target.id, name)]
        issue.category_id = same[0] if same else None
    if issue.fixed_version_id is not None:
        version = site.versions[issue.fixed_version_id]
        issue.fixed_version_id = version.id if is_shared_into(site, version, target) else None
    if issue.parent_id is not None and not _may_be_below(draft, site.issues[issue.parent_id]):
        issue.parent_id = None


def _take_along(site: Site, issue: Issue) -> None:
    """Let what is below an issue that moved be in the same project."""
    for child in site.children_of(issue.id):
        if child.project_id != issue.project_id:
            child.project_id, child.category_id, child.fixed_version_id = issue.project_id, None, None
            child.updated = site.now()
            _take_along(site, child)


def _may_be_below(draft: Draft, parent: Issue) -> bool:
    """Whether its project allows it to be below that one: both are in one tree of projects."""
    other = draft.site.projects[parent.project_id]
    return draft.site.root(other).id == draft.site.root(draft.project).id


def _hang(draft: Draft, value: object) -> None:
    """Put a draft below another issue, or below none."""
    number, issue = number_of(value), draft.issue
    if not text_of(value):
        issue.parent_id = None
        return
    parent = draft.site.issues.get(number or 0)
    if parent is None or not sees(draft.site, draft.viewer, parent) or not _may_be_below(draft, parent):
        draft.errors.append("Parent task is invalid")
        return
    above = {parent.id, *(one.id for one in draft.site.parents_of(parent))}
    if draft.former and draft.former.id in above:
        draft.errors.append("Parent task is invalid")
        return
    if parent.is_closed and not issue.is_closed:
        draft.errors.append("An open issue cannot be attached to a closed parent task")
        return
    issue.parent_id = parent.id


def _set_customs(draft: Draft, asked: object) -> None:
    """Set custom fields that the issue has; others are passed over."""
    known = {one.id: one for one in draft.site.customs_of(draft.issue)}
    draft.issue.customs = {number: value for number, value in draft.issue.customs.items() if number in known}
    for one in asked if isinstance(asked, list) else ():
        number = number_of(one.get("id")) if isinstance(one, dict) else None
        if number not in known or number is None:
            continue
        try:
            draft.issue.customs[number] = custom_of(known[number], one.get("value"))
        except ValueError as exc:
            draft.errors.append(f"{known[number].name} {exc}")


def _validate(draft: Draft) -> None:
    issue, errors = draft.issue, draft.errors
    if not issue.subject.strip():
        errors.append("Subject cannot be blank")
    elif len(issue.subject) > SUBJECT_LIMIT:
        errors.append(f"Subject is too long (maximum is {SUBJECT_LIMIT} characters)")
    if issue.priority_id not in PRIORITIES:
        errors.append("Priority cannot be blank")
    if not 0 <= issue.done_ratio <= 100:  # noqa: PLR2004 - percent
        errors.append("% Done is not included in the list")
    moved = draft.changed("start_date") or draft.changed("due_date")
    if moved and issue.start_date and issue.due_date and issue.due_date < issue.start_date:
        errors.append("Due date must be greater than start date")
    if issue.assigned_to_id is not None and draft.changed("assigned_to_id"):
        held = {draft.former.assigned_to_id} if draft.former else set()
        if issue.assigned_to_id not in assignable(draft.site, issue) | held:
            errors.append("Assignee is invalid")
    if issue.category_id is not None:
        category = draft.site.categories.get(issue.category_id)
        if category is None or category.project != issue.project_id:
            errors.append("Category is not included in the list")
    _validate_version(draft)


def _validate_version(draft: Draft) -> None:
    """Take versions that are open and usable here, and the one it has already unless that keeps it from reopening."""
    issue, former = draft.issue, draft.former
    if issue.fixed_version_id is None:
        return
    version = draft.site.versions.get(issue.fixed_version_id)
    is_kept = former is not None and former.fixed_version_id == issue.fixed_version_id
    is_usable = version is not None and version.status == "open" and is_shared_into(draft.site, version, draft.project)
    if version is None or not (is_kept or is_usable):
        draft.errors.append("Target version is not included in the list")
    elif former is not None and former.is_closed and not issue.is_closed and version.status == "closed":
        draft.errors.append("An issue assigned to a closed version cannot be reopened")


def _ratio(value: object) -> int:
    return number_of(value) or 0


READERS: Final[dict[str, tuple[str, str, Callable[[object], Any]]]] = {
    "subject": ("subject", "Subject", text_of),
    "description": ("description", "Description", paragraphs_of),
    "priority_id": ("priority_id", "Priority", _ratio),
    "assigned_to_id": ("assigned_to_id", "Assignee", number_of),
    "category_id": ("category_id", "Category", number_of),
    "fixed_version_id": ("fixed_version_id", "Target version", number_of),
    "start_date": ("start_date", "Start date", day_of),
    "due_date": ("due_date", "Due date", day_of),
    "estimated_hours": ("estimated_hours", "Estimated time", hours_of),
    "done_ratio": ("done_ratio", "% Done", _ratio),
    "is_private": ("is_private", "Private", lambda value: text_of(value) in TRUE),
}
"""By what a write calls it: the attribute, its name in a refusal, and how it is read."""
