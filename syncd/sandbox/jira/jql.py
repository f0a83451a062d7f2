"""
A small real JQL: parsed into a tree, refused with Jira's 400 where it says something this site does not know.

`project in (PMO, ENG) AND updated >= 1732877091000 AND labels = x ORDER BY updated ASC, key`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from syncd.sandbox.jira.problems import JiraProblem

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<op>!=|!~|>=|<=|=|~|>|<)
    | (?P<punct>[(),])
    | (?P<word>[^\s()",'=<>!~]+)
    | (?P<bang>!)
    )""",
    re.VERBOSE,
)
_COMPARE: Final = frozenset({"=", "!=", ">", "<", ">=", "<=", "~", "!~"})
RESERVED: Final = frozenset({"and", "or", "not", "in", "is", "order", "by", "empty", "null", "was", "changed"})


@dataclass(frozen=True, slots=True)
class Word:
    """A literal; *quoted* ones are never functions or EMPTY."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A call such as `currentUser()`."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """`EMPTY` or `NULL`."""


Operand: TypeAlias = Word | Function | Empty


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; *operator* is one of the comparing ones, `in`, `not in`, `is`, `is not`."""

    field: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of *parts* hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of *parts* holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """*part* does not hold."""

    part: Node


Node: TypeAlias = Clause | Both | Either | Not


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; *where* is `None` when it only orders; *order* is field and whether descending."""

    where: Node | None
    order: tuple[tuple[str, bool], ...] = ()


def parse_jql(text: str) -> Query:
    """Return the parsed query, or raise Jira's 400."""
    return _Parser(list(_tokens(text))).query()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _syntax(
                f"The character '{text[at:].lstrip()[:1]}' is not expected here. (line 1, character {at + 1})"
            )
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


def _syntax(text: str) -> JiraProblem:
    return JiraProblem(400, f"Error in the JQL Query: {text}")


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        where = None if self._peek_word("order") or self._done else self._either()
        order = self._order() if self._peek_word("order") else ()
        if not self._done:
            raise _syntax(f"Expecting either 'OR' or 'AND' but got '{self._tokens[self._at][1]}'.")
        return Query(where, order)

    @property
    def _done(self) -> bool:
        return self._at >= len(self._tokens)

    def _peek_word(self, *words: str) -> bool:
        kind, text = self._tokens[self._at] if not self._done else ("", "")
        return kind == "word" and text.casefold() in words

    def _peek(self, kind: str, text: str = "") -> bool:
        found = self._tokens[self._at] if not self._done else ("", "")
        return found[0] == kind and text in {"", found[1]}

    def _next(self, wanted: str) -> tuple[str, str]:
        if self._done:
            raise _syntax(f"Expecting {wanted} but reached the end of the query.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take_word(self, *words: str) -> bool:
        if self._peek_word(*words):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        _, found = self._next(f"'{text}'")
        if found.casefold() != text:
            raise _syntax(f"Expecting '{text}' but got '{found}'.")

    def _either(self) -> Node:
        parts = [self._both()]
        while self._take_word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._unary()]
        while self._take_word("and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _unary(self) -> Node:
        if self._peek("bang"):
            self._at += 1
            return Not(self._unary())
        if self._take_word("not"):
            return Not(self._unary())
        if self._peek("punct", "("):
            self._at += 1
            inner = self._either()
            self._expect(")")
            return inner
        return self._clause()

    def _clause(self) -> Clause:
        kind, field = self._next("a field name")
        if kind not in {"word", "string"} or (kind == "word" and field.casefold() in RESERVED):
            raise _syntax(f"Expecting a field name but got '{field}'.")
        name = _unquoted(field).casefold() if kind == "string" else field.casefold()
        if self._take_word("in"):
            return Clause(name, "in", self._list())
        if self._take_word("not"):
            self._expect("in")
            return Clause(name, "not in", self._list())
        if self._take_word("is"):
            operator = "is not" if self._take_word("not") else "is"
            return Clause(name, operator, (self._operand(),))
        kind, operator = self._next("an operator")
        if kind != "op" or operator not in _COMPARE:
            raise _syntax(f"Expecting operator but got '{operator}'. The valid operators are '=', '!=', '<', '>', …")
        return Clause(name, operator, (self._operand(),))

    def _list(self) -> tuple[Operand, ...]:
        if not self._peek("punct", "("):
            return (self._operand(),)
        self._at += 1
        members = [self._operand()]
        while self._peek("punct", ","):
            self._at += 1
            members.append(self._operand())
        self._expect(")")
        return tuple(members)

    def _operand(self) -> Operand:
        kind, text = self._next("a value")
        if kind == "string":
            return Word(_unquoted(text), quoted=True)
        if kind != "word":
            raise _syntax(f"Expecting either a value, list or function but got '{text}'.")
        if text.casefold() in {"empty", "null"}:
            return Empty()
        if self._peek("punct", "("):
            return Function(text.casefold(), self._arguments())
        if text.casefold() in RESERVED:
            raise _syntax(f"'{text}' is a reserved JQL word. You must surround it in quotation marks to use it.")
        return Word(text)

    def _arguments(self) -> tuple[str, ...]:
        self._expect("(")
        found = []
        while not self._peek("punct", ")"):
            _, text = self._next("')'")
            if text != ",":
                found.append(_unquoted(text))
        self._expect(")")
        return tuple(found)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._expect("order")
        self._expect("by")
        found = []
        while True:
            _, field = self._next("a field name")
            descending = self._take_word("desc")
            if not descending:
                self._take_word("asc")
            found.append((_unquoted(field).casefold(), descending))
            if not self._peek("punct", ","):
                return tuple(found)
            self._at += 1


def _unquoted(text: str) -> str:
    if text[:1] in {'"', "'"}:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
