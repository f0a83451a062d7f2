"""Which records Redmine's webhooks name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from syncd.connectors.hooks import Delivery
from syncd.connectors.redmine.hooks import HOOKS
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.model.refs import ConnectionName, Ref

NAME = ConnectionName("redmine-web")
SETTINGS = RedmineSettings.model_validate(
    {"url": "https://redmine.example", "auth": {"key": "t"}, "scope": {"projects": ["web"]}}
)


def read(event: str, **data: Any) -> Delivery:  # noqa: ANN401 - JSON of any shape
    body = {"type": event, "timestamp": "2026-11-28T12:00:00Z", "data": data}
    return HOOKS.read(NAME, SETTINGS, {}, json.dumps(body).encode())


ISSUE = {"id": 7, "project": {"id": 1, "name": "Web"}, "subject": "Ship it"}
SEVEN = Ref(NAME, "issue", "7")


@pytest.mark.parametrize("action", ["created", "updated", "deleted"])
def test_an_issue_is_named_and_its_parent_which_may_derive_from_it(action: str) -> None:
    assert read(f"issue.{action}", issue=ISSUE).refs == (SEVEN,)
    below = {**ISSUE, "parent": {"id": 6}}
    assert read(f"issue.{action}", issue=below).refs == (Ref(NAME, "issue", "6"), SEVEN)


@pytest.mark.parametrize(("notes", "is_comment"), [("Done", True), ("", False), (" ", False), (None, False)])
def test_a_note_is_a_comment_and_a_journal_without_one_is_none(notes: str | None, is_comment: bool) -> None:  # noqa: FBT001 - a case
    journal = {"id": 5, "notes": notes, "details": [{"property": "attr", "prop_key": "subject"}]}
    comment = (Ref(NAME, "comment", "7/5"),) if is_comment else ()
    assert read("issue.updated", issue=ISSUE, journal=journal).refs == (*comment, SEVEN)


def test_versions_are_named_time_names_its_issue_and_the_rest_nothing() -> None:
    assert read("version.updated", version={"id": 3, "project": {"id": 1}}).refs == (Ref(NAME, "version", "3"),)
    assert read("time_entry.created", time_entry={"id": 9, "issue": {"id": 7}}).refs == (SEVEN,)
    assert read("time_entry.created", time_entry={"id": 9}) == Delivery()
    assert read("news.created", news={"id": 1}) == Delivery()
    assert read("wiki_page.deleted", wiki_page={"title": "Home"}) == Delivery()


@pytest.mark.parametrize("event", ["issue", "issue.assigned", "", "issue.created.twice", "Issue.created"])
def test_what_redmine_never_sends_is_refused(event: str) -> None:
    with pytest.raises(ValueError, match="not a webhook of Redmine"):
        read(event, issue=ISSUE)
