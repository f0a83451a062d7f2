"""
Who wrote a comment, where the tool can only say that we did: a line of our Markdown before the text.

    ↪ Ada Example wrote in jira-pmo ([PMO-12#c3](https://...)):

It is the first block of the text, so it crosses every format by way of our
Markdown. Whatever begins like that was made by us.
"""

from __future__ import annotations

import re
from typing import Final

from syncd.richtext import normalise
from syncd.richtext.escape import escape_text
from syncd.richtext.tidy import clean_words

SIGN: Final = "↪"
LONGEST_NAME: Final = 80
"""Characters of a name or a key that are shown."""
NOBODY: Final = "Somebody"

_LINE: Final = re.compile(rf"{SIGN} \S[^\n]* wrote in [a-z][a-z0-9-]*(?: \([^\n]+\))?:")
_URL: Final = re.compile(r"https?://[^\s()<>\[\]\\]+")


def signature(author: str | None, connection: str, key: str, url: str | None) -> str:
    """
    Return the signature of *author*'s comment *key* in a connection, as one block in normal form.

    Nothing in it pings or acts. A name or a link that would not read back as
    written is left out.
    """
    for name, said in ((author, _link(key, url)), (author, ""), (None, "")):
        line = f"{SIGN} {escape_text(_words(name)) or NOBODY} wrote in {connection}{said}:"
        block = normalise(line)
        if _LINE.fullmatch(block):
            return block
    raise AssertionError(connection)  # a connection's name is letters, digits and dashes


def _link(key: str, url: str | None) -> str:
    text = escape_text(_words(key))
    if not text:
        return ""
    return f" ([{text}]({url}))" if url and _URL.fullmatch(url) else f" ({text})"


def _words(text: str | None) -> str:
    """Return *text* as a few harmless words: one line, no sign that calls anybody, not too long."""
    words = " ".join(clean_words((text or "").replace("@", " ")).split())
    return words if len(words) <= LONGEST_NAME else words[: LONGEST_NAME - 3].rstrip() + "..."


def split_signature(markdown: str) -> tuple[str, str]:
    """Return the signatures that canonical *markdown* begins with (each may be empty), and the text after them."""
    rest = markdown
    while rest.startswith(SIGN):
        line, _, after = rest.partition("\n\n")
        if not _LINE.fullmatch(line):
            break
        rest = after
    return markdown[: len(markdown) - len(rest)].rstrip("\n"), rest


def signed(sign: str, body: str) -> str:
    """Return *body* below the signature *sign*; either may be empty."""
    return "\n\n".join(each for each in (sign, body) if each)
