"""Comments, both ways: what is read for how many requests, what never leaves Jira, what is written and found again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

import pytest

from syncd.connectors.protocol import Connector, Create, CreateKey, Done, Refused, Unknown, Unmarks, Update
from syncd.errors import ForbiddenError, NotFoundError, RejectedError
from syncd.model.native import Instant, Native, Person, Record, RecordState, RichText, Text, TextFormat
from syncd.model.refs import Cursor, EntityId, OpId, Ref, Revision
from tests.connectors.jira.bench import JiraSite, make_site

pytestmark = pytest.mark.contracts

MARKER = EntityId("00000000000000zz")
ALL = frozenset({"Story", "version", "comment"})


def rich(text: str) -> RichText:
    """Return a text of one paragraph as Jira keeps it."""
    doc = {"content": [{"content": [{"text": text, "type": "text"}], "type": "paragraph"}], "type": "doc", "version": 1}
    return RichText(TextFormat.ADF, json.dumps(doc, separators=(",", ":"), ensure_ascii=False))


@pytest.fixture
def site() -> JiraSite:
    """Return a fresh site."""
    return make_site()


def focused(site: JiraSite, **options: object) -> Connector:
    connector = site.connect(site.settings(options=options) if options else None)
    connector.focus(ALL)
    return connector


def say(site: JiraSite, issue: Ref, text: str, **more: object) -> Ref:
    made = site.tool.add("comment", issue.id, {"body": text, **more})
    site.clock.at_s += 1.0
    return Ref(issue.connection, "comment", f"{issue.id}/{made['id']}")


async def scan(
    connector: Connector, since: Cursor | None = None, known: Mapping[Ref, Revision] | None = None
) -> tuple[list[Record], Cursor]:
    records: list[Record] = []
    resume = since

    async def held(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
        return {ref: known[ref] for ref in refs if known and ref in known}

    async for page in connector.changes(since, held):
        records += page.records
        resume = page.resume
    assert resume is not None
    return records, resume


def operations(site: JiraSite, since: int) -> Counter[str]:
    return Counter(entry.operation for entry in site.sandbox.log.entries()[since:])


def make_create(issue: Ref, text: Native, marker: EntityId = MARKER) -> Create:
    fields: dict[str, Native] = {"parent": issue, "body": text}
    return Create(op=OpId(f"op-{marker}"), type="comment", container="PMO", marker=marker, fields=fields)


def key_of(create: Create, site: JiraSite) -> CreateKey:
    now = site.clock.now()
    return CreateKey(
        marker=create.marker, type=create.type, container=create.container, sent_at=now, fields=create.fields
    )


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_a_first_scan_brings_every_comment_after_its_issue(site: JiraSite, in_flight: int) -> None:
    issue = await site.add("Discussed")
    first, second = say(site, issue, "One"), say(site, issue, "Two")
    await site.settle()
    records, _ = await scan(focused(site, scan_in_flight=in_flight))
    order = [record.ref for record in records]
    assert order.index(issue) < order.index(first) < order.index(second)
    found = {record.ref: record for record in records}[first]
    assert found.fields == {
        "body": rich("One"),
        "author": Person(id="712020:admin", name="Admin Example"),
        "created_at": Instant(found.created_at or site.clock.now()),
        "parent": issue,
    }
    shown = site.tool.show(issue.id)
    assert isinstance(shown, dict)
    number = first.id.split("/")[1]
    assert (found.type, found.container, found.marker) == ("comment", "PMO", None)
    assert found.key == f"{shown['key']}#c{number}"
    assert found.url == f"http://sandbox.example/jira/browse/{shown['key']}?focusedCommentId={number}"


async def test_without_the_focus_no_comment_is_read_and_no_request_spent(site: JiraSite) -> None:
    issue = await site.add("Discussed")
    say(site, issue, "One")
    await site.settle()
    records, _ = await scan(site.connect())
    assert {record.type for record in records}.isdisjoint({"comment"})
    plain = operations(site, 0)
    since = len(site.sandbox.log.entries())
    records, _ = await scan(focused(site))
    assert "comment" in {record.type for record in records}
    assert operations(site, since) == plain, "people's comments come with their issues"


async def test_another_focus_reads_everything_anew(site: JiraSite) -> None:
    issue = await site.add("Discussed")
    comment = say(site, issue, "One")
    site.clock.at_s += 3600.0
    _, resume = await scan(site.connect())
    records, _ = await scan(focused(site), resume)
    assert comment in {record.ref for record in records}


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_only_an_issue_with_more_comments_than_it_shows_costs_requests(site: JiraSite, in_flight: int) -> None:
    long, short = await site.add("Much discussed"), await site.add("Hardly discussed")
    comments = {say(site, long, f"Number {n}") for n in range(130)} | {say(site, short, "One")}
    await site.settle()
    connector = focused(site, scan_in_flight=in_flight)
    await connector.describe()
    since = len(site.sandbox.log.entries())
    records, _ = await scan(connector)
    assert {record.ref for record in records if record.type == "comment"} == comments
    spent = operations(site, since)
    assert spent["GET /rest/api/3/issue/{id}/comment"] == 2
    assert sum(spent.values()) <= 8, spent


async def test_a_new_comment_an_edit_and_nothing_else_are_seen_by_the_next_scan(site: JiraSite) -> None:
    issue = await site.add("Discussed")
    first, second = say(site, issue, "One"), say(site, issue, "Two")
    await site.settle()
    connector = focused(site)
    seen, resume = await scan(connector)
    known = {record.ref: record.revision for record in seen}
    assert (await scan(connector, resume, known))[0] == []
    site.tool.set(second.id.split("/")[1], "body", "Two and a half")
    third = say(site, issue, "Three")
    await site.settle()
    records, _ = await scan(connector, resume, known)
    assert [record.ref for record in records] == [issue, second, third]
    assert records[1].fields["body"] == rich("Two and a half")
    assert first in known


@pytest.mark.parametrize("hidden", [{"role": "Administrators"}, {"internal": True}])
async def test_what_is_for_some_eyes_only_never_becomes_a_record(site: JiraSite, hidden: dict[str, object]) -> None:
    issue = await site.add("Discussed")
    secret = say(site, issue, "Between us", **hidden)
    await site.settle()
    for in_flight in (1, 8):
        connector = focused(site, scan_in_flight=in_flight)
        records, _ = await scan(connector)
        assert secret not in {record.ref for record in records}
        answer = (await connector.read_many([secret]))[secret]
        assert isinstance(answer, ForbiddenError)
        assert "Between us" not in str(answer)


async def test_a_comment_restricted_later_cannot_be_read_any_more(site: JiraSite) -> None:
    connector = focused(site)
    comment = say(site, await site.add("Discussed"), "Open so far")
    assert isinstance((await connector.read_many([comment]))[comment], Record)
    site.tool.set(comment.id.split("/")[1], "role", "Administrators")
    assert isinstance((await connector.read_many([comment]))[comment], ForbiddenError)


async def test_comments_are_read_by_id_many_at_a_time_with_an_answer_for_each(site: JiraSite) -> None:
    connector = focused(site)
    await connector.describe()
    issues = [await site.add(f"Issue {n}") for n in range(3)]
    there = [say(site, issue, "Here") for issue in issues]
    gone = say(site, issues[0], "Gone")
    site.tool.delete(gone.id.split("/")[1])
    orphan = say(site, issues[1], "Goes with its issue")
    await site.delete(issues[1])
    nobody = Ref(issues[0].connection, "comment", "999999")
    since = len(site.sandbox.log.entries())
    answers = await connector.read_many([*there, gone, orphan, nobody, issues[0]])
    assert {ref for ref, answer in answers.items() if isinstance(answer, Record)} == {there[0], there[2], issues[0]}
    for ref in (gone, orphan, nobody, there[1]):
        assert isinstance(answers[ref], NotFoundError)
        assert str(answers[ref]).startswith(str(ref))
    assert sum(operations(site, since).values()) <= 4


async def test_a_moved_issue_takes_its_comments_along(site: JiraSite) -> None:
    connector = site.connect(site.settings(scope={"projects": ["PMO"]}))
    connector.focus(ALL)
    issue = await site.add("Moves")
    comment = say(site, issue, "Still here")
    before = (await connector.read_many([comment]))[comment]
    site.tool.move(issue.id, "ENG")
    after = (await connector.read_many([comment]))[comment]
    assert isinstance(before, Record)
    assert isinstance(after, Record)
    assert (after.ref, after.container, after.state) == (before.ref, "ENG", RecordState.OUT_OF_SCOPE)
    assert after.revision != before.revision


async def test_a_comment_is_made_marked_and_read_back_and_rewritten(site: JiraSite) -> None:
    connector, issue = focused(site), await site.add("Discussed")
    create = make_create(issue, rich("From elsewhere"))
    [made] = await connector.write([create])
    assert isinstance(made, Done), made
    assert made.record.marker == MARKER
    assert {key: made.record.fields[key] for key in create.fields} == dict(create.fields)
    account = (await connector.describe()).account
    assert made.record.fields["author"] == account, "Jira names the sender, whoever wrote it elsewhere"
    site.clock.at_s += 1.0
    [edited] = await connector.write([Update(op=OpId("u"), pre=made.record, fields={"body": rich("Reworded")})])
    assert isinstance(edited, Done), edited
    assert edited.record.fields["body"] == rich("Reworded")
    assert (edited.record.marker, edited.record.ref) == (MARKER, made.record.ref)
    assert edited.record.revision != made.record.revision
    await site.settle()
    for in_flight in (1, 8):
        records, _ = await scan(focused(site, scan_in_flight=in_flight))
        assert [record.marker for record in records if record.type == "comment"] == [MARKER]


async def test_our_mark_is_taken_off_a_comment_and_its_words_stay(site: JiraSite) -> None:
    connector, issue = focused(site), await site.add("Discussed")
    [made] = await connector.write([make_create(issue, rich("From elsewhere"))])
    assert isinstance(made, Done), made
    mark = len(site.sandbox.log.entries())
    done = await cast("Unmarks", connector).take_mark_off(OpId("c"), made.record)
    assert isinstance(done, Done), done
    assert (done.record.marker, done.record.fields) == (None, made.record.fields)
    assert [each for each in operations(site, mark) if each.startswith("DELETE")]
    again = await cast("Unmarks", connector).take_mark_off(OpId("d"), made.record)
    assert isinstance(again, Refused), "there is none any more"


async def test_a_comment_whose_answer_was_lost_is_found_below_its_issue_at_once(site: JiraSite) -> None:
    connector, issue, other = focused(site), await site.add("Discussed"), await site.add("Other")
    say(site, issue, "People talk too")
    create = make_create(issue, rich("Lost"))
    site.sandbox.faults.add("jira:reset-after-commit:kind=write:count=1")
    [outcome] = await connector.write([create])
    assert isinstance(outcome, Unknown), outcome
    stray = make_create(other, rich("Never sent"), marker=EntityId("00000000000000yy"))
    found = await connector.find_created([key_of(create, site), key_of(stray, site)])
    assert {marker: [one.fields["body"] for one in records] for marker, records in found.items()} == {
        MARKER: [rich("Lost")]
    }


async def test_looking_for_a_comment_goes_no_further_back_than_its_create(site: JiraSite) -> None:
    connector, issue = focused(site), await site.add("Much discussed")
    for number in range(250):
        say(site, issue, f"Number {number}")
    site.clock.at_s += timedelta(days=1).total_seconds()
    create = make_create(issue, rich("Fresh"))
    await connector.write([create])
    since = len(site.sandbox.log.entries())
    found = await connector.find_created([key_of(create, site)])
    assert list(found) == [MARKER]
    assert operations(site, since)["GET /rest/api/3/issue/{id}/comment"] == 1


async def test_comments_of_one_issue_keep_their_order_and_share_no_fate(site: JiraSite) -> None:
    connector, issue, other = focused(site), await site.add("Discussed"), await site.add("Other")
    writes = [
        make_create(where, rich(f"Number {number}"), marker=EntityId(f"{number:016d}"))
        for number, where in enumerate([issue, other, issue, other, issue])
    ]
    bad = make_create(issue, None, marker=EntityId("x" * 16))
    outcomes = await connector.write([*writes[:2], bad, *writes[2:]])
    assert [outcome.op for outcome in outcomes] == [write.op for write in (*writes[:2], bad, *writes[2:])]
    assert [type(one) for one in outcomes] == [Done, Done, Refused, Done, Done, Done]
    shown = site.tool.show(issue.id)
    assert isinstance(shown, dict)
    assert [one["body"] for one in shown["comment"]] == ["Number 0", "Number 2", "Number 4"]


async def test_what_a_comment_cannot_be_given_is_refused_by_name(site: JiraSite) -> None:
    connector, issue = focused(site), await site.add("Discussed")
    comment = say(site, issue, "Mine")
    record = (await connector.read_many([comment]))[comment]
    assert isinstance(record, Record)
    bad: list[dict[str, Native]] = [{"author": Person(id="x")}, {"parent": issue}, {"body": None}, {"body": Text("x")}]
    outcomes = await connector.write(
        [Update(op=OpId(str(n)), pre=record, fields=fields) for n, fields in enumerate(bad)]
    )
    for fields, outcome in zip(bad, outcomes, strict=True):
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, RejectedError)
        assert str(outcome.error.where) == f"{comment} {next(iter(fields))}"
        assert outcome.error.fix
    assert site.writes() == []


async def test_comments_are_described(site: JiraSite) -> None:
    description = await site.connect().describe()
    fields = {one.key: one for one in description.fields if "comment" in one.record_types}
    assert {key: (one.writable, one.required_on_create) for key, one in fields.items()} == {
        "body": (True, True),
        "parent": (True, True),
        "author": (False, False),
        "created_at": (False, False),
    }
    assert all("comment" in container.record_types for container in description.containers)
    assert "comment" not in site.connect().capabilities.quiet
