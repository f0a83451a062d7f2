"""How people are called in running text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from syncd.richtext.tidy import clean_words

_LOGIN = re.compile(r"(?<![\w/@.`-])@([A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)(?![\w@/-])")


class Names:
    """
    One tool's user ids (ADF mentions) or logins (Markdown), and the plain names they read as.

    A name borne by several users, or empty, is only read, never written back
    as an id.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        cleaned = {key: clean_words(text).lstrip("@").strip() for key, text in texts.items()}
        self._texts = {key: text for key, text in cleaned.items() if text and "://" not in text}
        bearers = list(self._texts.values())
        self._ids = {text: key for key, text in self._texts.items() if bearers.count(text) == 1}

    def text_of(self, native_id: str) -> str | None:
        """Return the plain name of a user, without `@`."""
        return self._texts.get(native_id)

    def id_of(self, text: str) -> str | None:
        """Return the one user called *text*."""
        return self._ids.get(text)

    @cached_property
    def _spoken(self) -> re.Pattern[str] | None:
        names = sorted(self._ids, key=len, reverse=True)
        return re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, names))})(?!\w)") if names else None

    def to_names(self, text: str) -> str:
        """Return plain *text* with `@login` as `@Plain Name`."""
        if "@" not in text:
            return text
        return _LOGIN.sub(lambda match: f"@{self._texts.get(match[1], match[1])}", text)

    def to_logins(self, text: str) -> str:
        """Return plain *text* with `@Plain Name` as `@login`."""
        if "@" not in text or not self._spoken:
            return text
        return self._spoken.sub(lambda match: f"@{self._ids[match[1]]}", text)
