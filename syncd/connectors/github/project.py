"""What is known of the project and its repositories, read once and again whenever it may have moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncd.connectors.github import queries
from syncd.connectors.github.api import Answer, Api, dig, parse
from syncd.connectors.github.fields import project_fields
from syncd.connectors.github.iterations import Titles
from syncd.connectors.github.payloads import Connection, LabelNode, RepositoryName, UserNode
from syncd.connectors.github.project_payloads import FieldNode, ProjectAnswer, ProjectNode, RepositoryNode
from syncd.connectors.github.records import Surroundings
from syncd.connectors.github.settings import GithubSettings
from syncd.errors import NotFoundError, RemoteError
from syncd.model.native import Choice

WRITING_PERMISSIONS: Final = frozenset({"ADMIN", "MAINTAIN", "WRITE", "TRIAGE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project as last read."""

    node: ProjectNode
    viewer: UserNode
    around: Surroundings
    at: datetime
    """When GitHub told so, by its own clock."""
    scopes: frozenset[str] | None
    """What a classic token may do; `None` for any other credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository as last read."""

    id: str
    name: str
    """`owner/name`, as GitHub spells it."""
    types: tuple[Choice, ...]
    """The issue types that can be chosen; none outside of organisations."""
    writable: bool


class ProjectCache:
    """The project, its repositories and their labels. Everything is read at first need."""

    def __init__(self, api: Api, settings: GithubSettings) -> None:
        self._api = api
        self._settings = settings
        self._project: Project | None = None
        self._titles = Titles()
        self._repositories: dict[str, Repository] = {}
        self._labels: dict[str, dict[str, LabelNode]] = {}

    async def get(self) -> Project:
        """Return the project, from memory if it was read before."""
        return self._project or await self.refresh()

    async def refresh(self) -> Project:
        """
        Read the project and all its fields anew (one point).

        Raises:
            NotFoundError: there is no such owner or project, or the account may not see it.
        """
        answer, found = await self._page(None)
        nodes: list[FieldNode] = list(_project(found).fields.seen)
        page = _project(found).fields.page_info
        while page.has_next_page:
            _, more = await self._page(page.end_cursor)
            nodes += _project(more).fields.seen
            page = _project(more).fields.page_info
        node = _project(found)
        self._project = Project(
            node=node,
            viewer=found.viewer,
            at=answer.at,
            scopes=answer.scopes,
            around=Surroundings(
                name=self._api.name,
                project_id=node.id,
                place=self._settings.web_owner,
                url=node.url,
                fields=self._titles.trace(project_fields(nodes)),
                repositories=frozenset(
                    self._settings.full_name(name).lower() for name in self._settings.scope.repositories
                ),
            ),
        )
        return self._project

    async def repository_names(self) -> Sequence[str]:
        """Return the full names of the repositories in scope: those configured, else those linked to the project."""
        if self._settings.scope.repositories:
            return [self._settings.full_name(name) for name in self._settings.scope.repositories]
        project = await self.get()
        names: list[str] = []
        async for _, page in self._api.pages(
            queries.PROJECT_REPOSITORIES,
            {"project": project.node.id},
            path=("node", "repositories"),
            node=RepositoryName,
            where=f"{self._api.name} scope.project",
        ):
            names += [repository.name_with_owner for repository in page.seen]
        return names

    async def repository(self, name: str, *, fresh: bool = False) -> Repository:
        """
        Return one repository, named with or without its owner.

        Raises:
            NotFoundError: it does not exist, or the account may not see it.
        """
        full = self._settings.full_name(name)
        known = self._repositories.get(full.lower())
        if known is None or fresh:
            known = await self._read_repository(full)
            self._repositories[full.lower()] = known
        return known

    async def owner_and_name(self, repository: str) -> dict[str, object]:
        """Return the variables that name a repository in a query."""
        owner, _, name = (await self.repository(repository)).name.partition("/")
        return {"owner": owner, "name": name}

    async def labels(self, repository: str, *, fresh: bool = False) -> dict[str, LabelNode]:
        """Return the labels of a repository by their name in lower case: GitHub does not tell cases apart."""
        key = repository.lower()
        if fresh or key not in self._labels:
            owner, _, name = repository.partition("/")
            found: dict[str, LabelNode] = {}
            async for _, page in self._api.pages(
                queries.REPOSITORY_LABELS,
                {"owner": owner, "name": name},
                path=("repository", "labels"),
                node=LabelNode,
                where=f"{self._api.name} {repository}",
            ):
                found |= {label.name.lower(): label for label in page.seen}
            self._labels[key] = found
        return self._labels[key]

    async def _page(self, after: str | None) -> tuple[Answer, ProjectAnswer]:
        scope = self._settings.scope
        where = f"{self._api.name} scope.project"
        try:
            answer = await self._api.ask(
                queries.PROJECT, {"owner": scope.owner, "number": scope.project, "fields": after}, where=where
            )
        except NotFoundError as exc:
            raise self._no_project(where) from exc
        found = parse(ProjectAnswer, answer.data, where)
        if found.repository_owner is None or found.repository_owner.project_v2 is None:
            raise self._no_project(where)
        return answer, found

    def _no_project(self, where: str) -> RemoteError:
        scope = self._settings.scope
        return NotFoundError(
            f"{scope.owner} has no project number {scope.project} that this account may see",
            where=where,
            fix="compare with the project's address, and give the token the scope `project` (an App: Projects, write)",
        )

    async def _read_repository(self, full: str) -> Repository:
        owner, _, name = full.partition("/")
        where = f"{self._api.name} scope.repositories {full}"
        try:
            answer = await self._api.ask(queries.REPOSITORY, {"owner": owner, "name": name}, where=where)
            node = parse(RepositoryNode, dig(answer.data, ["repository"], where), where)
        except NotFoundError as exc:
            raise NotFoundError(
                f"there is no repository {full} that this account may see",
                where=where,
                fix="check its spelling, and give the token access to it",
            ) from exc
        types = node.issue_types or Connection()
        return Repository(
            id=node.id,
            name=node.name_with_owner,
            types=tuple(Choice(option.id, option.name) for option in types.seen if option.is_enabled),
            writable=node.has_issues_enabled
            and not node.is_archived
            and (node.viewer_permission is None or node.viewer_permission in WRITING_PERMISSIONS),
        )


def _project(found: ProjectAnswer) -> ProjectNode:
    if found.repository_owner is None or found.repository_owner.project_v2 is None:
        raise AssertionError  # `_page` has looked
    return found.repository_owner.project_v2
