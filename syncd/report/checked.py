"""What `syncd check` found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.report.table import columns, count, section


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCheck:
    """One connection, asked or only read from the files."""

    name: str
    tool: str
    mode: str
    answer: str | None
    """`ok`, or what is wrong; `None` when it was not asked."""
    fix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """Everything `syncd check` shows besides problems in the files, which are errors."""

    folder: str
    portfolio: str
    connections: Sequence[ConnectionCheck]
    fallbacks: Sequence[str] = ()
    problems: Sequence[str] = ()
    """What the mapping asks for and a tool, as it is now, does not have."""
    people: Sequence[str] = ()
    """Handles of the people file that nobody answers to."""
    next: Sequence[str] = ()

    @property
    def is_fine(self) -> bool:
        """Whether nothing has to be changed."""
        return not self.problems and all(each.answer in (None, "ok") for each in self.connections)


def check_text(view: CheckView) -> str:
    """Return what was checked and found."""
    rows = [(each.name, each.tool, each.mode, _answer(each)) for each in view.connections]
    parts = [f"Portfolio {view.portfolio} in {view.folder}: the files are fine.", columns(rows)]
    parts += section("In force where a tool lacks a word:", [f"  {each}" for each in view.fallbacks])
    parts += section("The mapping and the tools differ:", [f"  {_indented(each)}" for each in view.problems])
    parts += section("People nobody answers to:", [f"  {each}" for each in view.people])
    wrong = len(view.problems) + sum(each.answer not in (None, "ok") for each in view.connections)
    parts += ["", f"{count(wrong, 'problem')} found." if wrong else "No problem found."]
    return "\n".join([*parts, *(f"Next: {command}" for command in view.next)])


def _answer(each: ConnectionCheck) -> str:
    if each.answer is None:
        return "not asked"
    return f"{each.answer}\n      fix: {each.fix}" if each.fix else each.answer


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
