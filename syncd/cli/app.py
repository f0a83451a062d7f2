"""Every command with its arguments. Nothing here imports what a command does before it is called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from syncd.cli import groups
from syncd.cli.folder import DEFAULT_FOLDER
from syncd.cli.health import VARIABLE
from syncd.cli.options import AsJson, Common, Folder, PortfolioName, Verbose

app = typer.Typer(
    name="syncd",
    help="Keeps Jira, GitHub Projects, Redmine and roadmap tools telling one story, field by field, safely.",
    epilog="Exit codes: 0 done, 1 failed and may be retried, 2 wrong usage or configuration, 3 held for a person.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(groups.sandbox, name="sandbox")
app.add_typer(groups.match, name="match")
app.add_typer(groups.conflicts, name="conflicts")
app.add_typer(groups.quarantine, name="quarantine")
app.add_typer(groups.store, name="store")
app.add_typer(groups.connection, name="connection")
app.add_typer(groups.config, name="config")
app.add_typer(groups.notify, name="notify")


def _common(folder: Path, portfolio: str | None, as_json: bool, verbose: int) -> Common:  # noqa: FBT001 - as typed
    return Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when all is quiet, instead of going on.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Show the main job in an embedded sandbox: drift, a plan, a conflict, agreement."""
    from syncd.cli.demo import run_demo

    raise typer.Exit(run_demo(once=once, verbose=verbose))


@app.command()
def init(folder: Folder = DEFAULT_FOLDER) -> None:
    """Write a commented starter configuration."""
    from syncd.cli.setup import write_starter

    raise typer.Exit(write_starter(folder))


@app.command()
def check(
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    online: Annotated[bool, typer.Option("--online", help="Ask every tool, too.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Check the configuration: every problem in one go."""
    from syncd.cli.checking import check as run

    raise typer.Exit(run(_common(folder, portfolio, as_json, verbose), online=online))


@app.command()
def plan(
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every line, however many.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Show what would be written where. Writes nothing."""
    from syncd.cli.plans import show_plan

    raise typer.Exit(show_plan(_common(folder, portfolio, as_json, verbose), everything=everything))


@app.command()
def apply(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="The id that syncd plan printed.")],
    *,
    approve: Annotated[bool, typer.Option("--approve", help="Let a plan pass that a brake refused.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Carry out exactly what a plan showed; what moved since is skipped and listed."""
    from syncd.cli.plans import apply_plan

    raise typer.Exit(apply_plan(_common(folder, portfolio, as_json, verbose), plan_id, approve=approve))


@app.command()
def sync(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]...", help="Only these items, read anew in every tool.")
    ] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Decide about every item, changed or not.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Read every tool once and write what needs no approval, within the brakes."""
    from syncd.cli.plans import sync_named, sync_once

    if names and full:
        raise typer.BadParameter("--full looks at every item: name none")
    if names:
        raise typer.Exit(sync_named(_common(folder, portfolio, as_json, verbose), names))
    raise typer.Exit(sync_once(_common(folder, portfolio, as_json, verbose), full=full))


@app.command()
def backfill(
    portfolio: Annotated[str, typer.Argument(metavar="PORTFOLIO", help="Which portfolio.")],
    *,
    since: Annotated[datetime | None, typer.Option("--since", help="Read anew only what changed since (UTC).")] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="NAME", help="Read only this connection anew.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done, and keep it as a plan.")
    ] = False,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="Carry out exactly this plan; nothing is read anew.")
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Let a plan pass that a brake refused.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Read everything anew, link it and write what is due; started again, it goes on where it was."""
    from syncd.cli.backfilling import Wanted, run_backfill

    if plan is not None and (dry_run or since or connection):
        raise typer.BadParameter("--plan reads nothing anew: leave --since, --connection and --dry-run out")
    if approve and plan is None:
        raise typer.BadParameter("--approve needs the --plan that you looked at")
    wanted = Wanted(since=since, connection=connection, plan=plan, approve=approve, dry_run=dry_run)
    raise typer.Exit(run_backfill(_common(folder, portfolio, as_json, verbose), wanted))


@app.command()
def run(folder: Folder = DEFAULT_FOLDER, portfolio: PortfolioName = None, verbose: Verbose = 0) -> None:
    """Keep on syncing until told to stop; a write under way is finished first."""
    from syncd.cli.daemon import run_daemon

    raise typer.Exit(run_daemon(_common(folder, portfolio, as_json=False, verbose=verbose)))


@app.command()
def health(
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            envvar=VARIABLE,
            metavar="URL",
            help="Where the daemon tells of its health; by default, by `listen`.",
        ),
    ] = None,
) -> None:
    """Ask a running daemon whether it is well: exit code 0 if so, else 1."""
    from syncd.cli.health import ask_health, own_url

    raise typer.Exit(ask_health(url or own_url()))


@app.command()
def verify(
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Compare all tools and list every difference. Writes nothing; exit code 0 means that they agree."""
    from syncd.cli.verifying import verify_tools

    raise typer.Exit(verify_tools(_common(folder, portfolio, as_json, verbose)))


@app.command()
def status(
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Show how things stand, from what syncd last saw; no tool is asked."""
    from syncd.cli.standing import show_status

    raise typer.Exit(show_status(_common(folder, portfolio, as_json, verbose)))


Paused: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="CONNECTION|PORTFOLIO|REF", help="By name, or portfolio:NAME, connection:NAME; or an item."),
]


@app.command()
def pause(
    name: Paused,
    *,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Told by status until it goes on.")] = None,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Leave a connection, a portfolio or one item alone for a while; what changes meanwhile is kept."""
    from syncd.cli.pausing import pause_named

    raise typer.Exit(pause_named(_common(folder, portfolio, as_json, verbose), name, why))


@app.command()
def resume(
    name: Paused,
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Go on with what was paused: all that changed meanwhile is read and merged."""
    from syncd.cli.pausing import resume_named

    raise typer.Exit(resume_named(_common(folder, portfolio, as_json, verbose), name))


@app.command()
def unlink(
    name: Annotated[str, typer.Argument(metavar="REF", help="One record, by its key (PMO-12) or its ref.")],
    *,
    clean: Annotated[bool, typer.Option("--clean", help="Take syncd's marker and links off it, too.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Part one record from its item for good. Nothing is deleted, and nothing is made in its place."""
    from syncd.cli.unlinking import unlink_record

    raise typer.Exit(unlink_record(_common(folder, portfolio, as_json, verbose), name, clean=clean))


@app.command()
def undo(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, as syncd log shows it.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be restored.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Take back what one run wrote, wherever the tool still holds it."""
    from syncd.cli.undoing import undo_run

    raise typer.Exit(undo_run(_common(folder, portfolio, as_json, verbose), run, dry_run=dry_run))


@app.command()
def log(
    name: Annotated[str | None, typer.Argument(metavar="[REF]", help="One item only, by key, ref or title.")] = None,
    *,
    runs: Annotated[int, typer.Option("--runs", min=1, help="How many runs to show.")] = 20,
    check: Annotated[bool, typer.Option("--check", help="Prove that no row was changed, added or lost.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Show what was written where, run by run, the newest first."""
    from syncd.cli.trail import check_log, show_log

    if check and name is not None:
        raise typer.BadParameter("--check looks at the whole trail: name no item")
    if check:
        raise typer.Exit(check_log(_common(folder, portfolio, as_json, verbose)))
    raise typer.Exit(show_log(_common(folder, portfolio, as_json, verbose), name, runs=runs))


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="REF", help="A key (PMO-12), an id, a ref or an exact title.")],
    field: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="One field only.")] = None,
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Show where an item's values came from, and what each tool holds."""
    from syncd.cli.explaining import explain_item

    raise typer.Exit(explain_item(_common(folder, portfolio, as_json, verbose), name, field))
