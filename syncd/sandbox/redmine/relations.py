"""Relations between issues, as Redmine 5.0.4 takes them (`app/models/issue_relation.rb`)."""

from __future__ import annotations

from syncd.sandbox.redmine.journals import note_relation
from syncd.sandbox.redmine.problems import refused
from syncd.sandbox.redmine.schema import RELATION_TYPES
from syncd.sandbox.redmine.state import Issue, Json, Relation, Site, User
from syncd.sandbox.redmine.values import number_of, text_of

REVERSED = {other: name for name, other in RELATION_TYPES.items() if other != name}
WAITING = ("blocks", "precedes")
"""What a circle cannot be made of."""


def create_relation(site: Site, viewer: User, issue: Issue, asked: Json) -> Relation:
    """Relate two issues, or raise the 422; no issue's date moves."""
    kind = text_of(asked.get("relation_type")) or "relates"
    other = site.issues.get(number_of(asked.get("issue_to_id")) or 0)
    if kind not in RELATION_TYPES and kind not in REVERSED:
        raise refused("Relation type is not included in the list")
    if other is None:
        raise refused("Related issue cannot be blank")
    first, second = issue, other
    if kind in REVERSED or (kind == "relates" and issue.id > other.id):
        first, second = other, issue
        kind = REVERSED.get(kind, kind)
    errors = _problems(site, first, second, kind)
    if errors:
        raise refused(*errors)
    delay = (number_of(asked.get("delay")) or 0) if kind == "precedes" else None
    relation = Relation(id=site.new_id("relations"), issue_id=first.id, issue_to_id=second.id, type=kind, delay=delay)
    site.relations[relation.id] = relation
    note_relation(site, viewer, first, kind, None, second.id)
    note_relation(site, viewer, second, RELATION_TYPES[kind], None, first.id)
    return relation


def delete_relation(site: Site, viewer: User, relation: Relation) -> None:
    """Take a relation away."""
    del site.relations[relation.id]
    first, second = site.issues[relation.issue_id], site.issues[relation.issue_to_id]
    note_relation(site, viewer, first, relation.type, second.id, None)
    note_relation(site, viewer, second, RELATION_TYPES[relation.type], first.id, None)


def _problems(site: Site, first: Issue, second: Issue, kind: str) -> list[str]:
    found = []
    if any((one.issue_id, one.issue_to_id) == (first.id, second.id) for one in site.relations.values()):
        found.append("Related issue has already been taken")
    if first.id == second.id:
        found.append("Related issue is invalid")
    if first.project_id != second.project_id:
        found.append("Related issue doesn't belong to the same project")
    if kind in WAITING and first.id in _waiting_for(site, second.id, kind):
        found.append("This relation would create a circular dependency")
    if first in site.parents_of(second) or second in site.parents_of(first):
        found.append("An issue cannot be linked to one of its subtasks")
    return found


def _waiting_for(site: Site, start: int, kind: str) -> set[int]:
    """Return what waits, step by step, for an issue."""
    found: set[int] = set()
    ahead = [start]
    while ahead:
        number = ahead.pop()
        for one in site.relations_of(number):
            if (one.type, one.issue_id) == (kind, number) and one.issue_to_id not in found:
                found.add(one.issue_to_id)
                ahead.append(one.issue_to_id)
    return found
