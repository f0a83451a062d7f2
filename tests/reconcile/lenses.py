"""Lenses of made-up tools: coarse tables, case-changing text, small sets, plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, NOT_LINKED, Cannot
from syncd.model.native import MISSING, Choice, Choices, Missing, Native, RichText, Text, TextFormat


def option(name: str) -> Choice:
    """Return a status as a tool has it."""
    return Choice(id=name, label=name)


@dataclass(frozen=True)
class TableLens:
    """A value table: several natives may mean one value, several values may be said by one native."""

    reads: Mapping[str, str]
    writes: Mapping[str, str]
    can_be_empty: bool = True

    def get(self, native: Native) -> Value | Missing:
        if native is None:
            return None
        assert isinstance(native, Choice)
        return self.reads.get(native.id, MISSING)

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        if self.get(native_now) == value:
            return native_now
        if value is None:
            return None if self.can_be_empty else CANNOT
        name = self.writes.get(str(value))
        if name is None:
            return CANNOT
        return native_now if self.get(native_now) == self.reads[name] else option(name)

    def loose(self, a: Native, b: Native) -> bool:
        return a == b


def exact(*values: str) -> TableLens:
    """Return the table of a tool that says every value in its own word."""
    return TableLens({value: value for value in values}, {value: value for value in values})


@dataclass(frozen=True)
class WordLens:
    """One line of text; *case* is what the tool does to it, *declared* whether the mapping knows."""

    case: str = "keep"
    declared: bool = False

    def get(self, native: Native) -> Value | Missing:
        assert native is None or isinstance(native, Text)
        return native.value if native else None

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        if value is None or self.get(native_now) == value:
            return native_now if value is not None else None
        text = Text(str(value))
        return self.spelled(text) if self.declared else text

    def spelled(self, text: Text) -> Text:
        """Return the text as this tool keeps it."""
        match self.case:
            case "lower":
                return Text(text.value.lower())
            case "upper":
                return Text(text.value.upper())
            case _:
                return text

    def loose(self, a: Native, b: Native) -> bool:
        if not isinstance(a, Text) or not isinstance(b, Text):
            return a is b
        return a.value.strip().casefold() == b.value.strip().casefold()


@dataclass(frozen=True)
class SetLens:
    """Labels; *domain* is what the tool can hold (`None`: anything), *capacity* how many."""

    domain: frozenset[str] | None = None
    capacity: int | None = None
    keeps: bool = True
    """Whether `put` keeps shown elements under *capacity*, as it must."""

    def get(self, native: Native) -> Value | Missing:
        if native is None:
            return frozenset()
        assert isinstance(native, Choices)
        return frozenset(choice.id for choice in native.members)

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        assert isinstance(value, frozenset)
        wanted = {element for element in value if self.domain is None or element in self.domain}
        if self.capacity is not None and len(wanted) > self.capacity:
            shown = self.get(native_now)
            assert isinstance(shown, frozenset)
            first = sorted(wanted, key=lambda element: (element not in shown if self.keeps else False, element))
            wanted = set(first[: self.capacity])
        return tags(*wanted)

    def loose(self, a: Native, b: Native) -> bool:
        return self.get(a) == self.get(b)


def tags(*names: str) -> Choices:
    """Return labels as a tool has them."""
    return Choices(frozenset(option(name) for name in names))


@dataclass(frozen=True)
class TextLens:
    """Formatted text; a *plain* tool shows no asterisks and keeps none, block by block."""

    plain: bool = False

    def get(self, native: Native) -> Value | Missing:
        assert native is None or isinstance(native, RichText)
        return native.source if native else None

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        if value is None or self.get(native_now) == value:
            return native_now if value is not None else None
        text = str(value)
        return page(text.replace("*", "") if self.plain else text)

    def loose(self, a: Native, b: Native) -> bool:
        return a == b


def page(text: str) -> RichText:
    """Return formatted text as a tool has it."""
    return RichText(TextFormat.MARKDOWN, text)


@dataclass(frozen=True)
class RefLens:
    """A reference to another entity: *linked* are those that have a link in this tool."""

    linked: set[str] = field(default_factory=set)
    outside: frozenset[str] = frozenset()
    """Targets outside the scope: there, and not ours to know."""

    def get(self, native: Native) -> Value | Missing:
        if native is None:
            return None
        assert isinstance(native, Text)
        return MISSING if native.value in self.outside else native.value

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        if value is None or self.get(native_now) == value:
            return native_now if value is not None else None
        return Text(str(value)) if value in self.linked else NOT_LINKED

    def loose(self, a: Native, b: Native) -> bool:
        return a == b
