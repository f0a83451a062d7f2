"""What Textile's lines begin."""

from __future__ import annotations

import re
from typing import Final

STYLE: Final = r"(?:\([^\")\n]+\)|\{[^{\"}\n][^\"}\n]*\}|\[[a-z\-_]+\]){1,3}"
"""A class, style or language."""

ATTRIBUTES: Final = rf"(?:[<>=~^()\-]{{1,6}})?(?:{STYLE})?(?:[<>=~^()\-]{{1,6}})?"
"""How a block is laid out."""

PREFIX: Final = re.compile(rf"(h[1-6]|bq|p|fn\d{{1,9}})({ATTRIBUTES})\.(?::(\S+))? (?=.)", re.DOTALL)
RULE: Final = re.compile(r" ?(?:(?:- ?){3,}|(?:\* ?){3,}|(?:_ ?){3,}) *")
ITEM: Final = re.compile(rf" {{0,3}}([*#]+)({ATTRIBUTES}) (.*)")
TABLE_HEAD: Final = re.compile(rf"table(_?{ATTRIBUTES})\. ?")
ALERT: Final = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*", re.IGNORECASE)


def kind_of_line(line: str) -> str:
    """Return what a line begins, where Redmine begins it whatever stands before."""
    if line.startswith(">"):
        return "quote"
    if ITEM.fullmatch(line):
        return "list"
    if line.startswith("|") or TABLE_HEAD.fullmatch(line):
        return "table"
    return ""


def begins_something(line: str) -> bool:
    """Return whether a line of a paragraph would be read as anything else."""
    return bool(kind_of_line(line) or RULE.fullmatch(line) or PREFIX.match(line.lstrip(" ")) or ALERT.fullmatch(line))
