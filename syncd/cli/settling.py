"""`syncd conflicts list|show|resolve`."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.cli.failing import DONE, FAILED, HELD
from syncd.cli.finding import tell_warnings
from syncd.cli.opening import open_for, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.plans import done_lines, missed_of
from syncd.engine.choices import Take, find_question, find_whole, leave, resolve
from syncd.engine.desk import Desk
from syncd.engine.removal import QUESTIONS
from syncd.errors import ConfigError
from syncd.model.canonical import Unset
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.titles import title_of
from syncd.report.outcome import OutcomeView, outcome_json, outcome_text
from syncd.report.questions import ConflictView, SideView, conflict_text, conflicts_text
from syncd.report.values import as_json
from syncd.store.rows import ConflictRow, EntityRow, LinkRow
from syncd.store.store import Store

OPERATOR = "the operator"


def list_conflicts(common: Common) -> int:
    """List the open conflicts."""
    return run_command(common, _list(common))


async def _list(common: Common) -> int:
    async with open_shop(common) as shop:
        views = await conflict_views(
            shop.store, shop.portfolio.name, await shop.store.conflicts.open_list(shop.portfolio.name), common
        )
    emit(common, {"conflicts": as_json(views)}, lambda: conflicts_text(views))
    return DONE


def show_conflict(common: Common, conflict: str) -> int:
    """Show one conflict, open or ended."""
    return run_command(common, _show(common, conflict))


async def _show(common: Common, conflict: str) -> int:
    async with open_shop(common) as shop:
        rows = [row for row in await shop.store.conflicts.find(conflict) if row.portfolio == shop.portfolio.name]
        if len(rows) != 1:
            what = f'"{conflict}" begins {len(rows)} conflicts' if rows else f'there is no conflict "{conflict}"'
            raise ConfigError(what, fix=f"run {common.command('conflicts list')}")
        (view,) = await conflict_views(shop.store, shop.portfolio.name, rows, common)
    emit(common, as_json(view), lambda: conflict_text(view))
    return DONE


async def conflict_views(
    store: Store, portfolio: str, rows: Sequence[ConflictRow], common: Common
) -> list[ConflictView]:
    """Return *rows* with what people call their items; no tool is asked."""
    links = await store.links.by_entities([row.entity for row in rows])
    entities = await store.entities.by_ids([row.entity for row in rows])
    titles = await store.entities.values_of(portfolio, ("title",))

    def name(text: str) -> str:
        title = titles.get(EntityId(text), {}).get("title")
        return title if isinstance(title, str) else text

    return [
        ConflictView(
            id=row.id,
            kind=entities[row.entity].kind,
            key=_key(links.get(row.entity, [])),
            title=_title(entities[row.entity], links.get(row.entity, [])),
            field=row.field,
            why=row.content.why,
            opened_at=row.opened_at,
            ended_at=row.ended_at,
            how=row.how,
            sides=_sides(row, links.get(row.entity, [])),
            next=_commands(row, common),
            names=name,
        )
        for row in rows
    ]


def _key(links: Sequence[LinkRow]) -> str:
    return min((link.key for link in links), default="")


def _title(entity: EntityRow, links: Sequence[LinkRow]) -> str:
    return title_of(entity.kind, entity.values) or _key(links)


def _sides(row: ConflictRow, links: Sequence[LinkRow]) -> list[SideView]:
    keys = {link.id: link.key for link in links}
    return [
        SideView(
            of=each.connection or "agreed",
            key=keys.get(each.link) if each.link else None,
            value=each.value,
            author=each.author,
            when=each.when,
        )
        for each in row.content.contenders
    ]


def _commands(row: ConflictRow, common: Common) -> list[str]:
    if row.ended_at is not None:
        return []
    names = dict.fromkeys(each.connection for each in row.content.contenders if each.connection)
    agreed = any(each.link is None and not isinstance(each.value, Unset) for each in row.content.contenders)
    if row.field in QUESTIONS:
        return [common.command(f"conflicts resolve {row.id} --keep")]
    choices = [*(f"--take {name}" for name in names), *(["--keep"] if agreed else []), "--value TEXT"]
    return [common.command(f"conflicts resolve {row.id} {choice}") for choice in choices]


def resolve_conflict(common: Common, name: str, *, take: str | None, keep: bool, value: str | None) -> int:
    """Settle a conflict or a question; 1 when a write failed, 3 when a tool moved meanwhile."""
    if sum((take is not None, keep, value is not None)) != 1:
        raise ConfigError(
            "say exactly one of --take, --keep and --value",
            where="conflicts resolve",
            fix=f"such as: {common.command(f'conflicts resolve {name} --take CONNECTION')}",
        )
    return run_command(common, _resolve(common, name, take, value))


async def _resolve(common: Common, name: str, take: str | None, value: str | None) -> int:
    async with open_for(common, "Writing your choice", writes=True) as desk:
        if take is not None and take not in desk.accounts:
            known = ", ".join(sorted(desk.accounts))
            raise ConfigError(f'"{take}" is not a connection of this portfolio', where="--take", fix=f"use {known}")
        if (whole := await find_whole(desk, name)) is not None:
            return await _leave(desk, whole, common, is_keeping=take is None and value is None)
        question = await find_question(desk, name)
        choice = Take(connection=ConnectionName(take) if take else None, text=value)
        cycle = await resolve(desk, question, choice, OPERATOR)
        missed = missed_of(cycle)
        view = OutcomeView(
            done=done_lines(cycle),
            missed=missed,
            compared=cycle.compared,
            connections=tuple(desk.accounts),
            next=[common.command("sync")] if missed else [],
        )
        tell_warnings(desk)
    head = f"Settled: {question.state.name} of {question.item.title}."
    emit(common, {"settled": name, **outcome_json(view)}, lambda: f"{head}\n{outcome_text(view)}")
    if any(each.failed for each in missed):
        return FAILED
    return HELD if missed else DONE


async def _leave(desk: Desk, row: ConflictRow, common: Common, *, is_keeping: bool) -> int:
    """Settle what is asked about a whole item: there is no value to take, only its records to keep as they are."""
    if not is_keeping:
        raise ConfigError(
            f'"{row.id}" is about a whole item, not about a value',
            where="conflicts resolve",
            fix=f"run {common.command(f'conflicts resolve {row.id} --keep')} to leave every tool as it is; "
            "what is to be archived, deleted or brought back, do in the tools: syncd follows",
        )
    await leave(desk, row)
    emit(common, {"settled": row.id}, lambda: f"Settled: {row.field}. Every tool keeps what it has.")
    return DONE
