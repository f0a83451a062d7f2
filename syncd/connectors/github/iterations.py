"""Iterations: part of the configuration of a project's iteration fields, read as dated records, never written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zlib import crc32

from syncd.connectors.github.fields import (
    COMPLETED,
    CURRENT,
    ITERATION,
    UPCOMING,
    ProjectField,
    iteration_ref,
)
from syncd.connectors.github.project_payloads import Iteration
from syncd.connectors.github.records import FORMAT, Surroundings
from syncd.model.native import Date, Native, Record, Text
from syncd.model.refs import Ref, Revision


class Titles:
    """
    Remembers how iterations were called, so that those given a new id are known again by their title.

    GitHub may give out new ids when an admin edits the field. The memory is
    this process's own: what was renewed while nobody looked is a new record.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}
        """How each was called when first seen, by field and id: one renamed since is nobody's heir."""
        self._last: dict[tuple[str, str], str] = {}

    def trace(self, fields: Mapping[str, ProjectField]) -> Mapping[str, ProjectField]:
        """Return the fields with the successors of iterations seen before, and remember those there now."""
        return {key: replace(spec, successors=self._successors(spec)) for key, spec in fields.items()}

    def _successors(self, spec: ProjectField) -> Mapping[str, str]:
        now = {iteration.id: iteration.title.casefold() for iteration in spec.iterations}
        for iteration, title in now.items():
            self._first.setdefault((spec.id, iteration), title)
            self._last[spec.id, iteration] = title
        named = Counter(now.values())
        heirs = {
            title: iteration
            for iteration, title in now.items()
            if named[title] == 1 and self._first[spec.id, iteration] == title
        }
        former = {key: title for (field, key), title in self._last.items() if field == spec.id and key not in now}
        return {key: heirs[title] for key, title in former.items() if title in heirs}


def iteration_records(around: Surroundings, today: date) -> Sequence[Record]:
    """Return every iteration of the project as *today* sees it."""
    fields = [spec for spec in around.fields.values() if spec.iterations]
    return [
        _record(around, spec, iteration, today, alone=len(fields) == 1)
        for spec in fields
        for iteration in spec.iterations
    ]


def _record(around: Surroundings, spec: ProjectField, iteration: Iteration, today: date, *, alone: bool) -> Record:
    due_on = iteration.start_date + timedelta(days=iteration.duration - 1)
    is_over = iteration.id in spec.completed
    state = COMPLETED if is_over else CURRENT if iteration.start_date <= today else UPCOMING
    fields: dict[str, Native] = {
        "title": Text(iteration.title),
        "field": Text(spec.name),
        "start_on": Date(iteration.start_date),
        "due_on": Date(due_on),
        "completed_on": Date(due_on) if is_over else None,
        "state": state,
    }
    return Record(
        ref=iteration_ref(around.name, spec.id, iteration.id),
        type=ITERATION,
        container=around.place,
        key=iteration.title if alone else f"{spec.name}: {iteration.title}",
        revision=Revision(f"{FORMAT}/{crc32(repr(sorted(fields.items())).encode()):08x}"),
        fields=fields,
        url=around.url,
        aliases=tuple(
            iteration_ref(around.name, spec.id, former)
            for former, heir in spec.successors.items()
            if heir == iteration.id
        ),
    )


def iteration_of(records: Sequence[Record], ref: Ref) -> Record | None:
    """Return the record behind *ref*, also by a former id."""
    return next((record for record in records if ref == record.ref or ref in record.aliases), None)
