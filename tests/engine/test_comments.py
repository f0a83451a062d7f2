"""Comments cross once, say who wrote them, follow their originals, and never come back as echoes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.unite import unite
from syncd.errors import UnsafePlanError
from syncd.model.canonical import Kind
from syncd.model.native import TextFormat
from syncd.model.refs import Ref
from syncd.reconcile.plan import Verb
from syncd.store.rows import LinkState
from tests.engine.fake import Fake
from tests.engine.talk import COMMENTS, MATCH, A, B, C, Talk, make_talk, two_tasks

BOTH = "create: {task: {from: alpha, in: [{beta: {container: %s}}]}, comment: {from: any, in: [beta]}}\n"


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return make_talk(tmp_path)


def said(fake: Fake, ref: Ref) -> list[str]:
    """Return what is said below an item, the signature marked as such."""
    return [text.replace("\n\n", " | ") for text in fake.below(ref)]


async def crossed(talk: Talk) -> tuple[Ref, Ref, Ref, Ref]:
    """Return a task in two tools, a comment on it and its copy."""
    first, second = await two_tasks(talk)
    original = talk.fakes[A].say(first, "Looks good")
    await talk.apply()
    copies = [ref for ref, record in talk.fakes[B].items.items() if record.fields.get("parent") == second]
    assert len(copies) == 1
    return first, second, original, copies[0]


async def test_a_comment_crosses_once_with_its_author_and_a_link(talk: Talk) -> None:
    _, second, _, copy = await crossed(talk)
    assert said(talk.fakes[B], second) == [
        "↪ Ada Example wrote in alpha ([A-1#c5](https://alpha.example/A-1/c5)): | Looks good"
    ]
    assert talk.fakes[B].items[copy].container == "P"
    await talk.quiet()
    assert (await talk.verify()).agrees
    item = await talk.item("A-1#c5")
    assert item.entity.kind is Kind.COMMENT
    assert item.title == "Looks good"


async def test_nothing_is_read_of_comments_until_they_are_asked_for_and_then_all(talk: Talk) -> None:
    talk.mapping = MATCH
    first, second = await two_tasks(talk)
    talk.fakes[A].say(first, "Before")
    await talk.quiet()
    assert "comment" not in talk.fakes[A].types
    talk.mapping = MATCH + COMMENTS
    await talk.apply()
    assert len(said(talk.fakes[B], second)) == 1
    await talk.quiet()


async def test_the_first_comments_of_a_tool_wait_for_a_person_even_where_tasks_were_made(talk: Talk) -> None:
    talk.mapping = MATCH + BOTH % "P"
    first = talk.fakes[A].task("Ship it")
    await talk.apply()
    talk.fakes[A].say(first, "Looks good")
    cycle = await talk.sync()
    assert [line.kind for line in cycle.lines if line.digest in cycle.waiting] == [Kind.COMMENT]
    await talk.apply()
    talk.fakes[A].say(first, "And this one flows")
    await talk.sync()
    (second,) = [ref for ref in talk.fakes[B].items if ref.kind == "task"]
    assert len(said(talk.fakes[B], second)) == 2
    await talk.quiet()


async def test_a_comment_waits_for_its_parent_and_follows_into_its_container(talk: Talk) -> None:
    talk.mapping = MATCH + BOTH % "Q"
    first = talk.fakes[A].task("Ship it")
    talk.fakes[A].say(first, "Early")
    await talk.apply()
    await talk.apply()
    comments = [record for record in talk.fakes[B].items.values() if record.type == "comment"]
    assert [record.container for record in comments] == ["Q"]
    await talk.quiet()


async def test_identical_comments_at_first_contact_are_one_and_are_paired_in_order(talk: Talk) -> None:
    first, second = talk.fakes[A].task("Ship it"), talk.fakes[B].task("Ship it")
    for _ in range(3):
        talk.fakes[A].say(first, "+1")
    for _ in range(2):
        talk.fakes[B].say(second, "+1", by="Ben Example")
    talk.fakes[A].say(first, "Only  here")
    talk.fakes[B].say(second, "Only here")
    await talk.apply()
    await talk.quiet()
    assert len(said(talk.fakes[A], first)) == len(said(talk.fakes[B], second)) == 4
    assert len([text for text in said(talk.fakes[B], second) if text.endswith("+1")]) == 3


async def test_an_edit_of_the_original_follows_below_the_signature(talk: Talk) -> None:
    _, second, original, _ = await crossed(talk)
    talk.fakes[A].rewrite(original, "Looks *very* good\n\n- really")
    await talk.sync()
    (text,) = said(talk.fakes[B], second)
    assert text.endswith(": | Looks *very* good | - really")
    await talk.quiet()


@pytest.mark.parametrize("form", [TextFormat.ADF])
async def test_it_works_in_other_formats(tmp_path: Path, form: TextFormat) -> None:
    talk = make_talk(tmp_path, beta=form)
    _, second, original, _ = await crossed(talk)
    back = talk.fakes[B].say(second, "Thanks", by="Ben Example")
    await talk.apply()
    talk.fakes[A].rewrite(original, "Changed")
    talk.fakes[B].rewrite(back, "Thanks a lot")
    await talk.sync()
    await talk.quiet()
    assert (await talk.verify()).agrees


async def test_an_edit_of_a_copy_is_put_back_and_kept_in_the_ledger(talk: Talk) -> None:
    _, second, _, copy = await crossed(talk)
    talk.fakes[B].rewrite(copy, f"{said(talk.fakes[B], second)[0].split(' | ')[0]}\n\nTampered", by="Ben Example")
    await talk.sync()
    assert said(talk.fakes[B], second)[0].endswith("Looks good")
    item = await talk.item("A-1#c5")
    async with talk.desk() as desk:
        rows = await desk.store.ledger.of_entity(item.entity.id, "body")
    assert [(row.value, row.rule, row.author) for row in rows] == [("Tampered", "mirror", "Ben Example")]
    await talk.quiet()


async def test_where_any_edit_counts_two_at_once_are_a_conflict_that_names_the_authors(talk: Talk) -> None:
    talk.mapping += "comments: {edits: any}\n"
    first, second, original, copy = await crossed(talk)
    sign = said(talk.fakes[B], second)[0].split(" | ")[0]
    talk.fakes[A].rewrite(original, "As Ada says", by="Ada Example")
    talk.fakes[B].rewrite(copy, f"{sign}\n\nAs Ben says", by="Ben Example")
    cycle = await talk.sync()
    (conflict,) = cycle.opened
    sides = {each.connection: (each.value, each.author) for each in conflict.content.contenders}
    assert sides == {A: ("As Ada says", "Ada Example"), B: ("As Ben says", "Ben Example")}
    assert said(talk.fakes[A], first) == ["As Ada says"]


async def test_a_copy_deleted_in_its_tool_is_not_made_again(talk: Talk) -> None:
    first, second, original, copy = await crossed(talk)
    talk.fakes[B].delete(copy)
    for _ in range(4):
        talk.clock.pass_(900)
        await talk.verify()
        await talk.sync()
    talk.fakes[A].rewrite(original, "Edited since")
    await talk.sync()
    assert said(talk.fakes[B], second) == []
    assert said(talk.fakes[A], first) == ["Edited since"]
    await talk.quiet()


async def gone(talk: Talk, ref: Ref) -> None:
    talk.fakes[ref.connection].delete(ref)
    for _ in range(4):
        talk.clock.pass_(900)
        await talk.verify()
        await talk.sync()


async def test_a_deleted_original_leaves_its_copy_alone(talk: Talk) -> None:
    _, second, original, _ = await crossed(talk)
    await gone(talk, original)
    assert said(talk.fakes[B], second)[0].endswith("Looks good")


async def test_a_deleted_original_is_told_in_its_copies_where_that_is_wanted(talk: Talk) -> None:
    talk.mapping += "comments: {deleted: mark}\n"
    _, second, original, _ = await crossed(talk)
    record = talk.fakes[A].items[original]
    await gone(talk, original)
    assert said(talk.fakes[B], second)[0].endswith("): | *(deleted in alpha)*")
    await talk.quiet()
    talk.fakes[A].items[original] = record
    talk.fakes[A].edit(original)  # it is back, as it was
    await talk.sync()
    await talk.sync()
    assert said(talk.fakes[B], second)[0].endswith("): | Looks good")
    await talk.quiet()


async def test_a_comment_hidden_with_its_task_is_not_taken_for_deleted(talk: Talk) -> None:
    """Another comment in the container can be read meanwhile, and says nothing about it."""
    talk.mapping += "comments: {deleted: mark}\n"
    first, second, original, _ = await crossed(talk)
    talk.fakes[A].say(talk.fakes[A].task("Another task"), "Elsewhere")
    for ref in (original, first):
        talk.fakes[A].hide(ref)
    for _ in range(4):
        talk.clock.pass_(900)
        await talk.verify()
        await talk.sync()
    assert said(talk.fakes[B], second)[0].endswith("Looks good")
    for ref in (first, original):
        talk.fakes[A].restore(ref)
    await talk.sync()
    assert said(talk.fakes[B], second)[0].endswith("Looks good")


async def test_a_deleted_task_takes_nothing_from_its_counterpart(talk: Talk) -> None:
    talk.mapping += "comments: {deleted: mark}\n"
    first, second, _, _ = await crossed(talk)
    talk.fakes[B].say(second, "Mine", by="Ben Example")
    await talk.sync()
    await gone(talk, first)
    assert [text.rpartition(" | ")[2] for text in said(talk.fakes[B], second)] == ["Looks good", "Mine"]
    await talk.quiet()


async def test_a_comment_moved_to_another_item_is_told_and_nothing_is_moved(talk: Talk) -> None:
    _, second, original, _ = await crossed(talk)
    (other,) = [ref for ref, record in talk.fakes[A].items.items() if record.key == "A-3"]
    before = said(talk.fakes[B], second)
    talk.fakes[A].edit(original, parent=other)
    await talk.sync()
    talk.fakes[A].rewrite(original, "And edited")
    await talk.sync()
    assert said(talk.fakes[B], second) == before
    item = await talk.item("A-1#c5")
    assert {side.link.state for side in item.sides if side.is_copy} == {LinkState.OUT_OF_SCOPE}
    await talk.quiet()


async def test_comments_stop_crossing_when_their_items_are_parted(talk: Talk) -> None:
    _, second, original, _ = await crossed(talk)
    talk.mapping = "match: {iteration: title}\n" + COMMENTS
    before = said(talk.fakes[B], second)
    async with talk.desk() as desk:
        links = await desk.store.links.by_refs([second])
        async with desk.store.transaction() as tx:
            await tx.links.save([replace(links[second], state=LinkState.UNLINKED)])
    talk.fakes[A].rewrite(original, "Not for them any more")
    talk.fakes[A].say(original_parent(talk, original), "Nor is this")
    await talk.sync()
    await talk.sync()
    assert said(talk.fakes[B], second) == before
    await talk.quiet()


def original_parent(talk: Talk, ref: Ref) -> Ref:
    parent = talk.fakes[ref.connection].items[ref].fields["parent"]
    assert isinstance(parent, Ref)
    return parent


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("marks", [True, False])
async def test_a_kill_between_request_and_answer_makes_no_echo_and_no_second_copy(talk: Talk, *, marks: bool) -> None:
    first, second, _, _ = await crossed(talk)
    fake = talk.fakes[B]
    fake.marks = marks
    talk.fakes[A].say(first, "Killed here")
    async with talk.desk() as desk:
        write = fake.write

        async def dying(batch: object) -> object:
            await write(batch)  # type: ignore[arg-type]
            raise Killed

        fake.write = dying  # type: ignore[method-assign, assignment]
        with pytest.raises(Killed):
            await sync(desk)
        fake.write = write  # type: ignore[method-assign]
    for _ in range(8):
        talk.clock.pass_(900)
        await talk.sync()
    assert [text.rpartition(" | ")[2] for text in said(fake, second)] == ["Looks good", "Killed here"]
    assert said(talk.fakes[A], first) == ["Looks good", "Killed here"]
    await talk.quiet()


async def test_our_own_comment_without_a_known_original_is_set_aside_and_never_echoed(talk: Talk) -> None:
    first, second = await two_tasks(talk)
    talk.fakes[B].say(second, "↪ Ada Example wrote in alpha:\n\nFrom a former life", by="Sync Bot")
    await talk.apply()
    assert said(talk.fakes[A], first) == []
    async with talk.desk() as desk:
        rows = await desk.store.quarantine.all()
    assert [row.reason.startswith("it begins with our signature") for row in rows] == [True]
    await talk.quiet()


async def test_a_lost_store_finds_every_copy_again(talk: Talk) -> None:
    first, second, _, _ = await crossed(talk)
    talk.fakes[B].say(second, "Mine", by="Ben Example")
    await talk.apply()
    talk.lose_store()
    before = said(talk.fakes[A], first), said(talk.fakes[B], second)
    await talk.apply()
    await talk.quiet()
    assert (said(talk.fakes[A], first), said(talk.fakes[B], second)) == before


async def test_a_comment_a_tool_cannot_hold_is_told_once_and_stops_nothing(talk: Talk) -> None:
    first, second, _, _ = await crossed(talk)
    talk.fakes[A].say(first, "x" * 1990)
    talk.fakes[A].say(first, "Short")
    await talk.sync()
    assert [text.rpartition(" | ")[2] for text in said(talk.fakes[B], second)] == ["Looks good", "Short"]
    for _ in range(3):
        await talk.sync()
    async with talk.desk() as desk:
        rows = await desk.store.quarantine.all()
    assert [row.reason for row in rows] == [
        "beta cannot hold this comment: it is too long there, or not writable",
    ]
    await talk.quiet()


async def test_items_found_to_be_one_later_pair_their_comments_instead_of_doubling_them(talk: Talk) -> None:
    first, second = talk.fakes[A].task("Ship it"), talk.fakes[B].task("Ship it, please")
    for ref in (first, second):
        talk.fakes[ref.connection].say(ref, "Looks good")
    await talk.sync()
    async with talk.desk() as desk:
        await unite(desk, [first, second])
    await talk.apply()
    await talk.apply()
    assert said(talk.fakes[A], first) == said(talk.fakes[B], second) == ["Looks good"]


async def test_three_tools_share_one_comment_without_a_chain_of_signatures(talk: Talk) -> None:
    refs = [talk.fakes[name].task("Ship it") for name in (A, B, C)]
    talk.fakes[B].say(refs[1], "From the middle", by="Ben Example")
    await talk.apply()
    await talk.quiet()
    for name, ref in zip((A, C), (refs[0], refs[2]), strict=True):
        (text,) = said(talk.fakes[name], ref)
        assert text.count("wrote in") == 1
        assert text.startswith("↪ Ben Example wrote in beta")


async def test_many_comments_have_a_brake_of_their_own(talk: Talk) -> None:
    talk.limits = ", limits: {comment_count: 5, comment_share: 0}"
    first, second, _, _ = await crossed(talk)
    for number in range(6):
        talk.fakes[A].say(first, f"Number {number}")
    with pytest.raises(UnsafePlanError, match="comments"):
        await talk.sync()
    assert len(said(talk.fakes[B], second)) == 1
    applied = await talk.apply()
    assert len(applied.cycle.pushed.done) == 6
    await talk.quiet()


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
async def test_many_comments_on_one_item_cross_once(talk: Talk, count: int) -> None:
    first, second = await two_tasks(talk)
    for number in range(count):
        talk.fakes[A].say(first, f"Number {number % (count * 2 // 5)}")
    plan = await talk.plan()
    assert {line.verb for line in plan.lines} == {Verb.CREATE}
    await talk.apply()
    assert len(said(talk.fakes[B], second)) == count
    await talk.quiet()
