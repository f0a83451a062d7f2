"""What an issue's journals tell: who changed what, and what people noted."""

from __future__ import annotations

from collections.abc import Iterator

from syncd.sandbox.redmine.state import JOURNALED, Detail, Issue, Journal, Site, User
from syncd.sandbox.webhooks import UPDATED


def note_edit(site: Site, viewer: User, before: Issue, issue: Issue, notes: str, *, private: bool) -> bool:
    """Journal what became of an issue, and tell whether anything did or was said."""
    details = (*_attributes(before, issue), *_customs(before, issue))
    if details or notes.strip():
        _add(site, viewer, issue, details, notes, private=private)
        return True
    return False


def note_child(site: Site, viewer: User, parent: int, gone: int | None, come: int | None) -> None:
    """Journal, on a parent, that a child went or came; its date moves."""
    issue = site.issues.get(parent)
    if issue is not None:
        _add(site, viewer, issue, (_detail("attr", "child_id", gone, come),))
        issue.updated = site.now()


def note_relation(site: Site, viewer: User, issue: Issue, name: str, gone: int | None, come: int | None) -> None:
    """Journal a relation that went or came; no date moves."""
    _add(site, viewer, issue, (_detail("relation", name, gone, come),))


def _add(
    site: Site, viewer: User, issue: Issue, details: tuple[Detail, ...], notes: str = "", *, private: bool = False
) -> None:
    journal = Journal(
        id=site.new_id("journals"),
        user=viewer.id,
        created=site.now(),
        notes=notes,
        private=private,
        details=details,
    )
    issue.journals.append(journal)
    site.webhooks.note(UPDATED, "issue", issue, journal)


def _detail(kind: str, name: str, old: object, new: object) -> Detail:
    return Detail(property=kind, name=name, old=_told(old), new=_told(new))


def _told(value: object) -> str | None:
    if value is None:
        return None
    return ("1" if value else "0") if isinstance(value, bool) else str(value)


def _attributes(before: Issue, issue: Issue) -> Iterator[Detail]:
    for name in JOURNALED:
        old, new = getattr(before, name), getattr(issue, name)
        if old != new and (old or new):
            yield _detail("attr", name, old, new)


def _customs(before: Issue, issue: Issue) -> Iterator[Detail]:
    for number in sorted(before.customs.keys() | issue.customs.keys()):
        old, new = before.customs.get(number), issue.customs.get(number)
        if isinstance(old, list) or isinstance(new, list):
            yield from (_detail("cf", str(number), one, None) for one in old or () if one not in (new or ()))
            yield from (_detail("cf", str(number), None, one) for one in new or () if one not in (old or ()))
        elif old != new and (old or new):
            yield _detail("cf", str(number), old, new)
