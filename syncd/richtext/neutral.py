"""
Keep pushed text from acting: no pings, no links to numbers, no closing words, no commands.

An invisible word joiner (U+2060) goes between the sign and what it would act
on. Reading drops word joiners again, so nothing piles up in a round trip.

What acts: `@name`, `#12`, `GH-12` and "fixes" before a reference on GitHub
(https://docs.github.com/en/issues/tracking-your-work-with-issues/linking-a-pull-request-to-an-issue);
`!12`, `&12` and a `/command` at the start of a line on GitLab
(https://docs.gitlab.com/user/project/quick_actions/). On Redmine, in either of
its formats: `@login`, `#12`, `[[page]]`, `{{macro}}`, `r12` and `commit:`,
`source:`, `user:` and their like (its source, app/helpers/application_helper.rb,
LINKS_RE and MACROS_RE). The zero-width way works after rendering too, where a
backslash is already gone.
"""

from __future__ import annotations

import re

from syncd.richtext.tidy import JOINER

_ACTS = re.compile(
    r"""
      (?<![A-Za-z0-9_])@(?=[A-Za-z0-9_])
    | [\#!&](?=\d)
    | \#(?=note-\d)
    | \[(?=\[) | \{(?=\{>?\w)
    | (?:(?<=[\s(,\[>-])|^)
      (?:attachment|document|version|forum|news|message|project|commit|source|export|user)(?=:["\w./@-])
    | (?:(?<=[\s(,\[>-])|^)r(?=\d+(?:[\s.,;:)\]]|$))
    | \bGH(?=-\d)
    | (?:(?<=\s)|^)/(?=[A-Za-z])
    | \b(?:close|fix|resolve)(?=(?:s|d|es|ed)?:?\s*$)
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


def soften_text(text: str) -> str:
    """Return plain *text* (not Markdown) so that no tool acts on it."""
    return _ACTS.sub(_soften, text)


def _soften(match: re.Match[str]) -> str:
    found = match.group()
    return JOINER + found if found == "/" else found + JOINER
