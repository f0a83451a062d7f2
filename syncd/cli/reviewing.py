"""`syncd match review`: one open proposal after another, answered on the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from syncd.cli.failing import DONE, HELD
from syncd.cli.match_views import surest_first, view_of
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.streams import say
from syncd.engine.desk import Desk
from syncd.engine.matching import accept_match, find_proposal, reject_match
from syncd.engine.writer import WAIT_S, writing
from syncd.errors import ConfigError
from syncd.report.questions import MatchView, match_text
from syncd.store.rows import MatchProposalRow, ProposalState

SURE: Final = 90
"""What `A` accepts: this one and everything at least so sure, in percent."""
ASKS: Final = f"[y] one item  [n] different  [s] later  [A] this and all at least {SURE} % sure  [q] stop"


@dataclass(slots=True)
class Review:
    """How a review went."""

    accepted: int = 0
    rejected: int = 0
    left: int = 0


def review(common: Common) -> int:
    """Show one proposal after another, the surest first, and carry out each answer at once."""
    return run_command(common, _review(common, input))


async def _review(common: Common, ask: Callable[[str], str]) -> int:
    told = Review()
    async with open_for(common, "Asking the tools") as desk:
        rows = surest_first(await desk.store.proposals.by_portfolio(desk.portfolio.name, ProposalState.OPEN))
        sure: int | None = None
        for index, row in enumerate(rows):
            answer = "y" if sure is not None and (row.confidence or 0) >= sure else None
            if answer is None:
                view = await view_of(desk.store, desk.portfolio.mapping, row, common)
                answer = await _answer(view, f"{index + 1} of {len(rows)}", ask)
            if answer == "q":
                told.left += len(rows) - index
                break
            if answer == "A":
                sure, answer = SURE, "y"
            await _carry_out(desk, row, answer, told)
    parts = f"{told.accepted} accepted, {told.rejected} rejected, {told.left} left. Nothing was written to any tool."
    next_ = common.command("match review" if told.left else "plan")
    data = {"accepted": told.accepted, "rejected": told.rejected, "left": told.left, "next": next_}
    emit(common, data, lambda: f"{parts}\nNext: {next_}")
    return HELD if told.left else DONE


async def _carry_out(desk: Desk, row: MatchProposalRow, answer: str, told: Review) -> None:
    """Do what was answered; the store's lease is held for that moment only, never while a person thinks."""
    if answer == "s":
        told.left += 1
        return
    try:
        async with writing(desk.store, desk.world, wait_s=WAIT_S):
            if answer == "y":
                await accept_match(desk, await find_proposal(desk, row.id), ())
                told.accepted += 1
            else:
                await reject_match(desk, await find_proposal(desk, row.id))
                told.rejected += 1
    except ConfigError as exc:
        say(f"warning: {exc}")
        told.left += 1


async def _answer(view: MatchView, where: str, ask: Callable[[str], str]) -> str:
    """Return what a person types about one proposal: y, n, s, A or q; the end of the input is q."""
    say(f"\n{where}\n{match_text(view)}")
    while True:
        say(ASKS)
        try:
            typed = (await asyncio.to_thread(ask, "")).strip()
        except EOFError:
            return "q"
        if typed in ("A", "y", "n", "s", "q"):
            return typed
        say("answer with y, n, s, A or q")
