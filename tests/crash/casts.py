"""Who plays: the tools of a scene, and how people make and name things in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from syncd.sandbox.portfolio import SeedPerson
from tests.crash.config import MAIN, MAIN_REDMINE, MAPPING, MAPPING_REDMINE


@dataclass(frozen=True)
class Part:
    """One tool as its people use it."""

    called: str
    connection: str
    kind: str
    """What they make there."""
    place: str
    title: str
    """What they call a title."""
    by: str
    handle: str
    """How the people of the portfolio are named there."""


PARTS: Final = {
    "jira": Part("Jira", "jira-pmo", "Story", "ENG", "summary", "ada", "712020:{0.handle}"),
    "github": Part("GitHub", "github-eng", "Task", "api", "title", "ben", "{0.handle}"),
    "linear": Part("Linear", "linear-road", "issue", "API", "title", "ada", "{0.email}"),
    "redmine": Part("Redmine", "redmine-eng", "Feature", "eng", "subject", "ada", "{0.handle}"),
}


@dataclass(frozen=True)
class Cast:
    """The tools of a scene, and its configuration."""

    tools: tuple[str, ...]
    main: str
    mapping: str

    @property
    def parts(self) -> dict[str, Part]:
        """Return each tool's part."""
        return {tool: PARTS[tool] for tool in self.tools}

    @property
    def gone(self) -> str:
        """Return what is deleted in Jira: a task that all tools hold."""
        return f"Opened in {PARTS[self.tools[-1]].called}"

    def people(self, seeded: Iterable[SeedPerson]) -> str:
        """Return who is who."""
        rows = [",".join([one.email, *(part.handle.format(one) for part in self.parts.values())]) for one in seeded]
        return "\n".join([",".join(["person", *(part.connection for part in self.parts.values())]), *rows, ""])


THREE: Final = Cast(("jira", "github", "linear"), MAIN, MAPPING)
REDMINE: Final = Cast(("jira", "redmine"), MAIN_REDMINE, MAPPING_REDMINE)
