"""What a mapping means once its files are read and merged: plain frozen values."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from syncd.mapping.problems import Place
from syncd.model.canonical import FieldSpec, Kind, Value
from syncd.model.policy import Direction, OnDelete
from syncd.model.refs import ConnectionName


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return what is left of a text when case, Unicode form and the amount of white space do not count."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


@lru_cache(maxsize=4096)
def words(text: str) -> str:
    """Return what is left of a name when case, spaces, `_` and `-` do not count: `In Progress`, `in_progress`."""
    return re.sub(r"[\s_-]+", "", fold(text))


class Form(StrEnum):
    """How an entry of a value table names an option."""

    LABEL = "label"
    ID = "id"
    CATEGORY = "category"
    WORDS = "words"
    """By the canonical value's own name; what a field without a table goes by."""
    EMPTY = "empty"
    """The field being empty."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of a tool's words for a canonical value."""

    form: Form
    text: str
    place: Place
    stated: bool = True
    """Written in the portfolio's own mapping file, not in a tool's defaults."""

    def __str__(self) -> str:
        match self.form:
            case Form.ID | Form.CATEGORY:
                return f'"{self.form}:{self.text}"'
            case Form.EMPTY:
                return "an empty field"
            case _:
                return f'"{self.text}"'


def make_entry(text: str | None, place: Place, *, stated: bool = True) -> Entry:
    """Read one entry as the file spells it: `In Review`, `id:10001`, `category:done`, or nothing at all."""
    if text is None:
        return Entry(Form.EMPTY, "", place, stated)
    for form in (Form.ID, Form.CATEGORY):
        if text.startswith(f"{form}:"):
            return Entry(form, text.removeprefix(f"{form}:").strip(), place, stated)
    return Entry(Form.LABEL, text.strip(), place, stated)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSpec:
    """One connection's side of one canonical field."""

    connection: ConnectionName
    kind: Kind
    field: str
    spec: FieldSpec
    native: str
    """The tool's field as the file names it: a key or a label."""
    place: Place
    stated: bool
    """Named in the portfolio's own mapping file: then a tool without that field is a problem, not a shortfall."""
    direction: Direction = Direction.BOTH
    values: Mapping[str, tuple[Entry, ...]] = dataclasses.field(default_factory=dict)
    """The value table of a choice, complete; every canonical value without a word of its own is missing here."""
    fallback: Mapping[str, str] = dataclasses.field(default_factory=dict)
    currency: str | None = None
    pattern: str | None = None

    @property
    def name(self) -> str:
        """What a person calls it: `task.status for pmo`."""
        return f"{self.kind}.{self.field} for {self.connection}"


@dataclass(frozen=True, slots=True)
class Filter:
    """A test of one field of a record or an entity."""

    is_: tuple[str | None, ...] | None = None
    not_: tuple[str | None, ...] = ()
    contains: tuple[str | None, ...] | None = None

    def passes(self, held: frozenset[str]) -> bool:
        """Say whether a field holding these folded texts passes; an empty field holds none."""
        wanted, barred, inside = (_folded(each) for each in (self.is_, self.not_, self.contains))
        alone = held or frozenset({""})
        return (
            (self.is_ is None or bool(alone & wanted))
            and not alone & barred
            and (self.contains is None or any(part in text for part in inside for text in held))
        )


def _folded(texts: tuple[str | None, ...] | None) -> frozenset[str]:
    return frozenset(fold(text or "") for text in texts or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRule:
    """Make a record in *target* for an entity that lives in *source*."""

    kind: Kind
    source: ConnectionName
    target: ConnectionName
    containers: tuple[str, ...]
    """As the tool spells them; several only for milestones, one record in each."""
    record_type: str
    when: Mapping[str, Filter] = dataclasses.field(default_factory=dict)
    place: Place

    def applies(self, values: Mapping[str, Value]) -> bool:
        """Say whether an entity with these canonical values passes the rule's `when:`."""
        return all(test.passes(texts_of(values.get(name))) for name, test in self.when.items())


def texts_of(value: object) -> frozenset[str]:
    """Return the folded texts of a canonical value: one, several for a set, none when empty."""
    match value:
        case None:
            return frozenset()
        case frozenset():
            return frozenset(fold(str(each)) for each in value)
        case bool():
            return frozenset({str(value).lower()})
        case _:
            return frozenset({fold(str(value))})


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRule:
    """How records are recognised as one: equal canonical *fields*, or *field* of *connection* naming one of *names*."""

    fields: tuple[str, ...] = ()
    connection: ConnectionName | None = None
    field: str | None = None
    names: ConnectionName | None = None
    by: str = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """How comments we made follow their originals."""

    any_edits: bool = False
    """An edit of a copy counts like one of the original; otherwise it is put back."""
    mark_deleted: bool = False
    """Copies of a comment that was deleted at its origin say so, instead of staying as they are."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is done elsewhere about an item of one kind that was deleted in one tool."""

    do: OnDelete
    close_as: str | None
    """The canonical status that stands for archived in tools without an archive for it."""
    place: Place


@dataclass(frozen=True, slots=True)
class Fallback:
    """What a connection shows for a canonical value it has no word for; `None`: nothing, the value is not written."""

    side: str
    value: str
    shows: str | None

    def __str__(self) -> str:
        if self.shows is None:
            return f"{self.side}: {self.value} has no word there and is not written"
        return f"{self.side}: {self.value} is shown as {self.shows}"
