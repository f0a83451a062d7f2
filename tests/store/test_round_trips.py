"""Whatever is kept comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import StoreError
from syncd.model.canonical import UNSET, Kind
from syncd.model.native import MISSING, Native, Refs, Text
from syncd.model.refs import Cursor, EntityId, LinkId
from syncd.store.rows import (
    BaseField,
    BaseRow,
    ChangeState,
    ConflictContent,
    ContenderRow,
    CursorRow,
    FieldStateRow,
    LedgerRow,
    LinkState,
    MatchProposalRow,
    ObservedRow,
    PlanChangeRow,
    PlanRow,
    PlanState,
    ProposalState,
    QuarantineRow,
    TombstoneRow,
)
from syncd.store.store import Store
from tests.store import samples
from tests.store.conftest import Clock
from tests.store.samples import AT, GITHUB, JIRA

E1, E2, L1, L2 = EntityId("e1"), EntityId("e2"), LinkId("l1"), LinkId("l2")


async def fill(store: Store, count: int = 2) -> None:
    """Keep some entities, each with one link and what its tool holds."""
    numbers = range(1, count + 1)
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(n) for n in numbers])
        await tx.links.save([samples.link(n) for n in numbers])
        await tx.records.save_observed([samples.observed(n) for n in numbers])


async def test_entities_come_back_and_count_their_saves(store: Store) -> None:
    await fill(store)
    async with store.transaction() as tx:
        await tx.entities.save([replace(samples.entity(1), values={"title": None}, created_at=AT + timedelta(1))])

    found = await store.entities.by_ids([E1, E2, EntityId("nobody")])

    assert found[E2] == replace(samples.entity(2), version=1)
    assert found[E1] == replace(samples.entity(1), values={"title": None}, version=2)
    assert len(found) == 2


async def test_entities_stream_by_portfolio_and_kind(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.entities.save(
            [samples.entity(1), samples.entity(2, kind=Kind.MILESTONE), samples.entity(3, portfolio="other")]
        )
    assert [row.id async for row in store.entities.by_portfolio("platform")] == [E1, E2]
    assert [row.id async for row in store.entities.by_portfolio("platform", Kind.MILESTONE)] == [E2]
    assert await store.entities.ids("other") == [EntityId("e3")]
    assert await store.entities.values_of("platform", ["parent", "budget", "title"], Kind.TASK) == {
        E1: {"parent": UNSET, "budget": UNSET, "title": "Task 1"}
    }


async def test_some_values_of_some_entities(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(1), samples.entity(2)])
    assert await store.entities.some_values_of([E2, EntityId("none")], ["parent", "title"]) == {
        E2: {"parent": UNSET, "title": "Task 2"}
    }


async def test_linked_records_that_point_at_others_are_found_but_for_those_pointed_at(store: Store) -> None:
    def pointing(n: int, *at: int) -> ObservedRow:
        row = samples.observed(n)
        refs: dict[str, Native] = {"parent": samples.ref(at[0]), "links": Refs(frozenset(map(samples.ref, at)))}
        return replace(row, record=replace(row.record, fields={**row.record.fields, **refs}))

    async with store.transaction() as tx:
        await tx.records.save_observed(
            [samples.observed(1), pointing(2, 1), pointing(3, 9, 1), pointing(4, 9), pointing(5, 1)]
        )
        await tx.entities.save([samples.entity(n) for n in range(1, 5)])
        await tx.links.save([samples.link(n) for n in range(1, 5)])
    assert sorted(await store.records.referring_to("platform", {samples.ref(1)})) == [samples.ref(2), samples.ref(3)]
    assert await store.records.referring_to("platform", {samples.ref(n) for n in range(1, 10)}) == []
    assert await store.records.referring_to("other", {samples.ref(1)}) == []


async def test_more_rows_than_one_portion_come_back(store: Store) -> None:
    await fill(store, 1201)
    refs = [samples.ref(n) for n in range(1, 1202)]
    assert len(await store.records.observed(refs)) == 1201
    assert len([row async for row in store.entities.by_portfolio("platform")]) == 1201
    assert await store.records.all_refs(JIRA) == set(refs)
    assert await store.links.count(JIRA) == 1201


async def test_observed_records_come_back_by_ref_and_by_link(store: Store) -> None:
    await fill(store)
    one = samples.observed(1)
    assert await store.records.observed([samples.ref(1), samples.ref(9)]) == {samples.ref(1): one}
    assert await store.records.observed_of_links([L1]) == {L1: one}
    assert await store.records.revisions([samples.ref(1), samples.ref(9)]) == {samples.ref(1): "1"}
    assert [row.ref for row in await store.records.by_key("PMO-1")] == [samples.ref(1)]
    status = (await store.records.observed([samples.ref(1)]))[samples.ref(1)].record.fields["status"]
    assert repr(status) == "Choice(id='3', label='Done', category='done')"


async def test_unlinked_records_are_those_without_a_standing_link(store: Store) -> None:
    await fill(store)
    async with store.transaction() as tx:
        await tx.records.save_observed([samples.observed(3), samples.observed(4, connection=GITHUB)])
        await tx.links.save([samples.link(2, state=LinkState.UNLINKED)])

    assert [row.ref async for row in store.records.unlinked("platform", JIRA)] == [samples.ref(2), samples.ref(3)]
    assert [row.ref async for row in store.records.unlinked("platform", GITHUB)] == [samples.ref(4, GITHUB)]
    assert [row async for row in store.records.unlinked("other")] == []


async def test_a_ref_has_one_standing_link_and_may_be_linked_again_once_parted(store: Store) -> None:
    await fill(store)
    again = samples.link(3, of=2, at=samples.ref(1))
    with pytest.raises(StoreError, match="contradicts"):
        async with store.transaction() as tx:
            await tx.links.save([again])
    async with store.transaction() as tx:
        await tx.links.save([samples.link(1, state=LinkState.UNLINKED), again])
    assert await store.links.by_refs([samples.ref(1)]) == {samples.ref(1): again}
    assert [row.id for row in (await store.links.by_entities([E1]))[E1]] == [L1]
    assert [row.id for row in await store.links.by_connection(JIRA)] == ["l3", "l2"]


async def test_a_moved_link_points_at_the_new_ref_and_forgets_what_the_old_one_held(store: Store) -> None:
    await fill(store)
    new = samples.ref(70, GITHUB)
    async with store.transaction() as tx:
        await tx.links.move({L1: new})
    assert (await store.links.by_ids([L1]))[L1].ref == new
    assert [row.ref for row in await store.links.by_connection(GITHUB)] == [new]
    assert await store.records.observed([samples.ref(1)]) == {}


async def test_bases_keep_empty_unset_and_stale_apart(store: Store) -> None:
    await fill(store)
    row = BaseRow(
        L1,
        {
            "title": BaseField(Text("x"), "x"),
            "due_on": BaseField(None, None),
            "owner": BaseField(None, UNSET),
            "labels": BaseField(Text("stale"), UNSET, stale=True),
            "team": BaseField(Text("stale"), "stale"),
        },
    )
    async with store.transaction() as tx:
        await tx.bases.save([row])
    assert await store.bases.of_links([L1, L2]) == {L1: row}
    async with store.transaction() as tx:
        await tx.bases.forget([L1])
    assert await store.bases.of_links([L1]) == {}


async def test_a_base_without_a_link_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="contradicts"):
        async with store.transaction() as tx:
            await tx.bases.save([BaseRow(LinkId("nobody"), {})])


async def test_field_states_come_back_and_clear_one_by_one(store: Store) -> None:
    await fill(store)
    refused = FieldStateRow(entity=E1, field="status", link=L1, refused=None, text="no such step", undone=2, since=AT)
    whole = FieldStateRow(entity=E1, field="status", trouble="undecided", since=AT)
    async with store.transaction() as tx:
        await tx.field_states.save([refused, whole])
    assert set(await store.field_states.of_entities([E1])) == {refused, whole}
    assert {row.refused for row in await store.field_states.by_portfolio("platform")} == {None, MISSING}
    async with store.transaction() as tx:
        await tx.field_states.clear([(E1, "status", L1)])
    assert await store.field_states.of_entities([E1]) == [whole]


async def test_what_is_marked_again_while_taken_stays_marked(store: Store) -> None:
    await fill(store)
    async with store.transaction() as tx:
        await tx.dirty.mark([E1, E2, E1])
        taken = await tx.dirty.take("platform")
        await tx.dirty.mark([E2])
        await tx.dirty.clear(taken)
        assert list(await tx.dirty.take("platform")) == [E2]
        assert await tx.dirty.take("other") == {}


async def test_cursors_are_replaced_and_cleared(store: Store) -> None:
    row = CursorRow(connection=JIRA, cursor=Cursor("abc"), saved_at=AT, query="q1")
    async with store.transaction() as tx:
        await tx.cursors.save(replace(row, cursor=Cursor("old")))
        await tx.cursors.save(row)
    assert await store.cursors.get(JIRA) == row
    async with store.transaction() as tx:
        await tx.cursors.clear(JIRA)
    assert await store.cursors.get(JIRA) is None


async def test_plans_come_back_and_the_newer_supersedes_the_older(store: Store) -> None:
    old = PlanRow(id="7f3c", portfolio="platform", made_at=AT, summary={"update": 1})
    new = PlanRow(id="7f99", portfolio="platform", made_at=AT + timedelta(1))
    change = PlanChangeRow(plan="7f3c", seq=1, key="k1", payload={"want": ["text", "x"]}, needs_approval=True)
    async with store.transaction() as tx:
        assert await tx.plans.save(old, [change])
        assert not await tx.plans.save(old, [change])
        await tx.plans.mark_changes("7f3c", {"k1": (ChangeState.SKIPPED, "moved")})
        await tx.plans.save(new, [])
    assert [row.id for row in await store.plans.find("7f")] == ["7f99", "7f3c"]
    assert await store.plans.find("7f3c") == [replace(old, state=PlanState.SUPERSEDED)]
    assert await store.plans.find("%") == []
    assert await store.plans.latest("platform") == new
    assert [row async for row in store.plans.changes("7f3c")] == [
        replace(change, state=ChangeState.SKIPPED, reason="moved")
    ]


async def test_a_conflict_keeps_its_id_while_its_contenders_change(store: Store, clock: Clock) -> None:
    await fill(store)
    first = ConflictContent((ContenderRow(L1, JIRA, "a"), ContenderRow(None, None, UNSET)), "two edits")
    second = replace(first, contenders=(ContenderRow(L1, JIRA, "b", "Ada Example"),))
    async with store.transaction() as tx:
        opened = await tx.conflicts.sync("platform", {(E1, "title"): first, (E2, "title"): None})
    async with store.transaction() as tx:
        changed = await tx.conflicts.sync("platform", {(E1, "title"): second})
        unmoved = await tx.conflicts.sync("platform", {(E1, "title"): second})
    (before,), (after,) = opened.opened, changed.changed
    assert (before.id, before.content, after.id, after.content) == (after.id, first, before.id, second)
    assert before.shown != after.shown
    assert unmoved == type(unmoved)()
    assert await store.conflicts.open_list("platform") == [after]
    clock.forward(60)
    async with store.transaction() as tx:
        ended = await tx.conflicts.sync("platform", {(E1, "title"): None}, how="command")
    assert ended.ended == (replace(after, ended_at=clock.at, how="command"),)
    assert await store.conflicts.open_list() == []
    assert await store.conflicts.find(before.id[:4]) == list(ended.ended)


async def test_a_lost_edit_is_kept_once(store: Store) -> None:
    row = LedgerRow(run=None, entity=E1, field="title", link=L1, connection=JIRA, value="x", rule="leader", at=AT)
    async with store.transaction() as tx:
        assert await tx.ledger.add([row]) == 1
        assert await tx.ledger.add([replace(row, at=AT + timedelta(1)), replace(row, value="y")]) == 1
    assert {found.value for found in await store.ledger.of_entity(E1, "title")} == {"x", "y"}
    assert row in await store.ledger.of_entity(E1)
    assert await store.ledger.of_entity(E1, "status") == []


async def test_quarantine_counts_attempts_and_lets_go(store: Store) -> None:
    item = QuarantineRow(connection=JIRA, ref=samples.ref(1), reason="NUL in it", since=AT)
    field = QuarantineRow(connection=JIRA, entity=E1, field="title", reason="too long", since=AT + timedelta(1))
    async with store.transaction() as tx:
        await tx.quarantine.add([item, field])
        await tx.quarantine.add([replace(item, reason="again", since=AT + timedelta(2))])
    assert await store.quarantine.all() == [replace(item, reason="again", attempts=2), field]
    async with store.transaction() as tx:
        await tx.quarantine.release([item])
    assert await store.quarantine.all(JIRA) == [field]


async def test_a_rejected_match_is_not_proposed_again(store: Store) -> None:
    row = MatchProposalRow(
        id="m1",
        portfolio="platform",
        kind=Kind.MILESTONE,
        refs=(samples.ref(1), samples.ref(2, GITHUB)),
        reason="same title",
        made_at=AT,
    )
    async with store.transaction() as tx:
        assert await tx.proposals.add([row, replace(row, id="m2")]) == 2
        await tx.proposals.decide("m1", ProposalState.REJECTED, AT)
        assert await tx.proposals.add([row]) == 0
        await tx.proposals.drop([row.id for row in await tx.proposals.by_portfolio("platform", ProposalState.OPEN)])
    rejected = replace(row, state=ProposalState.REJECTED, decided_at=AT)
    assert await store.proposals.by_portfolio("platform") == [rejected]
    assert await store.proposals.find("m") == [rejected]


async def test_tombstones_come_back_and_clear(store: Store) -> None:
    await fill(store)
    row = TombstoneRow(link=L1, first_missing_at=AT, last_checked_at=AT, count=2)
    async with store.transaction() as tx:
        await tx.tombstones.save([row])
    assert await store.tombstones.of_links([L1, L2]) == {L1: row}
    async with store.transaction() as tx:
        await tx.tombstones.clear([L1])
    assert await store.tombstones.of_links([L1]) == {}


async def test_an_entity_goes_only_when_nothing_links_to_it(store: Store) -> None:
    await fill(store)
    async with store.transaction() as tx:
        await tx.links.save([replace(samples.link(1), entity=E2)])
        assert await tx.entities.remove_unlinked([E1, E2]) == 1
    assert list(await store.entities.by_ids([E1, E2])) == [E2]
