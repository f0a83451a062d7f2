"""A closed set of canonical values against a tool's options, by a value table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from syncd.mapping.lenses.base import BaseLens, without_option
from syncd.mapping.spec import Entry, Form, SideSpec, fold, words
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Bool, Choice, Missing, Native, NativeField, NativeType

YES, NO = Choice(id="true", label="true"), Choice(id="false", label="false")
"""How a table speaks of a yes-or-no field."""


class Table:
    """A value table, read from the tool's side: an exact label beats any label, that an id, that a category."""

    def __init__(self, values: Mapping[str, tuple[Entry, ...]]) -> None:
        self.values = values
        self.labels = _index(values, Form.LABEL, str)
        self.folded = _index(values, Form.LABEL, fold)
        self.ids = _index(values, Form.ID, str)
        self.words = _index(values, Form.WORDS, words)
        self.categories = _index(values, Form.CATEGORY, str)
        self.empty = next((name for name, entries in values.items() if _has_empty(entries)), None)

    def read(self, option: Choice) -> str | None:
        """Return the canonical value an option stands for, `None` when the table does not say."""
        found = self.labels.get(option.label) or self.folded.get(fold(option.label)) or self.ids.get(option.id)
        if found is None and option.category is not None:
            found = self.categories.get(option.category)
        return found or self.words.get(words(option.label))

    def write(self, value: str, options: Iterable[Choice]) -> Choice | None:
        """Return the option written for *value*: its first entry that exists and reads back as it."""
        offered = [option for option in options if self.read(option) == value]
        for entry in self.values.get(value, ()):
            named = [option for option in offered if _names(entry, option)]
            if named:
                alike = [option for option in named if words(option.label) == words(value)]
                exact = [option for option in named if option.label == entry.text]
                return (exact or alike or named)[0]
        return None


def _index(values: Mapping[str, tuple[Entry, ...]], form: Form, key: Callable[[str], str]) -> dict[str, str]:
    return {key(entry.text): name for name, entries in values.items() for entry in entries if entry.form is form}


def _has_empty(entries: tuple[Entry, ...]) -> bool:
    return any(entry.form is Form.EMPTY for entry in entries)


def _names(entry: Entry, option: Choice) -> bool:
    match entry.form:
        case Form.LABEL:
            return fold(option.label) == fold(entry.text)
        case Form.ID:
            return option.id == entry.text
        case Form.CATEGORY:
            return option.category == entry.text
        case Form.WORDS:
            return words(option.label) == words(entry.text)
        case Form.EMPTY:
            return False


class TableLens(BaseLens):
    """A canonical choice in a tool's single choice or yes-or-no field."""

    def __init__(self, side: SideSpec, native: NativeField) -> None:
        super().__init__(side.name)
        self.table = Table(side.values)
        self.fallback = side.fallback
        self.is_bool = native.type is NativeType.BOOL
        self.options = (YES, NO) if self.is_bool else native.options
        self.free = native.free
        self.can_be_empty = native.can_be_empty

    def get(self, native: Native) -> Value | Missing:
        """Return the canonical value of an option; `MISSING` when the table does not name it."""
        match native:
            case None:
                return self.table.empty
            case Choice():
                return self.table.read(native) or MISSING
            case Bool(value=value):
                return self.table.read(YES if value else NO) or MISSING
            case _:
                return MISSING

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the option for *value*, the one there now if it already says so, else the declared fallback's."""
        if self.get(native_now) == value:
            return native_now
        if value is None:
            return None if self.can_be_empty and self.table.empty is None else CANNOT
        seen = set()
        while isinstance(value, str) and value not in seen:
            seen.add(value)
            if self.get(native_now) == value:
                return native_now
            option = self._option(value)
            if option is not None:
                return Bool(option == YES) if self.is_bool else option
            if self.table.empty == value and self.can_be_empty:
                return None
            value = self.fallback.get(value)
        return CANNOT

    def has_word(self, value: str) -> bool:
        """Say whether an option of the field stands for *value* itself."""
        return self._option(value) is not None

    def _option(self, value: str) -> Choice | None:
        option = self.table.write(value, self.options)
        if option is None and self.free:
            labels = [
                entry.text for entry in self.table.values.get(value, ()) if entry.form in (Form.LABEL, Form.WORDS)
            ]
            option = next((Choice(id=label, label=label) for label in labels), None)
        return option

    def is_gone(self, native: Native) -> bool:
        """Say whether *native* is an option the field had, and has no more."""
        return not self.free and without_option(native, self.options)

    def why(self, native: Native) -> str:
        """Say which value the table lacks."""
        match native:
            case Choice(label=label):
                found = f'"{label}"'
            case Bool(value=value):
                found = "yes" if value else "no"
            case _:
                return super().why(native)
        return f"{found} is not in the value table of {self.name}"

    def why_cannot(self, value: Value) -> str:
        """Say which value has neither a word nor a fallback here."""
        what = f'no word for "{value}"' if value is not None else "no way to be empty"
        return f"{self.name} has {what}: add one to its value table, or a fallback"
