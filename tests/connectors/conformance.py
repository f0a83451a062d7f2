"""
One suite, every connector: each promise of `syncd/connectors/protocol.py`, against the tool itself or its stand-in.

A connector's test subclasses `Conformance` and supplies the fixture `bench`.
A test skips only where `capabilities` says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import count
from typing import Protocol, cast

import pytest

from syncd.connectors.protocol import (
    Connector,
    Create,
    CreateKey,
    Done,
    Refused,
    Unknown,
    Unmarks,
    Update,
    Write,
    set_delta,
)
from syncd.errors import AuthError, NotFoundError, RemoteError
from syncd.model.native import (
    Bool,
    Choice,
    Choices,
    Date,
    Instant,
    Native,
    NativeType,
    Number,
    People,
    Person,
    Record,
    Refs,
    RichText,
    Text,
)
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref, Revision
from syncd.world import World
from tests.connectors.sending import sent

CLASSES: Mapping[NativeType, type] = {
    NativeType.TEXT: Text,
    NativeType.RICH_TEXT: RichText,
    NativeType.NUMBER: Number,
    NativeType.BOOL: Bool,
    NativeType.DATE: Date,
    NativeType.INSTANT: Instant,
    NativeType.CHOICE: Choice,
    NativeType.CHOICES: Choices,
    NativeType.PERSON: Person,
    NativeType.PEOPLE: People,
    NativeType.REF: Ref,
    NativeType.REFS: Refs,
}
UNKNOWN_MARKER = EntityId("zzzzzzzzzzzzzzzz")


class Hands(Protocol):
    """People at work in the tool, past the connector."""

    async def add(self, title: str) -> Ref:
        """Make an item of the bench's type in its container."""
        ...

    async def retitle(self, ref: Ref, title: str) -> None:
        """Change an item's title."""
        ...

    async def delete(self, ref: Ref) -> None:
        """Delete an item."""
        ...


@dataclass(kw_only=True)
class Bench:
    """A connector, the same with a wrong credential, and the tool's people."""

    connector: Connector
    stranger: Connector
    world: World
    hands: Hands
    record_type: str
    container: str
    title: str
    """The native key of the title."""
    edit: Mapping[str, Native]
    """A change of several fields that a fresh item takes."""
    nobody: str
    """An id no record has."""
    secret: str
    """The credential, which no error may tell."""
    text: Callable[[str], Native] = Text
    """How a title is put as a native value: a comment's body is rich text."""
    given: Mapping[str, Native] = field(default_factory=dict)
    """What every create needs besides a title: a comment its parent."""
    labels: str | None = None
    """The native key of a set of free labels, where the tool has one."""
    lose_answer: Callable[[], None] | None = None
    """Make the next write be carried out and its answer be lost; `None` where it cannot be staged."""
    settle: Callable[[], Awaitable[None]] = field(default=lambda: asyncio.sleep(0))
    """Let the tool's index catch up."""
    numbers: count[int] = field(default_factory=lambda: count(1))

    def op(self) -> OpId:
        """Return a fresh op."""
        return OpId(f"op{next(self.numbers)}")

    async def read(self, ref: Ref) -> Record:
        """Return one record, or fail."""
        record = (await self.connector.read_many([ref]))[ref]
        assert isinstance(record, Record), record
        return record

    async def create(self, title: str, fields: Mapping[str, Native] | None = None) -> tuple[Create, Record]:
        """Create one item, or fail."""
        create = self.make_create(title, fields)
        [outcome] = await self.connector.write([create])
        assert isinstance(outcome, Done), outcome
        return create, outcome.record

    def make_create(self, title: str, fields: Mapping[str, Native] | None = None) -> Create:
        """Return a create."""
        return Create(
            op=self.op(),
            type=self.record_type,
            container=self.container,
            marker=EntityId(self.world.new_id()),
            fields={self.title: self.text(title), **self.given, **(fields or {})},
        )

    def key_of(self, create: Create) -> CreateKey:
        """Return what to look a create up by."""
        return CreateKey(
            marker=create.marker,
            type=create.type,
            container=create.container,
            sent_at=self.world.now().astimezone(UTC),
            fields=create.fields,
        )

    async def scan(
        self, since: Cursor | None = None, known: Mapping[Ref, Revision] | None = None
    ) -> tuple[dict[Ref, Record], Cursor | None]:
        """Return everything a scan yields, and where it ended."""
        records: dict[Ref, Record] = {}
        resume = since

        async def held(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
            await asyncio.sleep(0)
            return {ref: known[ref] for ref in refs if ref in known} if known else {}

        async for page in self.connector.changes(since, held):
            records |= {record.ref: record for record in page.records}
            resume = page.resume
        return records, resume


class Conformance:
    """The promises. A subclass supplies the fixture `bench`."""

    async def test_a_good_credential_passes_the_check(self, bench: Bench) -> None:
        await bench.connector.check()

    async def test_a_wrong_credential_is_told_and_never_quoted(self, bench: Bench) -> None:
        with pytest.raises(AuthError) as caught:
            await bench.stranger.check()
        assert str(caught.value).startswith(f"{bench.stranger.name}")
        assert caught.value.fix

    async def test_a_stranger_finds_nothing_gone(self, bench: Bench) -> None:
        """Without a credential everything looks deleted: that must be an error, not an answer."""
        ref = await bench.hands.add("Kept")
        with pytest.raises(AuthError):
            await bench.stranger.read_many([ref])
        with pytest.raises(AuthError):
            async for _ in bench.stranger.ids():
                pass

    async def test_every_field_of_every_record_is_described_with_its_type(self, bench: Bench) -> None:
        description = await bench.connector.describe()
        assert description.account.id
        assert bench.container in {container.name for container in description.containers}
        records, _ = await bench.scan()
        for record in records.values():
            for key, value in record.fields.items():
                fitting = [
                    one
                    for one in description.fields
                    if one.key == key
                    and (not one.record_types or record.type in one.record_types)
                    and (not one.containers or record.container in one.containers)
                ]
                assert fitting, f"{record.ref} {key} is not described"
                if value is not None:
                    assert isinstance(value, CLASSES[fitting[0].type]), f"{record.ref} {key}"
                if isinstance(value, Choice) and fitting[0].options:
                    assert value in fitting[0].options, f"{record.ref} {key}: {value}"

    async def test_a_first_scan_and_the_id_sweep_see_the_same_items(self, bench: Bench) -> None:
        await bench.hands.add("One more")
        await bench.settle()
        records, resume = await bench.scan()
        swept = [ref async for refs in bench.connector.ids() for ref in refs]
        assert set(records) == set(swept)
        assert len(swept) == len(set(swept))
        assert resume is not None

    async def test_an_edit_is_seen_by_the_next_scan(self, bench: Bench) -> None:
        ref = await bench.hands.add("Before")
        await bench.settle()
        seen, resume = await bench.scan()
        await bench.hands.retitle(ref, "After")
        added = await bench.hands.add("New")
        await bench.settle()
        known = {one.ref: one.revision for one in seen.values()}
        records, _ = await bench.scan(resume, known)
        assert records[ref].fields[bench.title] == bench.text("After")
        assert records[added].fields[bench.title] == bench.text("New")

    async def test_what_is_known_is_not_read_again(self, bench: Bench) -> None:
        await bench.hands.add("Known")
        await bench.settle()
        seen, resume = await bench.scan()
        known = {one.ref: one.revision for one in seen.values()}
        assert (await bench.scan(resume, known))[0] == {}
        assert (await bench.scan(None, known))[0] == {}

    async def test_a_cursor_of_another_kind_counts_as_none(self, bench: Bench) -> None:
        everything, _ = await bench.scan()
        for cursor in ("", "nonsense", '{"version": 99}', "[1]"):
            assert (await bench.scan(Cursor(cursor)))[0].keys() == everything.keys()

    async def test_a_revision_moves_with_the_record_and_only_then(self, bench: Bench) -> None:
        ref = await bench.hands.add("Before")
        first, again = await bench.read(ref), await bench.read(ref)
        assert first == again
        await bench.world.sleep(2.0)
        await bench.hands.retitle(ref, "After")
        assert (await bench.read(ref)).revision != first.revision

    async def test_reading_by_id_sees_the_present_and_answers_for_every_ref(self, bench: Bench) -> None:
        ref = await bench.hands.add("Here")
        gone = await bench.hands.add("Gone")
        await bench.hands.delete(gone)
        nobody = Ref(bench.connector.name, ref.kind, bench.nobody)
        answers = await bench.connector.read_many([ref, gone, nobody, ref])
        assert set(answers) == {ref, gone, nobody}
        assert isinstance(answers[ref], Record)
        for absent in (gone, nobody):
            assert isinstance(answers[absent], NotFoundError)
            assert str(answers[absent]).startswith(str(absent))

    async def test_a_create_is_marked_and_read_back(self, bench: Bench) -> None:
        create, record = await bench.create("Ship SSO", bench.edit)
        assert record.marker == create.marker
        assert (record.type, record.container) == (bench.record_type, bench.container)
        assert {key: record.fields[key] for key in create.fields} == dict(create.fields)
        assert await bench.read(record.ref) == record

    async def test_created_items_are_found_by_their_marks_and_no_others(self, bench: Bench) -> None:
        one, first = await bench.create("One")
        two, second = await bench.create("Two")
        await bench.settle()
        stray = CreateKey(
            marker=UNKNOWN_MARKER, type=bench.record_type, container=bench.container, sent_at=bench.world.now()
        )
        found = await bench.connector.find_created([bench.key_of(one), stray, bench.key_of(two)])
        assert {marker: [record.ref for record in records] for marker, records in found.items()} == {
            one.marker: [first.ref],
            two.marker: [second.ref],
        }

    async def test_our_mark_is_taken_off_and_nothing_else(self, bench: Bench) -> None:
        create, record = await bench.create("Ours no more", bench.edit)
        if record.ref.kind not in bench.connector.capabilities.unmarks:
            pytest.skip("no mark of ours can be taken off here")
        outcome = await cast("Unmarks", bench.connector).take_mark_off(bench.op(), record)
        assert isinstance(outcome, Done), outcome
        bare = await bench.read(record.ref)
        assert (record.marker, outcome.record.marker, bare.marker) == (create.marker, None, None)
        ours = Text(create.marker)  # a field of the tool's own, too, where that is what holds it
        moved = {key for key, value in record.fields.items() if bare.fields[key] != value and value != ours}
        assert not moved, moved
        await bench.settle()
        assert not (await bench.connector.find_created([bench.key_of(create)])).get(create.marker)

    async def test_a_mark_whose_taking_off_got_no_answer_is_unknown(self, bench: Bench) -> None:
        _, record = await bench.create("Ours no more")
        if bench.lose_answer is None or record.ref.kind not in bench.connector.capabilities.unmarks:
            pytest.skip("no mark of ours can be taken off here, or no answer lost")
        bench.lose_answer()
        outcome = await cast("Unmarks", bench.connector).take_mark_off(bench.op(), record)
        assert isinstance(outcome, Unknown), outcome
        assert (await bench.read(record.ref)).marker is None

    async def test_a_create_whose_answer_was_lost_is_unknown_and_found_again(self, bench: Bench) -> None:
        if bench.lose_answer is None:
            pytest.skip("no way to lose an answer here")
        create = bench.make_create("Lost")
        bench.lose_answer()
        [outcome] = await bench.connector.write([create])
        assert isinstance(outcome, Unknown), outcome
        await bench.settle()
        found = await bench.connector.find_created([bench.key_of(create)])
        assert [record.fields[bench.title] for record in found[create.marker]] == [bench.text("Lost")]

    async def test_an_update_whose_answer_was_lost_is_unknown(self, bench: Bench) -> None:
        if bench.lose_answer is None:
            pytest.skip("no way to lose an answer here")
        _, record = await bench.create("Before")
        bench.lose_answer()
        [outcome] = await bench.connector.write(
            [Update(op=bench.op(), pre=record, fields={bench.title: bench.text("After")})]
        )
        assert isinstance(outcome, Unknown), outcome
        assert (await bench.read(record.ref)).fields[bench.title] == bench.text("After")

    async def test_an_update_changes_the_named_fields_and_no_others(self, bench: Bench) -> None:
        _, before = await bench.create("Edit me")
        outcome = await sent(bench.connector, Update(op=bench.op(), pre=before, fields=bench.edit))
        assert isinstance(outcome, Done), outcome
        after = outcome.record.fields
        volatile = {key for key in after if isinstance(after[key], Instant)}
        assert {key: after[key] for key in bench.edit} == dict(bench.edit)
        for key in before.fields.keys() - bench.edit.keys() - volatile:
            assert after[key] == before.fields[key], key

    async def test_fields_can_be_emptied_where_described_so(self, bench: Bench) -> None:
        described = {
            one.key: one
            for one in (await bench.connector.describe()).fields
            if not one.record_types or bench.record_type in one.record_types
        }
        empties: dict[str, Native] = {
            key: Choices(frozenset()) if isinstance(value, Choices) else None
            for key, value in bench.edit.items()
            if described[key].can_be_empty
        }
        assert empties, "the bench's edit should name something that can be emptied"
        _, before = await bench.create("Fill me", bench.edit)
        [outcome] = await bench.connector.write([Update(op=bench.op(), pre=before, fields=empties)])
        assert isinstance(outcome, Done), outcome
        assert {key: outcome.record.fields[key] for key in empties} == empties

    async def test_a_set_keeps_what_others_added_meanwhile(self, bench: Bench) -> None:
        key = bench.labels
        if key is None:
            pytest.skip("the tool has no free labels")
        _, before = await bench.create("Labelled", {key: _labels("keep", "drop")})
        theirs = await sent(
            bench.connector, Update(op=bench.op(), pre=before, fields={key: _labels("keep", "drop", "theirs")})
        )
        assert isinstance(theirs, Done), theirs
        outcome = await sent(bench.connector, Update(op=bench.op(), pre=before, fields={key: _labels("keep", "ours")}))
        assert isinstance(outcome, Done), outcome
        added, removed = set_delta(_labels("keep", "ours", "theirs"), outcome.record.fields[key])
        assert (added, removed) == (frozenset(), frozenset())

    async def test_one_bad_write_stops_no_other(self, bench: Bench) -> None:
        _, record = await bench.create("Good")
        batch: list[Write] = [
            bench.make_create("First"),
            Update(op=bench.op(), pre=record, fields={"no such field": bench.text("x")}),
            Update(op=bench.op(), pre=record, fields={bench.title: bench.text("Better")}),
            bench.make_create("Last"),
        ]
        outcomes = await bench.connector.write(batch)
        assert [outcome.op for outcome in outcomes] == [write.op for write in batch]
        assert [type(outcome) for outcome in outcomes] == [Done, Refused, Done, Done]
        refused = outcomes[1]
        assert isinstance(refused, Refused)
        assert isinstance(refused.error, RemoteError)
        assert refused.error.fix
        assert bench.secret not in str(refused.error)

    async def test_a_write_to_something_gone_is_refused(self, bench: Bench) -> None:
        _, record = await bench.create("Short-lived")
        await bench.hands.delete(record.ref)
        [outcome] = await bench.connector.write(
            [Update(op=bench.op(), pre=record, fields={bench.title: bench.text("x")})]
        )
        assert isinstance(outcome, Refused), outcome
        assert isinstance(outcome.error, NotFoundError)

    async def test_people_are_found_by_id_and_strangers_left_out(self, bench: Bench) -> None:
        account = (await bench.connector.describe()).account
        found = await bench.connector.people([account.id, "nobody-there", "nobody@nowhere.example"])
        assert found == {account.id: account}

    async def test_history_tells_who_changed_what(self, bench: Bench) -> None:
        if not bench.connector.capabilities.history:
            pytest.skip("capabilities.history is false")
        ref = await bench.hands.add("Before")
        await bench.hands.retitle(ref, "After")
        edits = [edit async for edit in bench.connector.history([ref])]
        assert bench.title in {edit.field for edit in edits}
        assert all(edit.ref == ref and edit.at.tzinfo is not None for edit in edits)

    async def test_refs_carry_the_connections_own_name(self, bench: Bench) -> None:
        records, _ = await bench.scan()
        names: set[ConnectionName] = {ref.connection for ref in records}
        assert names == {bench.connector.name}


def _labels(*texts: str) -> Choices:
    return Choices(frozenset(Choice(id=text, label=text) for text in texts))
