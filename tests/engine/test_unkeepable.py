"""Characters that a database cannot hold: whoever sends one stops neither its own item nor any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.connectors.protocol import Outcome, Refused, Write
from syncd.errors import RejectedError
from syncd.model.native import Text
from tests.engine.talk import A, B, make_talk, two_tasks

NUL, HALF = "odd \0 text", "odd \ud800 text"
KEPT = "odd \ufffd text"


@pytest.mark.parametrize("odd", [NUL, HALF])
@pytest.mark.parametrize("where", ["key", "url", "container"])
async def test_a_record_called_so_flows_like_any_other(tmp_path: Path, odd: str, where: str) -> None:
    talk = make_talk(tmp_path)
    talk.home = "true"
    first, second = await two_tasks(talk)
    alpha = talk.fakes[A]
    alpha.edit(first, title=Text("Edited"))
    record = alpha.items[first]
    named = {
        "key": replace(record, key=odd),
        "url": replace(record, url=odd),
        "container": replace(record, container=odd),
    }
    alpha.items[first] = named[where]
    await talk.sync()
    assert talk.fakes[B].items[second].fields["title"] == Text("Edited")
    await talk.sync()
    await talk.quiet()
    async with talk.desk() as desk:
        link = (await desk.store.links.by_refs([first]))[first]
        assert getattr(link, where) == KEPT
        assert [row.ref for row in await desk.store.links.by_key(link.key)] == [first]


@pytest.mark.parametrize("odd", [NUL, HALF])
async def test_a_refusal_that_quotes_one_is_kept_and_the_rest_flows(tmp_path: Path, odd: str) -> None:
    talk = make_talk(tmp_path)
    first, second = await two_tasks(talk)
    beta = talk.fakes[B]
    write = beta.write

    async def refusing(batch: Sequence[Write]) -> Sequence[Outcome]:
        done = {each.op: each for each in await write([each for each in batch if not _is_of(each, second)])}
        return [done.get(each.op, Refused(op=each.op, error=RejectedError(odd))) for each in batch]

    beta.write = refusing  # type: ignore[method-assign]
    talk.fakes[A].edit(first, title=Text("Refused"))
    (other,) = [ref for ref, record in talk.fakes[A].items.items() if record.key == "A-3"]
    talk.fakes[A].edit(other, title=Text("Taken"))
    for _ in range(3):
        await talk.sync()
    assert {record.fields["title"] for record in beta.items.values()} == {Text("Ship it"), Text("Taken")}
    async with talk.desk() as desk:
        assert {row.reason for row in await desk.store.quarantine.all()} == {KEPT}
        assert not await desk.store.journal.open()


def _is_of(each: Write, ref: object) -> bool:
    return getattr(getattr(each, "pre", None), "ref", None) == ref
