"""Notes of issues as comments, against the stand-in and the real thing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import httpx
import pytest

from syncd.connectors.protocol import Connector, Create, CreateKey, Done, Refused, Update
from syncd.connectors.redmine.marks import join_mark, split_mark
from syncd.errors import NotFoundError
from syncd.model.native import Person, Record, RichText, TextFormat
from syncd.model.refs import EntityId, OpId, Ref
from tests.connectors.conformance import Bench, Conformance
from tests.connectors.redmine.site import (
    ADMIN_KEY,
    NAME,
    STRANGER,
    USER_KEY,
    Site,
    lose_next_write,
    nothing_known,
    read,
    update,
)

MARK = EntityId("abcd2345abcd2345")
LONG_S = 600.0
"""Longer than an edit counts as a late one."""
ALL = frozenset({"Feature", "comment"})


class NoteHands:
    """People at work on the notes of one issue."""

    def __init__(self, site: Site, parent: Ref) -> None:
        self._site = site
        self._parent = parent

    async def add(self, title: str) -> Ref:
        return await self._site.add_note(self._parent, title)

    async def retitle(self, ref: Ref, title: str) -> None:
        """Edit a note. That alone moves nothing a scan could see, so the issue is touched, too."""
        await self._site.edit_note(ref, title)
        await self._site.edit_issue(self._parent, done_ratio=10)

    async def delete(self, ref: Ref) -> None:
        await self._site.edit_note(ref, "")


async def make_bench(site: Site, form: TextFormat) -> Bench:
    parent = await site.add_issue("Talk")
    connector, wire = site.connect(text_format=form)
    connector.focus(ALL)
    text: Callable[[str], RichText] = partial(RichText, form)
    return Bench(
        connector=connector,
        stranger=site.connect(STRANGER)[0],
        world=site.world,
        hands=NoteHands(site, parent),
        record_type="comment",
        container=site.project,
        title="body",
        text=text,
        given={"parent": parent},
        edit={"body": text("\u00dcn\u00efcode \U0001f680 and *stars*\n\nmore")},
        nobody=f"{parent.id}/99999999",
        secret=site.keys[ADMIN_KEY],
        lose_answer=lambda: lose_next_write(wire),
    )


class TestNotes(Conformance):
    form = TextFormat.MARKDOWN

    @pytest.fixture
    async def bench(self, site: Site) -> Bench:
        return await make_bench(site, self.form)

    async def test_a_first_scan_and_the_id_sweep_see_the_same_items(self, bench: Bench) -> None:
        """The one exception: the sweep leaves comments out."""
        note = await bench.hands.add("One more")
        records, _ = await bench.scan()
        swept = {ref async for refs in bench.connector.ids() for ref in refs}
        assert note in records
        assert swept == {ref for ref in records if ref.kind != "comment"}

    async def test_fields_can_be_emptied_where_described_so(self, bench: Bench) -> None:
        """The one exception: without its text Redmine would delete a note."""
        _, before = await bench.create("Fill me")
        [outcome] = await bench.connector.write([Update(op=bench.op(), pre=before, fields={"body": None})])
        assert isinstance(outcome, Refused)
        assert str(outcome.error) == (
            f"{before.ref} body: a comment cannot be empty\n  fix: leave it as it is, or delete it by hand"
        )

    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        """Notes have no history."""
        ref = await bench.hands.add("Before")
        assert [edit async for edit in bench.connector.history([ref])] == []


class TestTextileNotes(TestNotes):
    form = TextFormat.TEXTILE


async def scanned(connector: Connector) -> dict[Ref, Record]:
    return {one.ref: one async for page in connector.changes(None, nothing_known) for one in page.records}


async def test_a_note_shows_its_author_issue_and_address(site: Site) -> None:
    issue = await site.add_issue("Talk")
    note = await site.add_note(issue, "Hello")
    connector, _ = site.connect()

    record = await read(connector, note)

    assert record.fields["body"] == RichText(TextFormat.MARKDOWN, "Hello")
    assert record.fields["author"] == Person("1", "Redmine Admin")
    assert record.fields["parent"] == issue
    assert (record.key, record.url) == (
        f"#{issue.id}-1",
        f"{site.url}/issues/{issue.id}#change-{note.id.partition('/')[2]}",
    )


async def test_private_notes_never_become_records(site: Site) -> None:
    issue = await site.add_issue("Talk")
    private = await site.add_note(issue, "Between us", private=True)
    public = await site.add_note(issue, "For all")
    connector, _ = site.connect()
    connector.focus(ALL)

    records = await scanned(connector)
    answers = await connector.read_many([private, public])

    assert [ref for ref in records if ref.kind == "comment"] == [public]
    assert isinstance(answers[private], NotFoundError)
    assert isinstance(answers[public], Record)


async def test_no_request_is_spent_on_notes_nobody_wants(site: Site) -> None:
    issue = await site.add_issue("Talk")
    await site.add_note(issue, "Hello")
    connector, wire = site.connect()
    connector.focus(frozenset({"Feature"}))

    records = await scanned(connector)

    assert all(ref.kind != "comment" for ref in records)
    assert wire.asked("GET", "journals") == []


async def test_only_the_issues_that_moved_are_asked_for_their_notes(site: Site) -> None:
    talk, quiet = await site.add_issue("Talk"), await site.add_issue("Quiet")
    connector, wire = site.connect()
    connector.focus(ALL)
    seen: dict[Ref, Record] = {}
    resume = None
    async for page in connector.changes(None, nothing_known):
        seen |= {one.ref: one for one in page.records}
        resume = page.resume
    assert len(wire.asked("GET", "journals")) == 2
    await site.world.sleep(LONG_S)
    note = await site.add_note(talk, "Hello", done_ratio=10)
    wire.requests.clear()

    async def known(refs: object) -> dict[Ref, object]:
        del refs
        return {ref: one.revision for ref, one in seen.items()}

    found = [one.ref async for page in connector.changes(resume, known) for one in page.records]  # type: ignore[arg-type]

    assert found == [talk, note]
    assert [httpx.URL(str(one.url).removeprefix(site.url)).path for one in wire.asked("GET", "journals")] == [
        f"/issues/{talk.id}.json"
    ]
    del quiet


async def test_a_note_in_the_second_of_an_edit_seen_already_is_seen_too(site: Site) -> None:
    """Redmine tells whole seconds, so the issue looks as it did."""
    talk = await site.add_issue("Talk")
    connector, _ = site.connect()
    connector.focus(ALL)
    seen: dict[Ref, Record] = {}
    resume = None
    async for page in connector.changes(None, nothing_known):
        seen |= {one.ref: one for one in page.records}
        resume = page.resume
    note = await site.add_note(talk, "Hello")

    async def known(refs: object) -> dict[Ref, object]:
        del refs
        return {ref: one.revision for ref, one in seen.items()}

    found = [one.ref async for page in connector.changes(resume, known) for one in page.records]  # type: ignore[arg-type]

    assert found[-1] == note


async def test_a_wider_focus_reads_the_notes_of_issues_known_already(site: Site) -> None:
    issue = await site.add_issue("Talk")
    note = await site.add_note(issue, "Hello")
    connector, _ = site.connect()
    connector.focus(frozenset({"Feature"}))
    seen: dict[Ref, Record] = {}
    resume = None
    async for page in connector.changes(None, nothing_known):
        seen |= {one.ref: one for one in page.records}
        resume = page.resume
    connector.focus(ALL)

    async def known(refs: object) -> dict[Ref, object]:
        del refs
        return {ref: one.revision for ref, one in seen.items()}

    found = [one.ref async for page in connector.changes(resume, known) for one in page.records]  # type: ignore[arg-type]

    assert found == [note]


@pytest.mark.parametrize("form", [TextFormat.MARKDOWN, TextFormat.TEXTILE])
async def test_our_mark_stays_in_the_note_through_an_edit(site: Site, form: TextFormat) -> None:
    issue = await site.add_issue("Talk")
    connector, _ = site.connect(text_format=form)
    create = Create(
        op=OpId("op"),
        type="comment",
        container=site.project,
        marker=MARK,
        fields={"parent": issue, "body": RichText(form, "Before")},
    )
    [made] = await connector.write([create])
    assert isinstance(made, Done)

    outcome = await update(connector, made.record.ref, body=RichText(form, "After"))

    assert isinstance(outcome, Done)
    raw = (await site.call("GET", f"/issues/{issue.id}.json?include=journals"))["issue"]["journals"]
    assert [one["notes"] for one in raw] == [join_mark("After", MARK, form)]
    key = CreateKey(marker=MARK, type="comment", container="", sent_at=site.world.now(), fields={"parent": issue})
    assert [one.ref for one in (await connector.find_created([key]))[MARK]] == [made.record.ref]


async def test_a_note_on_an_issue_that_is_gone_is_refused(site: Site) -> None:
    connector, _ = site.connect()
    create = Create(
        op=OpId("op"),
        type="comment",
        container=site.project,
        marker=MARK,
        fields={"parent": Ref(NAME, "issue", "99999999"), "body": RichText(TextFormat.MARKDOWN, "x")},
    )

    [outcome] = await connector.write([create])

    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, NotFoundError)


async def test_what_someone_else_wrote_is_not_changed_without_leave(site: Site) -> None:
    note = await site.add_note(await site.add_issue("Talk"), "Mine")
    connector, _ = site.connect(USER_KEY)

    outcome = await update(connector, note, body=RichText(TextFormat.MARKDOWN, "Theirs"))

    assert isinstance(outcome, Refused)
    assert 'fix: grant its role "Edit own notes", or "Edit notes" for what others wrote' in str(outcome.error)


@pytest.mark.parametrize("form", [TextFormat.MARKDOWN, TextFormat.TEXTILE])
def test_a_mark_is_taken_off_again(form: TextFormat) -> None:
    assert split_mark(join_mark("a\r\n\r\nb", MARK, form)) == ("a\r\n\r\nb", MARK)
    assert split_mark(join_mark("a", MARK, form).replace("\n", "\r\n")) == ("a", MARK)
    assert split_mark(join_mark("a", MARK, form) + "\r\nadded") == ("a\r\nadded", MARK)
    assert split_mark("a <!-- other -->\n\n[x]: #syncd") == ("a <!-- other -->\n\n[x]: #syncd", None)
