"""The cheap look at every item of the project: what is there, and whether it moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api
from syncd.connectors.github.fields import ISSUE_TYPE
from syncd.connectors.github.payloads import Connection, RepositoryName, ScannedContent, ScannedItem
from syncd.connectors.github.project import ProjectCache

REDACTED = "REDACTED"
"""The type of an item whose content this account may not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenIssue:
    """What to say of an issue once we may not see it any more."""

    item: str
    container: str
    key: str
    type: str


@dataclass(slots=True)
class Seen:
    """What this process has seen of the project's items: enough to tell a hidden issue from one that is gone."""

    issues: dict[str, SeenIssue] = field(default_factory=dict)
    """By issue id."""
    commented: dict[str, str] = field(default_factory=dict)
    """The issue's id by comment id."""
    draft_of: dict[str, str] = field(default_factory=dict)
    """The draft's own id by item id: the one its mutation wants."""
    hidden: frozenset[str] | None = None
    """Items shown as REDACTED by the last whole sweep; `None` before the first."""


class Sweep:
    """
    Goes through all items, 100 a page, at about one point each.

    Items come in the order of their position, the only one GitHub offers: an
    item moved by somebody in the meantime may be missed by one sweep, and is
    found by the next. Archived items are never in it.
    """

    def __init__(self, api: Api, project: ProjectCache) -> None:
        self._api = api
        self._project = project
        self.seen = Seen()

    async def pages(self, query: str = queries.SCAN) -> AsyncIterator[Connection[ScannedItem]]:
        """Yield every page, remembering which issue lies in which item; *query* may ask for more."""
        project = await self._project.get()
        hidden: set[str] = set()
        async for _, page in self._api.pages(
            query,
            {"project": project.node.id},
            path=("node", "items"),
            node=ScannedItem,
            where=f"{self._api.name} scope.project",
        ):
            for item in page.seen:
                if item.type == REDACTED:
                    hidden.add(item.id)
                elif item.content and item.content.id and item.content.repository:
                    self.seen.issues[item.content.id] = _seen(item.id, item.content, item.content.repository)
            yield page
        self.seen.hidden = frozenset(hidden)

    async def hidden(self) -> frozenset[str]:
        """Return the items whose content we may not see, by the last whole sweep, made now if there was none."""
        if self.seen.hidden is None:
            async for _ in self.pages():
                pass
        return self.seen.hidden or frozenset()


def _seen(item: str, content: ScannedContent, repository: RepositoryName) -> SeenIssue:
    return SeenIssue(
        item=item,
        container=repository.name_with_owner,
        key=f"{repository.name_with_owner}#{content.number}",
        type=content.issue_type.name if content.issue_type else ISSUE_TYPE,
    )
