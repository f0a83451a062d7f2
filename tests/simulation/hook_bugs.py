"""
Bugs that receivers of webhooks have really had, as switches: what lives under webhooks must find.

Polling heals a hint that was lost, so most of these show only in that what was told comes through late.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from syncd.connectors.github.hooks import GithubHooks
from syncd.connectors.hooks import Delivery
from syncd.connectors.jira.hooks import JiraHooks
from syncd.console import hooks
from syncd.engine import hints, inbox
from syncd.engine.desk import Desk
from syncd.engine.hints import Looked
from syncd.engine.inbox import Lanes, Told
from syncd.engine.loop import Rhythm
from syncd.errors import RemoteError
from syncd.model.native import Record, Text
from syncd.model.refs import Ref

Patch = pytest.MonkeyPatch
HOOK_BUGS: Final[dict[str, Callable[[Patch], None]]] = {}
"""By name: how to bring each back."""


def bug(install: Callable[[Patch], None]) -> Callable[[Patch], None]:
    """Register a bug under its function's name."""
    HOOK_BUGS[install.__name__.replace("_", "-")] = install
    return install


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Bring a bug back while the block lasts."""
    with Patch.context() as patch:
        HOOK_BUGS[name](patch)
        yield


# --- receiving ---------------------------------------------------------------


@bug
def a_forged_delivery_is_taken(patch: Patch) -> None:
    """Nobody looks at the signature."""
    for vendor in (JiraHooks, GithubHooks):
        patch.setattr(vendor, "is_genuine", lambda *_: True)


@bug
def a_delivery_is_known_by_its_item(patch: Patch) -> None:
    """What names the same items counts as told before, whatever its id."""
    original = hooks._id_of

    def about(delivery: Delivery, body: bytes) -> str:
        return ",".join(map(str, delivery.refs)) or original(delivery, body)

    patch.setattr(hooks, "_id_of", about)


@bug
def the_body_is_believed(patch: Patch) -> None:
    """A title is what the last delivery says it is, which may be an older one than the last but one."""
    told: dict[str, Text] = {}
    read, read_many = JiraHooks.read, vars(hints)["read_many"]

    def noting(self: JiraHooks, connection: Any, settings: Any, headers: Any, body: bytes) -> Delivery:  # noqa: ANN401
        issue = json.loads(body).get("issue", {})
        if "summary" in issue.get("fields", {}):
            told[str(issue["id"])] = Text(issue["fields"]["summary"])
        return read(self, connection, settings, headers, body)

    async def believing(account: Any, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:  # noqa: ANN401
        answers = dict(await read_many(account, refs))
        for ref, answer in answers.items():
            if isinstance(answer, Record) and "summary" in answer.fields and ref.id in told:
                answers[ref] = replace(answer, fields={**answer.fields, "summary": told.pop(ref.id)})
        return answers

    patch.setattr(JiraHooks, "read", noting)
    patch.setattr(hints, "read_many", believing)


# --- the inbox ---------------------------------------------------------------


SETTLES_S: Final = 2.0


@bug
def what_is_told_during_a_cycle_is_forgotten(patch: Patch) -> None:
    """A moment after a cycle about an item, all that was told of it is done, also what came since it was read."""
    original = Lanes._look

    async def forgetting(self: Lanes, told: Collection[Told]) -> None:
        await original(self, told)
        await self._desk.world.sleep(SETTLES_S)
        about = {ref for _, ref in told}
        waiting = await self._desk.store.inbox.waiting(list(self._desk.accounts))
        async with self._desk.store.transaction() as tx:
            same = [row for row in waiting if row.refs and about.issuperset(row.refs)]
            await tx.inbox.done(same, self._desk.world.now())

    patch.setattr(Lanes, "_look", forgetting)


@bug
def a_wake_during_a_cycle_is_lost(patch: Patch) -> None:
    """Who rests begins to listen then, and has not heard what came before."""
    original = Rhythm._rest

    async def deaf(self: Rhythm, *args: Any) -> None:  # noqa: ANN401 - handed on
        self._woken.clear()
        await original(self, *args)

    patch.setattr(Rhythm, "_rest", deaf)


# --- cycles about some items -------------------------------------------------


@bug
def a_reading_serves_the_next_delivery(patch: Patch) -> None:
    """What was read by id for one delivery still counts when the next one comes."""
    original = Desk.for_items

    def sharing(self: Desk) -> Desk:
        lane = original(self)
        lane.just_read = self.just_read
        return lane

    patch.setattr(Desk, "for_items", sharing)


@bug
def an_edit_shortly_after_our_write_is_an_echo(patch: Patch) -> None:
    """What is told of a record within a minute of our own write is our own write."""
    original: Callable[..., Any] = vars(inbox)["sync_items"]

    async def ours(desk: Desk, refs: Sequence[Ref], *args: Any) -> Looked:  # noqa: ANN401 - handed on
        others = [ref for ref in refs if not desk.may_be_echo(ref)]
        looked: Looked = await original(desk, others, *args) if others else Looked()
        return looked

    patch.setattr(inbox, "sync_items", ours)


@bug
def what_is_linked_to_nothing_is_nobodys(patch: Patch) -> None:
    """A webhook about a new item is read and put aside."""

    async def never(*_: object) -> bool:
        return False

    patch.setattr(hints, "_is_new", never)
