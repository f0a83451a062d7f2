"""
What a parent has from its children: its dates, its priority and how much is done.

Source: Redmine 5.0.4, `recalculate_attributes_for` in `app/models/issue.rb`, with the settings it comes with.
"""

from __future__ import annotations

from fractions import Fraction

from syncd.sandbox.redmine.schema import DEFAULT_PRIORITY
from syncd.sandbox.redmine.state import Issue, Site


def takes_from_children(site: Site, issue: Issue) -> bool:
    """Whether an issue has these from its children, so that nobody can set them."""
    return site.derives and bool(site.children_of(issue.id))


def derive_above(site: Site, number: int | None) -> None:
    """Recalculate an issue and everything above it; dates of change move only where something changed."""
    while number is not None and number in site.issues:
        issue = site.issues[number]
        if takes_from_children(site, issue):
            _derive(site, issue)
        number = issue.parent_id


def _derive(site: Site, issue: Issue) -> None:
    children = site.children_of(issue.id)
    starts = [one.start_date for one in children if one.start_date]
    dues = [one.due_date for one in children if one.due_date]
    start, due = min(starts, default=None), max(dues, default=None)
    if start and due and due < start:
        start, due = due, start
    priority = max((one.priority_id for one in children if not one.is_closed), default=DEFAULT_PRIORITY)
    derived = (start, due, priority, _done(site, children))
    if derived != (issue.start_date, issue.due_date, issue.priority_id, issue.done_ratio):
        issue.start_date, issue.due_date, issue.priority_id, issue.done_ratio = derived
        issue.updated = site.now()
        issue.lock_version += 1


def _done(site: Site, children: list[Issue]) -> int:
    """Return the average of what is done, weighed with the hours it is estimated to take."""
    hours = {one.id: Fraction(str(total_hours(site, one) or 0)) for one in children}
    given = [each for each in hours.values() if each > 0]
    average = sum(given, Fraction(0)) / len(given) if given else Fraction(1)
    done = sum((hours[one.id] or average) * (100 if one.is_closed else one.done_ratio) for one in children)
    return int(done / (average * len(children)))


def total_hours(site: Site, issue: Issue) -> float | None:
    """Return the hours estimated for an issue and everything below it; `None` when none are."""
    parts = [issue.estimated_hours, *(total_hours(site, child) for child in site.children_of(issue.id))]
    given = [part for part in parts if part is not None]
    return sum(given) if given else None


def total_spent(site: Site, issue: Issue) -> float:
    """Return the hours spent on an issue and everything below it."""
    return issue.spent_hours + sum(total_spent(site, child) for child in site.children_of(issue.id))
