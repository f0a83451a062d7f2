"""
What Linear's editor makes of Markdown when it is saved.

Linear keeps a document, not the text: what comes back is that document written
out again. Which signs it prefers is not documented; these rules are plausible
(bullets as `*` are recalled, the rest is unverified), and each can be
switched, so that a connector has to cope with any of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

FENCE = re.compile(r"^\s*(```|~~~)")
BULLET = re.compile(r"^(\s*)[-+](\s+)")
UNDERSCORES = re.compile(r"(?<![\w_])_(?=\S)([^_\n]*\S)_(?![\w_])")
SNAKE = re.compile(r"(?<=\w)(?<!\\)_(?=\w)")


def _bullets(line: str) -> str:
    """Write `-` and `+` bullets as `*`."""
    return BULLET.sub(r"\1*\2", line)


def _trailing_space(line: str) -> str:
    return line.rstrip()


def _emphasis(line: str) -> str:
    """Write `_emphasis_` as `*emphasis*`."""
    return UNDERSCORES.sub(r"*\1*", line)


def _escapes(line: str) -> str:
    r"""Write `snake_case` as `snake\_case`."""
    return SNAKE.sub(r"\\_", line)


LINE_RULES: dict[str, Callable[[str], str]] = {
    "bullets": _bullets,
    "trailing_space": _trailing_space,
    "emphasis": _emphasis,
    "escapes": _escapes,
}
BLANK_LINES = "blank_lines"
"""Keep at most one blank line between two blocks."""
RULES = frozenset({*LINE_RULES, BLANK_LINES})
DEFAULT_RULES = frozenset({"bullets", "trailing_space", BLANK_LINES})


def saved(text: str, rules: Collection[str]) -> str:
    """Return *text* as it is read back: code blocks as they are, no blank lines at either end."""
    lines: list[str] = []
    in_code = False
    for line in text.replace("\r\n", "\n").split("\n"):
        fence = FENCE.match(line) is not None
        if in_code or fence:
            in_code = in_code != fence
            lines.append(line)
            continue
        for name, rule in LINE_RULES.items():
            if name in rules:
                line = rule(line)  # noqa: PLW2901 - one rule after the other
        if BLANK_LINES in rules and not line and lines and not lines[-1]:
            continue
        lines.append(line)
    return "\n".join(lines).strip("\n") if "trailing_space" in rules else "\n".join(lines)
