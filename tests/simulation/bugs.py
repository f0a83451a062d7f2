"""
Bugs that sync systems have really had, as switches: what the simulation must find, or it proves nothing.

Each replaces something in syncd by what a plausible earlier version of it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

import syncd.connectors.github.inputs as github_inputs
import syncd.connectors.github.records as github_records
import syncd.connectors.github.scan as github_scan
import syncd.connectors.jira.full as jira_full
import syncd.connectors.jira.marks as jira_marks
import syncd.connectors.jira.reads as jira_reads
import syncd.connectors.jira.records as jira_records
import syncd.connectors.jira.scan as jira_scan
from syncd.connectors import _http
from syncd.connectors.github.marker import join_body
from syncd.connectors.protocol import Done, Outcome, Unknown, Update
from syncd.engine import absent, anew, commit, creates, cycle, load, made, push, recover, settle
from syncd.engine.desk import Desk
from syncd.engine.pull import HOSTS_APART, keep_page
from syncd.errors import NotFoundError, OutcomeUnknownError, RateLimitedError, RemoteError, UnavailableError
from syncd.model.native import Record
from syncd.model.refs import OpId, Ref, Revision
from syncd.reconcile import field, scalar
from syncd.reconcile.draft import Draft
from syncd.reconcile.fits import members
from syncd.reconcile.policies import Question, Take
from syncd.reconcile.state import Base
from syncd.store.journal import Journal
from syncd.store.lease import Leases
from syncd.store.rows import LeaseRow, OpRow, OpState
from tests.simulation.office import prepared
from tests.simulation.script import Script, draw_any

Patch = pytest.MonkeyPatch
OVERLAP_MS: Final = 900_000
"""How far a scan of Jira reaches back, which these bugs do not."""
BUGS: Final[dict[str, Callable[[Patch], None]]] = {}
"""By name: how to bring each back."""
IN_LIVES: Final[Mapping[str, tuple[str, str]]] = {"a-page-is-of-when-it-was-kept": ("backfill", "linear")}
"""Which ways and which tool beside Jira a life must have to show one, where others than polling and GitHub."""
FROM_THE_START: Final = frozenset({"a-key-is-an-identity", "only-half-of-an-item-is-watched"})
"""Those that first contact has to be lived through with."""


def bug(install: Callable[[Patch], None]) -> Callable[[Patch], None]:
    """Register a bug under its function's name."""
    BUGS[install.__name__.replace("_", "-")] = install
    return install


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Bring a bug back while the block lasts."""
    if name in FROM_THE_START:
        prepared.cache_clear()
    with Patch.context() as patch:
        BUGS[name](patch)
        yield
    if name in FROM_THE_START:
        prepared.cache_clear()


def script_for(name: str, seed: int) -> Script:
    """Draw a life that may show a bug."""
    return draw_any(seed, *IN_LIVES.get(name, ("polling", "github")))


# --- creating ----------------------------------------------------------------


@bug
def a_create_not_found_at_once_is_made_again(patch: Patch) -> None:
    """The index lags, so the lookup finds nothing yet."""
    patch.setattr(recover, "_has_surely_not_come", lambda *_: True)


@bug
def a_create_without_an_answer_has_failed(patch: Patch) -> None:
    """A timeout is taken for "it did not happen"."""

    async def failed(desk: Desk, op: OpRow, error: RemoteError) -> None:
        async with desk.store.transaction() as tx:
            await tx.journal.mark_failed({op.id: error.what}, desk.world.now())
            await tx.dirty.mark([op.entity])

    patch.setattr(creates, "unsure", failed)


@bug
def a_write_under_way_at_a_kill_was_never_sent(patch: Patch) -> None:
    """After a restart what is `sent` is treated as what is `planned`."""
    original = Journal.open

    async def as_planned(self: Journal, *args: Any) -> list[OpRow]:  # noqa: ANN401 - handed on
        found = await original(self, *args)
        return [replace(row, state=OpState.PLANNED) if row.state is OpState.SENT else row for row in found]

    patch.setattr(Journal, "open", as_planned)


@bug
def nothing_is_looked_up_after_a_restart(patch: Patch) -> None:
    """The journal is written, and never read."""

    async def nothing(*_: object) -> None:
        return None

    patch.setattr(cycle, "recover", nothing)


@bug
def the_marker_is_not_searched_for(patch: Patch) -> None:
    """A lookup of what a create may have made finds nothing, ever."""

    async def nothing(desk: Desk, account: Any, run: object, ops: Sequence[OpRow]) -> None:  # noqa: ANN401
        del account, run
        async with desk.store.transaction() as tx:
            await tx.journal.mark_failed({op.id: "not found" for op in ops}, desk.world.now())
            await tx.dirty.mark([op.entity for op in ops])

    patch.setattr(recover, "_find_created", nothing)


@bug
def two_daemons_run_side_by_side(patch: Patch) -> None:
    """The lease is asked for, and nobody minds the answer."""

    async def acquired(self: Leases, name: str, holder: str, ttl: Any) -> LeaseRow:  # noqa: ANN401
        now = await self._now()
        return LeaseRow(name=name, holder=holder, fence=1, since=now, expires_at=now + ttl)

    async def fine(*_: object) -> None:
        return None

    async def renewed(_self: Leases, held: LeaseRow, _ttl: object) -> LeaseRow:
        return held

    patch.setattr(Leases, "acquire", acquired)
    patch.setattr(Leases, "check", fine)
    patch.setattr(Leases, "renew", renewed)


@bug
def a_create_is_sent_again(patch: Patch) -> None:
    """A request without an answer is repeated, as one does with everything else."""

    def always(error: BaseException) -> bool:
        return isinstance(error, RateLimitedError | UnavailableError | OutcomeUnknownError)

    patch.setattr(_http, "_may_retry", always)


@bug
def the_marker_falls_off(patch: Patch) -> None:
    """What is made carries no mark, so that a create whose answer was lost cannot be found again."""
    patch.setattr(github_inputs, "join_body", lambda text, _marker: join_body(text, None))


@bug
def an_edit_during_a_create_is_in_it(patch: Patch) -> None:
    """A new record is taken to hold what its original holds now, not what it held when it was sent."""
    original = made._first_bases

    async def now(desk: Desk, op: OpRow, *args: Any) -> Any:  # noqa: ANN401 - handed on
        values = (await desk.store.entities.by_ids([op.entity]))[op.entity].values
        fields = {name: replace(each, meant=values.get(name, each.meant)) for name, each in op.fields.items()}
        return await original(desk, replace(op, fields=fields), *args)

    patch.setattr(made, "_first_bases", now)


# --- updating ----------------------------------------------------------------


@bug
def a_write_leaves_whenever_it_can(patch: Patch) -> None:
    """It goes by its fresh read, however long it waited after that."""
    patch.setattr(push, "FRESH_S", 86_400.0)


@bug
def the_base_is_what_was_sent(patch: Patch) -> None:
    """Nothing is read back: what the tool made of it, or did not, is unknown."""
    original: Callable[..., Any] = vars(settle)["after_write"]

    def trusting(*args: Any, want: Any, read_back: Any, **named: Any) -> Any:  # noqa: ANN401 - handed on
        del read_back
        return original(*args, want=want, read_back=want, **named)

    patch.setattr(settle, "after_write", trusting)


@bug
def a_write_does_not_look_first(patch: Patch) -> None:
    """What was edited between the reading and the write is overwritten."""
    patch.setattr(push, "_want", lambda _slot, _now, planned: (planned.want,))


@bug
def a_timeout_counts_as_success(patch: Patch) -> None:
    """An update of unknown outcome is taken for carried out."""
    original = push.send

    async def sent(account: Any, writes: Sequence[Any]) -> Mapping[OpId, Outcome]:  # noqa: ANN401 - handed on
        outcomes = dict(await original(account, writes))
        for write in writes:
            if isinstance(outcomes[write.op], Unknown) and isinstance(write, Update):
                record = replace(write.pre, fields={**write.pre.fields, **write.fields})
                outcomes[write.op] = Done(op=write.op, record=record)
        return outcomes

    patch.setattr(push, "send", sent)


@bug
def a_failed_write_is_forgotten(patch: Patch) -> None:
    """An entity leaves the list of what is to be done before its writes were."""
    patch.setattr(cycle, "outstanding", lambda _: False)
    original = settle.unsure

    async def undirtied(desk: Desk, op: OpRow, error: RemoteError) -> None:
        await original(desk, op, error)
        async with desk.store.transaction() as tx:
            taken = await tx.dirty.take(desk.portfolio.name)
            await tx.dirty.clear({one: at for one, at in taken.items() if one == op.entity})
            await tx.journal.mark_failed({op.id: "given up"}, desk.world.now())

    patch.setattr(push, "unsure", undirtied)


# --- merging -----------------------------------------------------------------


@bug
def the_last_edit_wins_without_a_word(patch: Patch) -> None:
    """By the clock on the wall; what lost is written down nowhere."""

    def newest(question: Question) -> Take:
        heads = sorted(question.heads, key=lambda side: str(side.link.edited))
        return Take(heads[-1].reading)

    patch.setattr(scalar, "decide", newest)
    patch.setattr(Draft, "lose", lambda *_: None)
    patch.setattr(Draft, "lose_canonical", lambda *_: None)


@bug
def losers_are_not_written_down(patch: Patch) -> None:
    """The leader wins, and nobody can ever see over what."""
    patch.setattr(commit, "_losers", lambda *_: [])


@bug
def a_conflict_is_forgotten(patch: Patch) -> None:
    """Nothing is held: who is read first is right, the others are written over."""

    def first(draft: Draft, question: Question, _why: str) -> None:
        for side in question.heads:
            side.base = Base(side.observed, side.reading)
        draft.take(question.heads[0].reading, question.heads[:1])

    patch.setattr(scalar, "freeze", first)


@bug
def labels_are_overwritten(patch: Patch) -> None:
    """A set is merged as one value: whoever edited, edited all of it."""

    def whole(draft: Draft) -> None:
        edited = [side for side in draft.established() if side.edited]
        for side in edited:
            draft.take(frozenset(members(side.reading)), [side])
            side.base = Base(side.observed, side.reading)

    patch.setattr(field, "merge_set", whole)


@bug
def texts_are_overwritten(patch: Patch) -> None:
    """A long text is merged as one value; the last edit wins."""

    def whole(draft: Draft) -> None:
        for side in draft.established():
            if side.edited:
                draft.take(side.reading, [side])
                side.base = Base(side.observed, side.reading)

    patch.setattr(field, "merge_text", whole)


@bug
def our_own_write_is_an_edit(patch: Patch) -> None:
    """What is under way is not told to the merge, which finds our value and takes it for a person's."""
    patch.setattr(load, "_pending", lambda _: {})


# --- reading -----------------------------------------------------------------


@bug
def absence_is_deletion(patch: Patch) -> None:
    """What a list does not show was deleted; nobody asks for it by id, nor for a neighbour, nor again."""
    original: Callable[..., Any] = vars(absent)["reread"]

    async def nothing_there(desk: Desk, account: Any, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:  # noqa: ANN401
        answers = await original(desk, account, refs)
        links = await desk.store.links.by_refs(list(refs))
        return {ref: NotFoundError("gone") if ref in links else answers[ref] for ref in refs}

    patch.setattr(absent, "reread", nothing_there)
    _believe_in_deletion(patch)


@bug
def a_404_is_deletion(patch: Patch) -> None:
    """What cannot be read was deleted, at the first look; that permissions come and go is no thought."""
    _believe_in_deletion(patch)


def _believe_in_deletion(patch: Patch) -> None:
    async def sure(_desk: object, _account: object, places: set[Any], _present: object) -> Mapping[Any, bool]:
        return dict.fromkeys(places, True)

    original = absent.note_missing

    async def twice(desk: Desk, account: Any, links: Sequence[Any], present: Sequence[Ref] = ()) -> int:  # noqa: ANN401
        await original(desk, account, links, present)
        return await original(desk, account, links, present)

    patch.setattr(absent, "_canaries", sure)
    patch.setattr(absent, "APART_S", 0.0)
    patch.setattr(absent, "note_missing", twice)


def _without_overlap(patch: Patch, after_ms: int = 0) -> None:
    """Let a scan of Jira begin exactly where the one before ended, or *after_ms* later."""
    original = jira_marks.make_jql

    def exact(scope: Any, since: int | None) -> str:  # noqa: ANN401 - handed on
        return original(scope, None if since is None else since + OVERLAP_MS + after_ms)

    patch.setattr(jira_scan, "make_jql", exact)


@bug
def the_cursor_runs_ahead_of_the_index(patch: Patch) -> None:
    """The next scan begins when this one began; what the index held back is passed over."""

    def ahead(self: jira_marks.Mark) -> jira_marks.Mark:
        return jira_marks.Mark(query=self.query, mark_ms=self.started_ms)

    patch.setattr(jira_marks.Mark, "done", ahead)
    _without_overlap(patch)


@bug
def equal_times_fall_between_two_scans(patch: Patch) -> None:
    """A scan begins right after the newest change it knows; what changed in the same moment is passed over."""
    _without_overlap(patch, after_ms=1000)


@bug
def a_page_is_of_when_it_was_kept(patch: Patch) -> None:
    """A backfill's page that waited while others wrote is taken for newer than what they wrote."""
    original = keep_page

    async def later(desk: Desk, account: Any, page: Any, read_at: Any, *args: Any, **named: Any) -> None:  # noqa: ANN401
        await original(desk, account, page, max(read_at, desk.world.now() + HOSTS_APART), *args, **named)

    patch.setattr(anew, "keep_page", later)


@bug
def the_cursor_is_in_the_wrong_zone(patch: Patch) -> None:
    """A bound without a zone is read in that of the account: hours later than meant, west of Greenwich."""
    original = jira_marks.make_jql

    def west(scope: Any, since: int | None) -> str:  # noqa: ANN401 - handed on
        return original(scope, None if since is None else since + 7 * 3_600_000)

    patch.setattr(jira_scan, "make_jql", west)


@bug
def an_hour_that_comes_twice_is_the_second(patch: Patch) -> None:
    """A bound is kept as the account's wall clock showed it; in the night it is put back, that is an hour too late."""
    original, zone = jira_marks.make_jql, ZoneInfo("Pacific/Auckland")

    def standard(scope: Any, since: int | None) -> str:  # noqa: ANN401 - handed on
        shown = None if since is None else datetime.fromtimestamp(since / 1000, zone).replace(fold=1)
        return original(scope, None if shown is None else int(shown.timestamp() * 1000))

    patch.setattr(jira_scan, "make_jql", standard)


@bug
def a_key_is_an_identity(patch: Patch) -> None:
    """An issue is known by its key, which is another after a move."""
    original = jira_records.issue_record

    def keyed(issue: Any, *args: Any) -> Record:  # noqa: ANN401 - handed on
        record = original(issue, *args)
        return replace(record, ref=replace(record.ref, id=record.key))

    for module in (jira_records, jira_full, jira_reads):
        patch.setattr(module, "issue_record", keyed)


@bug
def only_half_of_an_item_is_watched(patch: Patch) -> None:
    """A board's item has a time of change, which an edit of its issue does not move."""
    original = github_records.make_revision

    def half(around: Any, *, content: object = None, **named: Any) -> Revision:  # noqa: ANN401 - handed on
        del content
        return original(around, **named)

    patch.setattr(github_records, "make_revision", half)
    patch.setattr(github_scan, "make_revision", half)
    patch.setattr(github_records, "_settled", lambda revision, *_: revision)
