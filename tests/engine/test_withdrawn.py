"""Comments taken back before they crossed stay where they were."""

from __future__ import annotations

from pathlib import Path

from syncd.model.refs import Ref
from tests.engine.fake import Fake
from tests.engine.talk import COMMENTS, MATCH, A, B, C, make_talk, two_tasks


def said(fake: Fake, ref: Ref) -> list[str]:
    """Return what is said below an item, without the signatures."""
    return [text.rpartition("\n\n")[2] for text in fake.below(ref)]


async def test_a_comment_withdrawn_while_its_copy_waited_is_not_published(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    first, second = await two_tasks(talk)
    original = talk.fakes[A].say(first, "Oops, a secret")
    talk.fakes[A].say(first, "Looks good")
    cycle = await talk.sync()
    assert len(cycle.waiting) == 2
    record = talk.fakes[A].items.pop(original)  # deleted, or made private: no list tells of it
    await talk.apply()
    assert said(talk.fakes[B], second) == ["Looks good"]
    await talk.quiet()
    talk.fakes[A].items[original] = record
    talk.fakes[A].edit(original)
    await talk.sync()
    assert said(talk.fakes[B], second) == ["Looks good", "Oops, a secret"]
    await talk.quiet()


async def test_a_deleted_comment_is_not_carried_on_from_its_copy(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    talk.mapping = MATCH + "create: {comment: {from: any, in: [alpha, beta]}}\n"
    first, second = await two_tasks(talk)
    third = talk.fakes[C].task("Ship it")
    await talk.sync()
    original = talk.fakes[A].say(first, "Oops, a secret")
    await talk.apply()
    assert said(talk.fakes[B], second) == ["Oops, a secret"]
    talk.fakes[A].delete(original)
    for _ in range(3):
        talk.clock.pass_(900)
        await talk.verify()
        await talk.sync()
    talk.mapping = MATCH + COMMENTS
    await talk.apply()
    assert said(talk.fakes[C], third) == []
    await talk.quiet()
