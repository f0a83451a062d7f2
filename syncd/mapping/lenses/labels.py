"""Labels: a set whose elements are told apart by their folded text."""

from __future__ import annotations

import re

from syncd.mapping.lenses.base import BaseLens
from syncd.mapping.lenses.text import clean_line
from syncd.mapping.spec import SideSpec, fold
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Choice, Choices, Missing, Native, NativeField


class LabelsLens(BaseLens):
    """
    Canonical labels in a tool's set of options.

    A label the tool has no option for, and may not make, is left out: it lies
    outside what the tool can add or remove.
    """

    def __init__(self, side: SideSpec, native: NativeField) -> None:
        super().__init__(side.name)
        self.pattern = re.compile(side.pattern) if side.pattern else None
        self.free = native.free
        self.capacity = native.capacity
        self.can_be_empty = native.can_be_empty
        self.exact = {clean_line(option.label): option for option in native.options}
        self.folded = {fold(option.label): option for option in reversed(native.options)}

    def get(self, native: Native) -> Value | Missing:
        """Return the labels as the tool spells them; of two that fold to the same text, the first in order."""
        match native:
            case None:
                return frozenset()
            case Choices(members=members):
                return frozenset(_spellings(members).values())
            case _:
                return MISSING

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the options for these labels: those there now stay, as they are spelt, while they are wanted."""
        if not isinstance(value, frozenset) or not isinstance(native_now, Choices | None):
            return CANNOT
        now = native_now.members if native_now else frozenset()
        wanted = {fold(label): clean_line(label) for label in sorted(value, reverse=True) if fold(label)}
        kept = {option for option in now if fold(option.label) in wanted or not fold(option.label)}
        there = {fold(option.label) for option in kept}
        added = [self._option(label) for key, label in sorted(wanted.items()) if key not in there]
        room = len(added) if self.capacity is None else max(0, self.capacity - len(kept))
        members = frozenset(kept) | frozenset([option for option in added if option is not None][:room])
        if members == now:
            return native_now
        return Choices(members) if members or self.can_be_empty else CANNOT

    def _option(self, label: str) -> Choice | None:
        if self.pattern is not None and not self.pattern.fullmatch(label):
            return None
        known = self.exact.get(label) or self.folded.get(fold(label))
        return known or (Choice(id=label, label=label) if self.free else None)

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether they hold the same labels but for case and white space."""
        if isinstance(a, Choices | None) and isinstance(b, Choices | None):
            return _keys(a) == _keys(b)
        return a == b


def _spellings(members: frozenset[Choice]) -> dict[str, str]:
    labels = sorted((clean_line(option.label) for option in members), reverse=True)
    return {fold(label): label for label in labels if fold(label)}


def _keys(native: Choices | None) -> frozenset[str]:
    return frozenset(_spellings(native.members)) if native else frozenset()
