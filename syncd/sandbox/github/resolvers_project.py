"""Projects, their fields, items and cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from syncd.sandbox.github.context import Context
from syncd.sandbox.github.item_query import compile_query
from syncd.sandbox.github.nodes import Label, Milestone, Repository, User
from syncd.sandbox.github.nodes_project import (
    VALUE_TYPES,
    DraftIssue,
    Field,
    FieldValue,
    Iteration,
    Option,
    Project,
    ProjectItem,
)
from syncd.sandbox.github.paging import Args, Connection, by_offset
from syncd.sandbox.github.resolvers_query import Resolver
from syncd.sandbox.github.state import Refusal


@dataclass(slots=True, kw_only=True)
class Shown:
    """A cell that merely shows something of the issue; it has no id of its own."""

    field: Field
    item: ProjectItem

    @property
    def typename(self) -> str:
        """Which member of the union it is."""
        return VALUE_TYPES[self.field.data_type]


def items(owner: Project, context: Context, args: Args) -> Connection[ProjectItem]:
    """Return the items by position, *without archived ones*; `query` filters as the web page's filter box does."""
    text = str(args.get("query") or "").strip()
    if not text:
        return by_offset(owner.live, args, "items")
    wanted = compile_query(text, context.state.stamp())
    return by_offset([item for item in owner.live if wanted(item)], args, "items")


def fields(owner: Project, _context: Context, args: Args) -> Connection[Field]:
    """Return the columns by position."""
    return by_offset(list(owner.fields.values()), args, "fields")


def named_field(owner: Project, _context: Context, args: Args) -> Field | None:
    """Return a column by name, or nothing."""
    return owner.named(str(args["name"]))


def repositories(owner: Project, _context: Context, args: Args) -> Connection[Repository]:
    """Return the repositories linked to the project: all of its owner's."""
    return by_offset(list(owner.owner.repositories.values()), args, "repositories")


def content(item: ProjectItem, _context: Context, _args: Args) -> object:
    """Return what the item stands for; nothing when it is REDACTED."""
    return None if item.type == "REDACTED" else item.content


def field_values(item: ProjectItem, _context: Context, args: Args) -> Connection[FieldValue | Shown]:
    """Return the item's cells that hold something, by column."""
    return by_offset(cells(item), args, "fieldValues")


def field_value(item: ProjectItem, _context: Context, args: Args) -> FieldValue | Shown | None:
    """Return the cell in one column, or nothing when it is empty."""
    column = item.project.named(str(args["name"]))
    if column is None:
        raise Refusal("NOT_FOUND", f"Could not resolve to a ProjectV2Field with the name '{args['name']}'.")
    return next((cell for cell in cells(item) if cell.field is column), None)


def cells(item: ProjectItem) -> list[FieldValue | Shown]:
    """Return every cell that holds something; a REDACTED item shows only what belongs to the project."""
    found: list[FieldValue | Shown] = []
    values, what = item.values, None if item.type == "REDACTED" else item.content
    for column in item.project.fields.values():
        cell = values.get(column.id)
        if cell is not None:
            found.append(cell)
        elif what is not None and column.data_type in _SHOWS:
            shown = getattr(what, _SHOWS[column.data_type], None)
            if column.data_type == "TITLE":
                found.append(_title(item, column, str(shown)))
            elif shown:
                found.append(Shown(field=column, item=item))
    return found


_SHOWS = {
    "TITLE": "title",
    "LABELS": "labels",
    "ASSIGNEES": "assignees",
    "MILESTONE": "milestone",
    "REPOSITORY": "repository",
}


def _title(item: ProjectItem, column: Field, title: str) -> FieldValue:
    return FieldValue(
        id=f"PVTFTV_{item.id.removeprefix('PVTI_')}",
        database_id=item.database_id,
        created_at=item.created_at,
        updated_at=item.updated_at,
        field=column,
        item=item,
        value=title,
        creator=item.creator,
    )


def options(column: Field, _context: Context, args: Args) -> list[Option]:
    """Return the choices, all or those named."""
    names = args.get("names")
    return [one for one in column.options if not isinstance(names, list) or one.name in names]


def configuration(column: Field, context: Context, _args: Args) -> Mapping[str, object]:
    """Return the iterations, running and coming apart from those already over."""
    today = context.state.stamp()[:10]
    over = [one for one in column.iterations if _end(one) <= today]
    return {
        "iterations": [one for one in column.iterations if one not in over],
        "completedIterations": over[::-1],
        "duration": column.iterations[0].duration if column.iterations else 14,
        "startDay": date.fromisoformat(column.iterations[0].start_date).isoweekday() if column.iterations else 1,
    }


def _end(one: Iteration) -> str:
    return (date.fromisoformat(one.start_date) + timedelta(days=one.duration)).isoformat()


def part(name: str) -> Resolver:
    """Return the resolver of one property of the option or iteration a cell holds."""
    return lambda cell, _context, _args: getattr(cell.value, name)


def value(cell: FieldValue, _context: Context, _args: Args) -> object:
    """Return what a plain cell holds."""
    return cell.value


def shown_labels(cell: Shown, _context: Context, args: Args) -> Connection[Label]:
    """Return the labels of the item's issue."""
    return by_offset(list(getattr(cell.item.content, "labels", {}).values()), args, "labels")


def shown_users(cell: Shown, _context: Context, args: Args) -> Connection[User]:
    """Return the assignees of the item's issue or draft."""
    return by_offset(list(getattr(cell.item.content, "assignees", {}).values()), args, "users")


def shown_milestone(cell: Shown, _context: Context, _args: Args) -> Milestone | None:
    """Return the milestone of the item's issue."""
    what = cell.item.content
    return None if what is None or isinstance(what, DraftIssue) else what.milestone


def shown_repository(cell: Shown, _context: Context, _args: Args) -> Repository | None:
    """Return the repository of the item's issue."""
    what = cell.item.content
    return None if what is None or isinstance(what, DraftIssue) else what.repository


RESOLVERS: dict[str, Resolver] = {
    "ProjectV2.field": named_field,
    "ProjectV2.fields": fields,
    "ProjectV2.items": items,
    "ProjectV2.repositories": repositories,
    "ProjectV2.viewerCanUpdate": lambda *_: True,
    "ProjectV2Item.content": content,
    "ProjectV2Item.fieldValues": field_values,
    "ProjectV2Item.fieldValueByName": field_value,
    "ProjectV2SingleSelectField.options": options,
    "ProjectV2IterationField.configuration": configuration,
    "ProjectV2ItemFieldTextValue.text": value,
    "ProjectV2ItemFieldNumberValue.number": value,
    "ProjectV2ItemFieldDateValue.date": value,
    "ProjectV2ItemFieldSingleSelectValue.optionId": part("id"),
    "ProjectV2ItemFieldSingleSelectValue.name": part("name"),
    "ProjectV2ItemFieldSingleSelectValue.color": part("color"),
    "ProjectV2ItemFieldSingleSelectValue.description": part("description"),
    "ProjectV2ItemFieldIterationValue.iterationId": part("id"),
    "ProjectV2ItemFieldIterationValue.title": part("title"),
    "ProjectV2ItemFieldIterationValue.startDate": part("start_date"),
    "ProjectV2ItemFieldIterationValue.duration": part("duration"),
    "ProjectV2ItemFieldLabelValue.labels": shown_labels,
    "ProjectV2ItemFieldUserValue.users": shown_users,
    "ProjectV2ItemFieldMilestoneValue.milestone": shown_milestone,
    "ProjectV2ItemFieldRepositoryValue.repository": shown_repository,
}
