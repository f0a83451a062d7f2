"""Comments: which are read and by how many requests, what is said of those out of sight, and how they are made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from syncd.connectors.github import queries
from syncd.connectors.github.comments import CommentList
from syncd.connectors.github.scan import OVERLAP
from syncd.connectors.protocol import Archive, Create, CreateKey, Done, Refused, Update
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, UnavailableError
from syncd.model.native import Native, Person, Record, RecordState, RichText, TextFormat
from syncd.model.refs import Cursor, Ref, Revision
from syncd.sandbox.github.edits_comment import rewrite
from syncd.sandbox.github.nodes import IssueComment
from tests.connectors.github.rig import MARKER, NAME, Rig, op

WITH_COMMENTS = frozenset({"Issue", "draft", "comment"})
LISTED = "GET /repos/acme/api/issues/comments"


@pytest.fixture
def talk(rig: Rig) -> str:
    """Make an issue to talk about, and read comments."""
    rig.connector.focus(WITH_COMMENTS)
    return rig.hub.add_issue("api", "Talk")


def markdown(text: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, text)


def bodies(records: Iterable[Record]) -> list[str]:
    """Return the bodies of the comments among *records*."""
    found = (record.fields["body"] for record in records if record.type == "comment")
    return [body.source for body in found if isinstance(body, RichText)]


def known(records: Iterable[Record]) -> dict[Ref, Revision]:
    return {record.ref: record.revision for record in records}


def create(parent: Ref | None, body: str = "Hello", **more: Native) -> Create:
    fields: dict[str, Native] = {"parent": parent, "body": markdown(body), **more}
    return Create(op=op(), type="comment", container="acme/api", marker=MARKER, fields=fields)


async def test_a_comment_is_read_with_its_author_its_time_and_its_issue(rig: Rig, talk: str) -> None:
    key = rig.hub.add_comment(talk, f"Hi\n\n<!-- syncd:{MARKER} -->", by="ada")
    record = await rig.read(key)

    ada = rig.hub.people.person("ada")
    assert (record.type, record.container, record.key, record.marker) == ("comment", "acme/api", key, MARKER)
    assert record.url == f"https://github.com/acme/api/issues/1#issuecomment-{key.rpartition('#c')[2]}"
    assert record.fields["body"] == markdown("Hi")
    assert record.fields["author"] == Person(ada.id, name=ada.name, login="ada")
    assert record.fields["parent"] == rig.ref(talk)
    assert record.state is RecordState.LIVE
    described = await rig.connector.describe()
    keys = {field.key: field for field in described.fields if "comment" in field.record_types}
    assert set(record.fields) == set(keys)
    assert {key for key, field in keys.items() if field.writable} == {"body", "parent"}
    assert "comment" in next(one for one in described.containers if one.name == "acme/api").record_types
    assert "comment" not in next(one for one in described.containers if one.name == "acme/#7").record_types


async def test_nobody_pays_for_comments_nobody_wants(rig: Rig) -> None:
    rig.hub.add_comment(rig.hub.add_issue("api", "Talk"), "Hi")
    for types in (frozenset[str](), frozenset({"Issue", "draft"})):
        rig.connector.focus(types)
        records = await rig.changes()
        await rig.changes(known(records), rig.cursor)
        assert bodies(records) == []
        assert LISTED not in rig.asked
    assert [ref.kind async for refs in rig.connector.ids() for ref in refs] == ["issue"]


async def test_a_first_scan_brings_every_comment_with_its_issue_and_no_request_of_its_own(rig: Rig, talk: str) -> None:
    for number in range(60):
        rig.hub.add_comment(talk, f"{number}")
    rig.hub.add_comment(rig.hub.add_issue("web", "Other"), "elsewhere")
    rig.hub.add_comment(rig.hub.add_issue("api", "Outside", project=False), "of an issue outside")
    pull = rig.hub.state.add_pull_request(rig.hub.people.repository("api"), "Code", author=None)
    rig.hub.state.add_comment(pull, "of a pull request", author=None)

    records = await rig.changes()
    assert sorted(bodies(records)) == sorted([*(str(number) for number in range(60)), "elsewhere"])
    places = {record.ref: place for place, record in enumerate(records)}
    for record in records:
        if record.type == "comment":
            parent = record.fields["parent"]
            assert isinstance(parent, Ref)
            assert places[parent] < places[record.ref]
    assert [one for one in rig.asked if "milestone" not in one.lower() and "repository" not in one] == [
        "query project",
        "query scan",
        "query itemsAndComments",
        "query more",
    ]
    swept = [ref async for refs in rig.connector.ids() for ref in refs]
    assert set(swept) == set(places)


async def test_later_scans_list_what_was_written_or_edited_and_read_only_that(rig: Rig, talk: str) -> None:
    first = rig.hub.add_comment(talk, "first")
    second = rig.hub.add_comment(talk, "second")
    await rig.clock.sleep(600)
    held = known(await rig.changes())
    await rig.clock.sleep(600)
    assert await rig.changes(held, rig.cursor) == []
    await rig.clock.sleep(600)
    assert rig.asked.count(LISTED) == 1
    rig.hub.set(first, "body", "first, edited")
    outside = rig.hub.add_issue("api", "Outside", project=False)
    rig.hub.add_comment(outside, "of an issue outside")
    third = rig.hub.add_comment(talk, "third")

    records = await rig.changes(held, rig.cursor)
    assert bodies(records) == ["first, edited", "third"]
    assert rig.asked.count("query comments") == 1
    assert {record.ref for record in records if record.type == "comment"} == {rig.ref(first), rig.ref(third)}
    assert rig.ref(second) not in known(records)


async def test_a_scan_cut_short_is_begun_again_from_where_it_began(rig: Rig, talk: str) -> None:
    rig.hub.add_comment(talk, "early")
    pages = [page async for page in rig.connector.changes(None, nothing)]
    start = pages[0].resume
    again = [record async for page in rig.connector.changes(start, nothing) for record in page.records]
    assert bodies(again) == ["early"]
    end = pages[-1].resume
    await rig.clock.sleep(600)
    rig.hub.add_comment(talk, "late")
    held = known(record for page in pages for record in page.records)
    await rig.changes(held, end)
    cut = [page.resume async for page in rig.connector.changes(end, nothing)]
    assert cut[0] == end != cut[-1]


async def nothing(_refs: object) -> dict[Ref, Revision]:
    return {}


async def test_comments_wanted_for_the_first_time_are_read_although_every_issue_is_known(rig: Rig) -> None:
    rig.hub.add_comment(rig.hub.add_issue("api", "Talk"), "Hi")
    rig.connector.focus(frozenset({"Issue"}))
    await rig.clock.sleep(600)
    held = known(await rig.changes())
    rig.connector.focus(WITH_COMMENTS)
    records = await rig.changes(held, rig.cursor)
    assert ([record.type for record in records], bodies(records)) == (["comment"], ["Hi"])
    assert await rig.changes(held | known(records), rig.cursor) == []


async def test_another_scope_begins_anew(rig: Rig, talk: str) -> None:
    rig.hub.add_comment(talk, "Hi")
    await rig.clock.sleep(600)
    held = known(await rig.changes())
    wider = rig.connect(scope={"owner": "acme", "project": 7, "repositories": ["api"]})
    wider.focus(WITH_COMMENTS)
    rig.connector = wider
    assert bodies(await rig.changes({}, rig.cursor)) == ["Hi"]
    assert await rig.changes(held, Cursor("github-1")) == []


async def test_an_issue_that_comes_into_the_project_brings_its_old_comments(rig: Rig) -> None:
    rig.connector.focus(WITH_COMMENTS)
    held = known(await rig.changes())
    late = rig.hub.add_issue("api", "Late", project=False)
    rig.hub.add_comment(late, "old")
    await rig.clock.sleep(3600)
    held |= known(await rig.changes(held, rig.cursor))
    await rig.clock.sleep(3600)
    rig.hub.add_item(late)
    records = await rig.changes(held, rig.cursor)
    assert bodies(records) == ["old"]
    # The same where the caller knows the issue from before it was taken off the project.
    rig.hub.remove_item(late)
    await rig.clock.sleep(3600)
    held |= known(record for record in records if record.type != "comment")
    await rig.changes(held, rig.cursor)
    await rig.clock.sleep(3600)
    rig.hub.add_item(late)
    assert bodies(await rig.changes(held, rig.cursor)) == ["old"]


async def test_an_edit_below_an_archived_issue_is_seen(rig: Rig, talk: str) -> None:
    key = rig.hub.add_comment(talk, "before")
    await rig.clock.sleep(600)
    held = known(await rig.changes())
    rig.hub.archive(talk)
    await rig.clock.sleep(600)
    rig.hub.set(key, "body", "after")
    [record] = await rig.changes(held, rig.cursor)
    assert (record.ref, record.state, bodies([record])) == (rig.ref(key), RecordState.ARCHIVED, ["after"])


async def test_gone_hidden_and_out_of_scope_are_told_apart(rig: Rig, talk: str) -> None:
    kept, gone = rig.hub.add_comment(talk, "kept"), rig.hub.add_comment(talk, "gone")
    other = rig.hub.add_issue("api", "Other")
    hidden = rig.hub.add_comment(other, "hidden")
    third = rig.hub.add_issue("api", "Third")
    outside = rig.hub.add_comment(third, "outside")
    refs = [rig.ref(key) for key in (kept, gone, hidden, outside)]
    await rig.changes()
    rig.hub.delete(gone)
    rig.hub.redact_item(other)
    rig.hub.people.find(hidden).hidden = True
    rig.hub.remove_item(third)

    reads = await rig.connector.read_many(refs)
    states = [getattr(reads[ref], "state", type(reads[ref])) for ref in refs]
    assert states == [RecordState.LIVE, NotFoundError, ForbiddenError, RecordState.OUT_OF_SCOPE]
    stranger = rig.connect()
    assert isinstance((await stranger.read_many([refs[1]]))[refs[1]], ForbiddenError)


async def test_a_comment_is_made_below_an_issue_only_and_never_empty(rig: Rig, talk: str) -> None:
    draft = rig.ref(rig.hub.add_draft("Idea"))
    outcomes = await rig.connector.write(
        [create(rig.ref(talk)), create(draft), create(None), create(rig.ref(talk), " ")]
    )
    assert isinstance(outcomes[0], Done)
    comment = rig.hub.people.find(outcomes[0].record.ref.id)
    assert isinstance(comment, IssueComment)
    assert comment.body == f"Hello\n\n<!-- syncd:{MARKER} -->"
    where, fix = "github-eng acme/api new comment", "fix: convert the draft to an issue on GitHub"
    assert [str(one.error) for one in outcomes[1:] if isinstance(one, Refused)] == [
        f"{where}: a draft cannot be commented on, only an issue\n  {fix}",
        f"{where}: nothing cannot be commented on, only an issue\n  {fix}",
        f"{where}: a comment cannot be empty\n  fix: map its body",
    ]
    assert rig.connector.capabilities.quiet == {"draft", "milestone"}


async def test_only_the_body_of_a_comment_changes_and_its_marker_stays(rig: Rig, talk: str) -> None:
    [made] = await rig.connector.write([create(rig.ref(talk))])
    assert isinstance(made, Done)
    [edited, refused, archived] = await rig.connector.write(
        [
            Update(op=op(1), pre=made.record, fields={"body": markdown("Bye")}),
            Update(op=op(2), pre=made.record, fields={"author": None}),
            Archive(op=op(3), pre=made.record),
        ]
    )
    assert isinstance(edited, Done)
    assert (edited.record.fields["body"], edited.record.marker) == (markdown("Bye"), MARKER)
    for outcome in (refused, archived):
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, RejectedError)


async def test_a_lost_comment_is_looked_for_below_its_own_issue(rig: Rig, talk: str) -> None:
    rig.fault("github:reset-after-commit:kind=write:count=1")
    await rig.connector.write([create(rig.ref(talk))])
    other = rig.hub.add_issue("api", "Other")
    rig.hub.add_comment(other, f"> quoted\n\n<!-- syncd:{MARKER} -->")
    for parent, found in ((rig.ref(talk), 1), (None, 2)):
        key = CreateKey(
            marker=MARKER,
            type="comment",
            container="acme/api",
            sent_at=rig.clock.now(),
            fields={"parent": parent} if parent else {},
        )
        records = (await rig.connector.find_created([key]))[MARKER]
        assert len(records) == found
        assert records[0].fields["parent"] == rig.ref(talk)


class Meanwhile:
    """An API whose comments are edited between two pages."""

    def __init__(self, rig: Rig, edits: list[list[str]]) -> None:
        self.rig, self.edits = rig, edits
        self.name = NAME
        self.pages = 0

    async def fetch(self, path: str, params: dict[str, str], *, where: str) -> object:
        """Answer, then let somebody edit."""
        answer = await self.rig.connector._api.fetch(path, params, where=where)
        self.pages += 1
        for key in self.edits.pop(0) if self.edits else []:
            comment = self.rig.hub.people.find(key)
            assert isinstance(comment, IssueComment)
            await self.rig.clock.sleep(1)
            rewrite(self.rig.hub.state, comment, f"{comment.body}, edited")
        return answer


@pytest.mark.parametrize("spread", [timedelta(seconds=3), timedelta(0)])
async def test_an_edit_between_two_pages_hides_no_other_comment(rig: Rig, talk: str, spread: timedelta) -> None:
    """Comments of one second can only be had by page number, which shifts; others by their time, which does not."""
    names = []
    for number in range(250):
        names.append(rig.hub.add_comment(talk, str(number)))
        await rig.clock.sleep(spread.total_seconds())
    api = Meanwhile(rig, [names[:3], [], names[3:5]])
    listed = {
        comment.node_id
        async for page in CommentList(api).since("acme/api", rig.clock.now() - timedelta(hours=1))  # type: ignore[arg-type]
        for comment in page
    }
    assert listed == {rig.hub.people.find(name).id for name in names}


async def test_comments_that_never_rest_are_left_for_the_next_cycle(rig: Rig, talk: str) -> None:
    names = [rig.hub.add_comment(talk, str(number)) for number in range(queries.PAGE + 50)]
    api = Meanwhile(rig, [[name] for name in names])
    with pytest.raises(UnavailableError, match="faster than they can be listed"):
        async for _ in CommentList(api).since("acme/api", rig.clock.now() - timedelta(hours=1)):  # type: ignore[arg-type]
            pass


def test_the_overlap_is_longer_than_lists_may_lag(rig: Rig) -> None:
    assert timedelta(seconds=rig.connector.capabilities.index_lag_s) < OVERLAP
