"""Whether the daemon does what it is there for, and if not, what keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from syncd.engine.vitals import PortfolioVitals, Trouble, Vitals

Why: TypeAlias = Mapping[str, str | None]

_LOOK = "see the log, and syncd status"
_WAIT = "wait: it was not read to the end yet"


def reasons(vitals: Vitals) -> list[Why]:
    """Return what keeps the daemon from being ready; nothing when it is."""
    found: list[Why] = []
    if vitals.stopping:
        found.append({"daemon": "syncd", "state": "stopping", "what": "it was told to stop", "fix": None})
    if vitals.configuration is not None:
        found.append(_why("configuration", "syncd.yaml", "refused", vitals.configuration))
    if not vitals.portfolios:
        found.append({"daemon": "syncd", "state": "starting", "what": "nothing runs yet", "fix": _LOOK})
    for name, portfolio in sorted(vitals.portfolios.items()):
        found += _of_portfolio(name, portfolio)
    return found


def _of_portfolio(name: str, portfolio: PortfolioVitals) -> Iterator[Why]:
    if portfolio.state in {"failed", "starting"}:
        yield _why("portfolio", name, portfolio.state, portfolio.trouble)
    for each, connection in sorted(portfolio.connections.items()):
        if connection.state not in {"up", "paused"}:
            yield _why("connection", each, connection.state, connection.trouble)


def _why(what: str, name: str, state: str, trouble: Trouble | None) -> Why:
    if trouble is None:
        return {what: name, "state": state, "what": None, "fix": _WAIT}
    return {what: name, "state": state, "kind": trouble.kind, "what": trouble.what, "fix": trouble.fix or _LOOK}


def for_strangers(found: list[Why]) -> list[Why]:
    """Return of what sort each is and its state, no more: the listener of the webhooks may be reached by anybody."""
    return [{"about": next(iter(why)), "state": why["state"]} for why in found]
