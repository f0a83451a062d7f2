"""Links home: shown below the text, kept by every write of it, and nobody's edit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncd.connectors.github.footers import REMEMBERED, Footers
from syncd.connectors.github.marker import BODY_LIMIT, OVERHEAD
from syncd.connectors.protocol import Done, Home, Homes, Refused, Update
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError
from syncd.model.native import Record, RichText, Text, TextFormat
from syncd.model.refs import ConnectionName, Ref
from syncd.sandbox.github.nodes import Issue, Milestone
from syncd.sandbox.github.nodes_project import DraftIssue, ProjectItem
from tests.connectors.github.rig import MARKER, NAME, Rig, op

JIRA = Home(
    connection=ConnectionName("jira-pmo"), key="PMO-12", url="https://jira.example/browse/PMO-12", title="Ship SSO"
)
REDMINE = Home(connection=ConnectionName("redmine"), key="#31", url="https://redmine.example/issues/31", title="Ship")
LINE = "Also in: [PMO-12](https://jira.example/browse/PMO-12) (jira-pmo) <!-- syncd:links -->"
MARK = f"<!-- syncd:{MARKER} -->"


def markdown(text: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, text)


def raw(rig: Rig, key: str | Ref) -> str:
    """Return a body as it stands on GitHub."""
    match rig.hub.people.find(key if isinstance(key, str) else key.id):
        case Issue(body=body) | ProjectItem(content=DraftIssue(body=body)):
            return body
        case Milestone(description=description):
            return description or ""
    raise AssertionError(key)


async def show(rig: Rig, refs: Sequence[Ref], *homes: Home) -> None:
    assert await rig.connector.show_home([Homes(ref=ref, homes=homes) for ref in refs]) == {}


def writes(rig: Rig) -> list[str]:
    return [one for one in rig.asked if one.startswith(("mutation", "PATCH"))]


async def test_links_are_shown_on_issues_drafts_and_milestones_and_in_no_field(rig: Rig) -> None:
    keys = [
        rig.hub.add_issue("api", "One", body=f"Words\n\n{MARK}"),
        rig.hub.add_draft("Idea"),
        rig.hub.add_milestone("api", "1.0", description="Soon"),
    ]
    refs = [rig.ref(key) for key in keys]
    before = await rig.connector.read_many(refs)
    await rig.clock.sleep(60)
    await show(rig, refs, JIRA)
    assert [raw(rig, key) for key in keys] == [
        f"Words\n\n{LINE}\n\n{MARK}",
        LINE,
        f"Soon\n\n{LINE}",
    ]
    assert rig.connector.capabilities.links_home
    after = await rig.connector.read_many(refs)
    for ref in refs:
        old, new = before[ref], after[ref]
        assert isinstance(old, Record)
        assert isinstance(new, Record)
        assert (new.fields, new.marker) == (old.fields, old.marker)


async def test_showing_again_writes_nothing_and_other_links_take_their_place(rig: Rig) -> None:
    refs = [rig.ref(rig.hub.add_issue("api", f"{number}", body="Words")) for number in range(25)]
    await show(rig, refs, JIRA)
    assert len(writes(rig)) == 25
    await show(rig, refs, JIRA)
    assert rig.asked == ["query bodies"]
    await show(rig, refs, JIRA, REDMINE)
    assert raw(rig, refs[0]) == (
        "Words\n\nAlso in: [PMO-12](https://jira.example/browse/PMO-12) (jira-pmo) · "
        r"[\#31](https://redmine.example/issues/31) (redmine) <!-- syncd:links -->"
    )
    await show(rig, refs)
    assert {raw(rig, ref) for ref in refs} == {"Words"}
    await show(rig, refs)
    assert writes(rig)[50:] == []


@pytest.mark.parametrize("fresh", [True, False])
async def test_writing_a_body_keeps_the_links_below_it(rig: Rig, fresh: bool) -> None:  # noqa: FBT001
    """Also by a connector that never read the body, as after a restart."""
    keys = [
        rig.hub.add_issue("api", "One", body=f"Words\n\n{MARK}"),
        rig.hub.add_draft("Idea", body="Maybe"),
        rig.hub.add_milestone("api", "1.0", description="Soon"),
    ]
    refs = [rig.ref(key) for key in keys]
    await show(rig, refs, JIRA)
    records = [await rig.read(ref) for ref in refs]
    connector = rig.connect() if fresh else rig.connector
    texts = ("body", "body", "description")
    outcomes = await connector.write(
        [
            Update(op=op(index), pre=record, fields={key: markdown("New"), "title": Text(f"T{index}")})
            for index, (record, key) in enumerate(zip(records, texts, strict=True))
        ]
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [raw(rig, key) for key in keys] == [f"New\n\n{LINE}\n\n{MARK}", f"New\n\n{LINE}", f"New\n\n{LINE}"]
    assert rig.asked.count("query bodies") == (2 if fresh else 1)


async def test_what_a_person_writes_around_the_links_is_an_edit_and_stays(rig: Rig) -> None:
    key = rig.hub.add_issue("api", "One", body="Words")
    ref = rig.ref(key)
    await show(rig, [ref], JIRA)
    rig.hub.set(key, "body", f"Words\n\n{LINE}\n\nand more")
    assert (await rig.read(ref)).fields["body"] == markdown("Words\r\n\r\nand more")
    rig.asked  # noqa: B018 - forget what was asked
    await show(rig, [ref], JIRA)
    assert writes(rig) == []
    await show(rig, [ref], REDMINE)
    assert raw(rig, key).startswith("Words\r\n\r\nand more\n\nAlso in: [")
    rig.hub.set(key, "body", f"{LINE}\n\n{LINE}")
    await show(rig, [ref], JIRA)
    assert raw(rig, key) == LINE


async def test_each_failure_is_told_by_its_ref_and_stops_no_other(rig: Rig) -> None:
    gone, full, fine = (rig.ref(rig.hub.add_issue("api", title)) for title in ("Gone", "Full", "Fine"))
    rig.hub.delete(gone.id)
    rig.hub.set(full.id, "body", "x" * (BODY_LIMIT - 10))
    failed = await rig.connector.show_home([Homes(ref=ref, homes=(JIRA,)) for ref in (gone, full, fine)])
    assert {ref: type(error) for ref, error in failed.items()} == {gone: NotFoundError, full: RejectedError}
    assert str(failed[full]) == (
        f"{full} links home: no room for links: the text takes all but 10 of 65536 characters\n"
        "  fix: shorten the text on GitHub"
    )
    assert raw(rig, fine) == LINE


async def test_links_always_fit_below_what_we_write_ourselves(rig: Rig) -> None:
    longest = {field.max_length for field in (await rig.connector.describe()).fields if field.key == "body"}
    assert longest == {BODY_LIMIT - OVERHEAD}
    ref = rig.ref(rig.hub.add_issue("api", "Long"))
    [outcome] = await rig.connector.write(
        [Update(op=op(), pre=await rig.read(ref), fields={"body": markdown("x" * (BODY_LIMIT - OVERHEAD))})]
    )
    assert isinstance(outcome, Done)
    await show(rig, [ref], *[JIRA] * 50)
    assert len(raw(rig, ref)) <= BODY_LIMIT


async def test_a_lost_answer_is_unknown_and_asking_again_settles_it(rig: Rig) -> None:
    ref = rig.ref(rig.hub.add_issue("api", "One"))
    rig.fault("github:reset-after-commit:kind=write:count=1")
    failed = await rig.connector.show_home([Homes(ref=ref, homes=(JIRA,))])
    assert isinstance(failed[ref], OutcomeUnknownError)
    await show(rig, [ref], JIRA)
    assert raw(rig, ref) == LINE


async def test_comments_and_iterations_show_nothing(rig: Rig) -> None:
    comment = rig.ref(rig.hub.add_comment(rig.hub.add_issue("api", "One"), "Hi"))
    iteration = Ref(NAME, "iteration", f"{rig.field('Iteration')}/1")
    await show(rig, [comment, iteration], JIRA)
    assert rig.asked == []


async def test_a_body_that_cannot_be_looked_at_is_not_written(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    stranger = rig.connect(auth={"token": "ghp_wrong"})
    [outcome] = await stranger.write([Update(op=op(), pre=record, fields={"body": markdown("New")})])
    assert isinstance(outcome, Refused)


def test_only_the_bodies_read_last_are_remembered() -> None:
    footers = Footers()
    for number in range(REMEMBERED + 1):
        footers.note(str(number), LINE)
    assert (footers.get("0"), footers.get("1")) == (None, LINE)
