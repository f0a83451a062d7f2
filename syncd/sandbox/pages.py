"""Faults of lists: a page that shows something twice, and one that leaves something out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from syncd.sandbox.faults import Exchange, Spec, fault

LISTS: Final = ("nodes", "issues", "values")
"""What tools call what is on a page."""
PAGED: Final = frozenset({"pageInfo", "isLast", "nextPageToken", "total_count"})
"""What stands beside it only where it is a page, and not an answer to ids."""


@fault("repeated")
async def _repeated(_spec: Spec, exchange: Exchange) -> Response:
    """Show the last thing of every page twice, as when something was put in before it meanwhile."""
    return _changed(await exchange.carry_out(), lambda page: page.append(page[-1]))


@fault("skipped")
async def _skipped(_spec: Spec, exchange: Exchange) -> Response:
    """Leave the last thing of every page out, as when something before it was taken out meanwhile."""
    return _changed(await exchange.carry_out(), lambda page: page.pop())


def _changed(answer: Response, change: Callable[[list[Any]], object]) -> Response:
    try:
        told = json.loads(bytes(answer.body))
    except ValueError:
        return answer
    found = [page for page in _pages(told) if page]
    for page in found:
        change(page)
    return JSONResponse(told, answer.status_code) if found else answer


def _pages(told: object) -> Iterator[list[Any]]:
    """Yield the outermost lists of an answer that are pages."""
    if isinstance(told, dict):
        mine = [told[name] for name in LISTS if isinstance(told.get(name), list)] if PAGED & told.keys() else []
        yield from mine
        for value in told.values() if not mine else ():
            yield from _pages(value)
