"""Write plain text so that Markdown reads it back as that very text."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*_\[\]<&~|]")
_ESCAPES = re.compile(
    r"""
      [\\`*~]
    | (?<![^\W_])_ | _(?![^\W_])            # an underscore inside a word is harmless
    | \[\^[\w-]+\](?![(\[:])                # a footnote's number is left alone
    | [\[\]]
    | <(?=[A-Za-z/!?])
    | &(?=\#?\w{1,32};)
    """,
    re.VERBOSE,
)
_LINE_START = re.compile(
    r"""
      (?P<digits>\d{1,9})(?P<dot>[.)])(?=\s|$)
    | (?P<mark>
          \#{1,6}(?=\s|$)
        | [-+](?=\s|$)
        | >
        | [|:](?=[-|: \t]*$)
        | -(?=[-|: \t]*$)
        | =(?==*\s*$)
      )
    """,
    re.VERBOSE,
)
_STARTERS = frozenset("#-+>|:=0123456789")


def escape_text(text: str) -> str:
    """Return *text*, which holds no line break, with every character that would act escaped."""
    if not _SPECIAL.search(text):
        return text
    return _ESCAPES.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return found if found.startswith("[^") else "\\" + found


def escape_line_start(line: str) -> str:
    r"""Return a rendered *line* of a paragraph so that it begins no heading, list, quote, table or rule."""
    if line[:1] not in _STARTERS:
        return line
    match = _LINE_START.match(line)
    if not match:
        return line
    if match["digits"]:
        return f"{match['digits']}\\{line[match.end('digits') :]}"
    return "\\" + line


def escape_cell(text: str) -> str:
    """Return rendered inline Markdown as it stands in a table cell."""
    return text.replace("|", "\\|")


def code_span(text: str) -> str:
    """Return *text*, one line and not empty, as a code span."""
    fence = "`" * (longest_run(text, "`") + 1) if "`" in text else "`"
    if text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " " and text.strip(" ")):
        return f"{fence} {text} {fence}"
    return f"{fence}{text}{fence}"


def longest_run(text: str, char: str) -> int:
    """Return how often *char* follows itself at most."""
    return max((len(run) for run in re.findall(re.escape(char) + "+", text)), default=0)


_DESTINATION = re.compile(r"[^\s()<>\\&]+")


def link_target(href: str, title: str) -> str:
    """Return what stands between the parentheses of a link or image."""
    if _DESTINATION.fullmatch(href):
        shown = href
    else:
        shown = "<" + re.sub(r"([\\<>])|&(?=#?\w{1,32};)", lambda m: "\\" + m.group(), href) + ">"
    if not title:
        return shown
    quoted = re.sub(r'(["\\])|&(?=#?\w{1,32};)', lambda m: "\\" + m.group(), title)
    return f'{shown} "{quoted}"'
