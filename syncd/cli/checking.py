"""`syncd check`: the files, and with --online every tool."""

from __future__ import annotations

from collections.abc import Iterable

from syncd.cli.failing import DONE, FAILED, USAGE, warn
from syncd.cli.opening import choose_portfolio, load_settings, open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.engine.desk import Account, Desk
from syncd.engine.open import problems
from syncd.errors import RemoteError
from syncd.mapping.compiled import CompiledMapping
from syncd.report.checked import CheckView, ConnectionCheck, check_text
from syncd.report.values import as_json
from syncd.settings.load import Connection


def check(common: Common, *, online: bool) -> int:
    """Check everything; 2 when the configuration has a problem, 1 when a tool did not answer."""
    return run_command(common, _check(common, online=online))


async def _check(common: Common, *, online: bool) -> int:
    settings = load_settings(common)
    for warning in settings.warnings:
        warn(warning)
    if common.portfolio is None and len(settings.portfolios) > 1 and not online:
        names = sorted(settings.portfolios)
    else:
        names = [choose_portfolio(settings, common.portfolio).name]
    views = []
    for name in names:
        if online:
            views.append(await _online(common))
        else:
            portfolio = settings.portfolios[name]
            views.append(
                CheckView(
                    folder=str(common.folder),
                    portfolio=name,
                    connections=[_line(settings.connections[each], None, None) for each in portfolio.connections],
                    fallbacks=_fallbacks(portfolio.mapping),
                    next=[common.command("check --online")],
                )
            )
    data = [as_json(view) for view in views]
    emit(common, {"portfolios": data}, lambda: "\n\n".join(check_text(view) for view in views))
    if any(view.problems for view in views):
        return USAGE
    return DONE if all(view.is_fine for view in views) else FAILED


async def _online(common: Common) -> CheckView:
    async with open_for(common, "Asking the tools") as desk:
        lines = [await _asked(account) for account in desk.accounts.values()]
        found = [str(each) for each in problems(desk)]
        return CheckView(
            folder=str(common.folder),
            portfolio=desk.portfolio.name,
            connections=lines,
            fallbacks=_fallbacks(desk.mapping),
            problems=found,
            people=list(_unmatched(desk)),
            next=[] if found or any(each.answer != "ok" for each in lines) else [common.command("plan")],
        )


async def _asked(account: Account) -> ConnectionCheck:
    try:
        await account.connector.check()
    except RemoteError as exc:
        return _line(account.connection, exc.what, exc.fix)
    if account.error is not None:
        return _line(account.connection, account.error.what, account.error.fix)
    return _line(account.connection, "ok", None)


def _line(connection: Connection, answer: str | None, fix: str | None) -> ConnectionCheck:
    mode = "write" if connection.writes else "observe"
    return ConnectionCheck(name=connection.name, tool=connection.tool, mode=mode, answer=answer, fix=fix)


def _fallbacks(mapping: CompiledMapping) -> list[str]:
    return [str(each) for each in mapping.explain_fallbacks()]


def _unmatched(desk: Desk) -> Iterable[str]:
    """Yield the handles of the people file that no user of the tool answers to."""
    for name, account in desk.accounts.items():
        if account.error is None:
            for handle in desk.people.handles(name):
                yield f'{name}: "{handle}" (correct the {name} column of the people file)'
