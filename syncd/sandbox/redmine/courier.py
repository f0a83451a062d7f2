"""
Redmine's webhooks as the stand-in sends them, new in 7.0: what the API shows of an issue or version, and the journal.

Signed over the body where there is a secret; no delivery id, one attempt.
Source: Redmine's own source, `app/models/webhook.rb`, `webhook_payload.rb` (read 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from syncd.sandbox.redmine.render import View, instant
from syncd.sandbox.redmine.state import Issue, Journal, Json, Site, User, Version
from syncd.sandbox.webhooks import CREATED, UPDATED, Event, Hook, Note, Uniform, hex_hmac


class RedmineCourier:
    """Words and signs what the site sends, as the account *viewer* sees it."""

    def __init__(self, site: Site, viewer: User) -> None:
        self._site = site
        self._viewer = viewer

    def events(self, notes: Iterable[Note]) -> Iterator[Event]:
        """Return an event for each note; of what was made just now only that."""
        noted = list(notes)
        made = {id(note.item) for note in noted if note.verb == CREATED}
        for note in noted:
            if note.verb == UPDATED and id(note.item) in made:
                continue
            match note.item:
                case Issue():
                    data: Json = {"issue": self._view.issue(note.item)}
                    if isinstance(note.detail, Journal):
                        data["journal"] = self._journal(note.detail)
                case Version():
                    data = {"version": self._view.version(note.item)}
                case _:
                    continue
            name = f"{note.kind}.{note.verb}"
            yield Event(name=name, body={"type": name, "timestamp": instant(self._site.now()), "data": data})

    @property
    def _view(self) -> View:
        return View(site=self._site, viewer=self._viewer)

    def _journal(self, journal: Journal) -> Json:
        return {
            "id": journal.id,
            "created_on": instant(journal.created),
            "notes": journal.notes,
            "user": {"id": journal.user, "name": self._site.users[journal.user].name},
            "details": [
                {"property": one.property, "prop_key": one.name, "old_value": one.old, "value": one.new}
                for one in journal.details
            ],
        }

    def dress(
        self, hook: Hook, event: Event, *, guid: str, attempt: int, secret: str, now: datetime
    ) -> tuple[dict[str, str], bytes]:
        """Return the one attempt."""
        del hook, guid, attempt, now  # Redmine tells none of them
        body = json.dumps(event.body, separators=(",", ":")).encode()
        headers = {"accept": "*/*", "content-type": "application/json", "user-agent": "Redmine"}
        return (headers | {"x-redmine-signature-256": f"sha256={hex_hmac(secret, body)}"} if secret else headers), body

    def retry_s(self, attempt: int, status: int, uniform: Uniform) -> float | None:
        """Return nothing: there is one attempt."""
        del attempt, status, uniform
        return None
