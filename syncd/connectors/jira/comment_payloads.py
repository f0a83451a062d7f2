"""What Jira sends of comments."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from syncd.connectors.jira.payloads import Moment, Payload, User


class Property(Payload):
    """An entity property."""

    key: str
    value: Any = None


class Comment(Payload):
    """A comment; its properties are there only where they were asked for."""

    id: str
    body: dict[str, Any] | None = None
    author: User | None = None
    editor: User | None = Field(default=None, alias="updateAuthor")
    created: Moment
    updated: Moment
    visibility: dict[str, Any] | None = None
    is_public: bool = Field(default=True, alias="jsdPublic")
    properties: tuple[Property, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether everyone who sees the issue sees it: no role, no group, not internal to a service desk."""
        return not self.visibility and self.is_public


class CommentPage(Payload):
    """Some of an issue's comments, and how many there are."""

    comments: tuple[Comment, ...] = ()
    total: int = 0


class CommentsById(Payload):
    """Comments asked for by id; those gone or hidden are left out."""

    values: tuple[Comment, ...] = ()
