"""
Write plain text so that Textile reads it back as that very text.

By character entities, which Redmine shows as the characters, and at the start
of a line by a word joiner, which nobody sees.
"""

from __future__ import annotations

import re
from typing import Final

from syncd.richtext.textile.lines import begins_something
from syncd.richtext.tidy import JOINER

_ACTS: Final = r"""
      &(?=\#?\w{1,32};)
    | <(?=/?(?:pre|code|kbd|notextile)\b|!--)
    | (?<![^\W_])@ | @(?=\W|$)
    | "(?=:) | "(?=[^":\n]*":)
    | (?:(?<=\s)|^)==
    | (?<=\w)\[(?=\d)
    | [{\[](?=[{\[])
    | (?<=[A-Z][A-Z0-9])\((?=[^)\n]{0,500}\))          # an abbreviation
"""
_SIGN: Final = r"(?:(?<=[\s(>*_+^~%?-])|^)(?P<sign>[*_+^~%-]|\?\?)"
_PICTURE: Final = r"(?:(?<=[\s>])|^)!"
_OPENS: Final = rf"{_SIGN}(?=\S)|{_PICTURE}(?=\S)"
_OPENS_AND_CLOSES: Final = rf"{_SIGN}(?=\S[^\n]{{0,2000}}(?P=sign))|{_PICTURE}(?=\S[^\n]{{0,2000}}!)"
_CAREFUL = re.compile(f"{_ACTS}|{_OPENS}", re.VERBOSE)
_LIGHT = re.compile(f"{_ACTS}|{_OPENS_AND_CLOSES}", re.VERBOSE)
_ENTITIES: Final = {char: f"&#{ord(char)};" for char in "@*_+^~%-?!=[{("} | {"&": "&amp;", "<": "&lt;", '"': "&quot;"}


def escape_text(text: str, *, careful: bool = True) -> str:
    """Return *text* with what would act as entities; if *careful*, with all that could act with other text around."""
    acts = _CAREFUL if careful else _LIGHT
    return acts.sub(lambda match: "".join(_ENTITIES[char] for char in match.group()), text)


def escape_start(line: str) -> str:
    """Return a rendered *line* so that it begins no heading, list, quote, table or rule."""
    return JOINER + line if begins_something(line) else line


def may_open(before: str, *, is_inside: bool) -> bool:
    """Return whether a sign that marks text may stand after *before*."""
    return not before or before[-1].isspace() or before[-1] == "(" or (is_inside and before in "*_-+~^")
