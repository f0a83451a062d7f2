"""The commands that come in groups: `syncd sandbox ...`, `match`, `conflicts`, `quarantine`, `store` and others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from syncd.cli.folder import DEFAULT_FOLDER
from syncd.cli.options import AsJson, Common, Folder, PortfolioName, Verbose


def _group(text: str, *, alone: bool = False) -> typer.Typer:
    """Return a group of commands; *alone* it may be called without one."""
    return typer.Typer(help=text, no_args_is_help=True, invoke_without_command=alone, rich_markup_mode=None)


sandbox = _group("Local stand-ins of the tools, to play with.")
match = _group("Records that may be one item: list, suggest, review, accept, reject, or link by a table.", alone=True)
conflicts = _group("Fields held for a person: list, show or resolve.")
quarantine = _group("Items set aside so the rest flow: list or retry.")
store = _group("The database that syncd keeps what it knows in: migrate, copy, back up, restore or check.")
connection = _group("A configured account of a tool: rename it.")
config = _group("What the configuration files may say.")
notify = _group("Whom syncd tells when it needs a person.")

Url: TypeAlias = Annotated[
    str, typer.Option("--url", envvar="SYNCD_SANDBOX", metavar="URL", help="Where the sandbox answers, as it printed.")
]
ToolName: TypeAlias = Annotated[str, typer.Argument(metavar="TOOL", help="jira, github, linear or redmine.")]
Key: TypeAlias = Annotated[str, typer.Argument(metavar="KEY", help="The item as its people call it, such as PMO-12.")]


@sandbox.command("serve")
def sandbox_serve(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[TOOL]...", help="Which stand-ins; without any, those of --tools.")
    ] = None,
    *,
    tools: Annotated[str, typer.Option("--tools", help="Which stand-ins, with commas.")] = "jira,github",
    items: Annotated[int | None, typer.Option("--items", min=0, help="How many tasks to begin with.")] = None,
    latency_ms: Annotated[float, typer.Option("--latency-ms", min=0, help="Wait before every answer.")] = 0,
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="SPEC", help="Such as jira:429:count=3.")
    ] = None,
    hooks: Annotated[
        list[str] | None,
        typer.Option("--hooks", metavar="TOOL=URL", help="Send that tool's signed webhooks there, for every edit."),
    ] = None,
) -> None:
    """Serve stand-ins on loopback until stopped, and print their URLs and credentials as JSON."""
    from syncd.cli.playing import serve_sandbox

    which = ",".join(names or ()) or tools
    raise typer.Exit(
        serve_sandbox(which, items=items, latency_ms=latency_ms, port=port, faults=fault or [], hooks=hooks or [])
    )


@sandbox.command("set")
def sandbox_set(
    tool: ToolName,
    key: Key,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The tool's own field.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Text, or JSON for numbers, lists and null.")],
    *,
    url: Url,
    by: Annotated[str | None, typer.Option("--by", help="Who edits; the admin if not given.")] = None,
) -> None:
    """Edit one field of one item as a person would."""
    from syncd.cli.playing import set_field

    raise typer.Exit(set_field(url, tool, key, field, value, by=by))


@sandbox.command("show")
def sandbox_show(
    tool: ToolName,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="One item; all of them if not given.")] = None,
    *,
    url: Url,
) -> None:
    """Show one item, or a summary of all."""
    from syncd.cli.playing import show_item

    raise typer.Exit(show_item(url, tool, key))


@sandbox.command("log")
def sandbox_log(
    tool: ToolName,
    *,
    since: Annotated[int, typer.Option("--since", min=0, help="Leave out the first so many requests.")] = 0,
    url: Url,
) -> None:
    """Show the requests a stand-in has answered."""
    from syncd.cli.playing import show_log

    raise typer.Exit(show_log(url, tool, since=since))


Percent: TypeAlias = Annotated[
    int | None, typer.Option("--at-least", min=1, max=99, metavar="PERCENT", help="The least confidence.")
]


@match.callback()
def match_all(
    context: typer.Context,
    table: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A CSV table: a column for each connection.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look everything up, link nothing.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Say which records are one item: by a table, or proposal by proposal."""
    if context.invoked_subcommand is not None:
        if table is not None:
            raise typer.BadParameter("--from stands alone, without a command")
        return
    if table is None:
        raise typer.BadParameter("name a command, or a table with --from FILE")
    from syncd.cli.matching import pair

    common = Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)
    raise typer.Exit(pair(common, table, dry_run=dry_run))


@match.command("suggest")
def match_suggest(
    *,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="initiative, milestone or task.")] = None,
    at_least: Percent = None,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Look for items that may be one by title, dates and people; links nothing."""
    from syncd.cli.matching import suggest

    common = Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)
    raise typer.Exit(suggest(common, kind, at_least))


@match.command("review")
def match_review(
    *, folder: Folder = DEFAULT_FOLDER, portfolio: PortfolioName = None, as_json: AsJson = False, verbose: Verbose = 0
) -> None:
    """Go through the open proposals, the surest first, and answer each."""
    from syncd.cli.reviewing import review

    raise typer.Exit(review(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)))


@match.command("list")
def match_list(
    *, folder: Folder = DEFAULT_FOLDER, portfolio: PortfolioName = None, as_json: AsJson = False, verbose: Verbose = 0
) -> None:
    """List records that may be one item."""
    from syncd.cli.matching import list_matches

    raise typer.Exit(list_matches(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)))


@match.command("accept")
def match_accept(
    proposal: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Those that belong together.")] = None,
    *,
    at_least: Percent = None,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Say that these records are one item, or accept every proposal that is at least so sure."""
    from syncd.cli.matching import accept

    common = Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)
    raise typer.Exit(accept(common, proposal, keys or [], at_least))


@match.command("reject")
def match_reject(
    proposal: Annotated[str, typer.Argument(metavar="ID")],
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Say that these records are items of their own."""
    from syncd.cli.matching import reject

    raise typer.Exit(reject(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose), proposal))


@conflicts.command("list")
def conflicts_list(
    *, folder: Folder = DEFAULT_FOLDER, portfolio: PortfolioName = None, as_json: AsJson = False, verbose: Verbose = 0
) -> None:
    """List the fields held for a person."""
    from syncd.cli.settling import list_conflicts

    raise typer.Exit(list_conflicts(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)))


@conflicts.command("show")
def conflicts_show(
    conflict: Annotated[str, typer.Argument(metavar="ID")],
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Show one conflict: who holds what, since when, and how to settle it."""
    from syncd.cli.settling import show_conflict

    raise typer.Exit(show_conflict(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose), conflict))


@conflicts.command("resolve")
def conflicts_resolve(
    question: Annotated[str, typer.Argument(metavar="ID|KEY.FIELD")],
    *,
    take: Annotated[str | None, typer.Option("--take", metavar="CONNECTION", help="Its value wins.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="The value agreed before stays.")] = False,
    value: Annotated[str | None, typer.Option("--value", metavar="TEXT", help="Another value; empty for none.")] = None,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Settle a conflict or a question, and write the value where it is due."""
    from syncd.cli.settling import resolve_conflict

    common = Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)
    raise typer.Exit(resolve_conflict(common, question, take=take, keep=keep, value=value))


@quarantine.command("list")
def quarantine_list(
    *, folder: Folder = DEFAULT_FOLDER, portfolio: PortfolioName = None, as_json: AsJson = False, verbose: Verbose = 0
) -> None:
    """List what was set aside, and why."""
    from syncd.cli.aside import list_quarantine

    raise typer.Exit(list_quarantine(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose)))


@quarantine.command("retry")
def quarantine_retry(
    name: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="A key or a ref; everything if not given.")
    ] = None,
    *,
    folder: Folder = DEFAULT_FOLDER,
    portfolio: PortfolioName = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Let what was set aside flow again with the next sync."""
    from syncd.cli.aside import retry_quarantine

    raise typer.Exit(retry_quarantine(Common(folder=folder, portfolio=portfolio, json=as_json, verbose=verbose), name))


@store.command("migrate")
def store_migrate(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Bring the store's tables up to date, as every command does that opens it."""
    from syncd.cli.storing import migrate_store

    raise typer.Exit(migrate_store(Common(folder=folder, json=as_json, verbose=verbose), dry_run=dry_run))


@store.command("copy")
def store_copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="As in syncd.yaml, or env:NAME for a URL in NAME.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty database, named likewise.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Carry a store into another database, SQLite or PostgreSQL, and prove that all of it arrived."""
    from syncd.cli.storing import copy_between

    raise typer.Exit(copy_between(Common(folder=folder, json=as_json, verbose=verbose), source, target))


File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="A path, from the current folder.")]


@store.command("backup")
def store_backup(file: File, *, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False, verbose: Verbose = 0) -> None:
    """Copy the store into a new SQLite file, also while a daemon runs, and prove that all of it arrived."""
    from syncd.cli.keeping import back_up_store

    raise typer.Exit(back_up_store(Common(folder=folder, json=as_json, verbose=verbose), file))


@store.command("restore")
def store_restore(
    file: File, *, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False, verbose: Verbose = 0
) -> None:
    """Put a backup in place of the store; the next sync reads everything anew before it writes."""
    from syncd.cli.keeping import restore_store

    raise typer.Exit(restore_store(Common(folder=folder, json=as_json, verbose=verbose), file))


@store.command("check")
def store_check(*, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False, verbose: Verbose = 0) -> None:
    """Look through the whole store: its file, every row, what rows say of each other, the audit trail."""
    from syncd.cli.keeping import check_whole

    raise typer.Exit(check_whole(Common(folder=folder, json=as_json, verbose=verbose)))


@config.command("schema")
def config_schema(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="syncd.yaml or mapping.yaml; both if not given.")
    ] = None,
) -> None:
    """Print the JSON schema of the configuration files, for editors."""
    from syncd.cli.setup import print_schema

    raise typer.Exit(print_schema(file))


@connection.command("rename")
def connection_rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="As it is called in syncd.yaml.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="As it is to be called.")],
    *,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Call a connection by another name, in the store and in the configuration; with the daemon stopped."""
    from syncd.cli.connecting import rename

    raise typer.Exit(rename(Common(folder=folder, json=as_json, verbose=verbose), old, new))


@notify.command("test")
def notify_test(folder: Folder = DEFAULT_FOLDER, *, as_json: AsJson = False, verbose: Verbose = 0) -> None:
    """Send one test message to each target, and say what happened."""
    from syncd.cli.notifying import try_targets

    raise typer.Exit(try_targets(Common(folder=folder, json=as_json, verbose=verbose)))
