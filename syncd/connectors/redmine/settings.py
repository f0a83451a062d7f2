"""What a connection of tool `redmine` may say in the configuration."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from syncd.model.native import TextFormat

Identifier: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=100)]
Url: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s?#]+$"), AfterValidator(lambda url: url.rstrip("/"))
]


class Format(StrEnum):
    """The formats of custom fields that we read as more than text."""

    STRING = "string"
    TEXT = "text"
    LINK = "link"
    INT = "int"
    FLOAT = "float"
    LIST = "list"
    ENUMERATION = "enumeration"
    DATE = "date"
    BOOL = "bool"
    USER = "user"
    VERSION = "version"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Auth(_Strict):
    """An account's API access key."""

    key: SecretStr = Field(description="The account's API access key, shown on its own account page.")


class Scope(_Strict):
    """Which projects take part."""

    projects: tuple[Identifier, ...] = Field(min_length=1, description="The identifiers of the projects.")
    subprojects: bool = Field(default=False, description="Whether the projects below them take part, too.")


class Options(_Strict):
    """What rarely needs changing."""

    text_format: Literal[TextFormat.MARKDOWN, TextFormat.TEXTILE] = Field(
        default=TextFormat.MARKDOWN,
        description="How the site formats text (Administration, Settings, General). The API does not tell.",
    )
    marker_field: str = Field(
        default="Syncd id",
        description="The text custom field in which syncd marks the issues it creates; it must be usable as a filter.",
    )
    version_marker_field: str | None = Field(
        default=None, description="The same for versions; named like marker_field unless given."
    )
    custom_fields: dict[str, Format] = Field(
        default_factory=dict,
        description="The formats of custom fields, by name: only needed where the account is not an administrator.",
    )
    links_field: str | None = Field(
        default=None,
        description="The text custom field that shows links home; without it they stand below the description.",
    )
    depends_on_relation: Literal["blocks", "precedes"] = Field(
        default="blocks", description="The relation written for a dependency; Redmine moves dates along precedes."
    )
    overlap_s: float = Field(default=120.0, ge=60.0, description="How far a scan reaches back, in seconds.")
    reread_s: float = Field(
        default=1800.0,
        ge=0.0,
        description="Seconds after which every issue is read anew: relations and derived values change unannounced.",
    )
    page_size: int = Field(default=100, ge=1, le=100, description="Issues a page; Redmine gives at most 100.")
    per_s: float = Field(default=10.0, gt=0.0, description="Requests a second the server should bear.")
    share: float = Field(default=0.5, gt=0.0, le=1.0, description="The part of that limit that is ours.")

    def marker_name(self, kind: str) -> str:
        """Return the name of the custom field that marks records of *kind*."""
        return self.version_marker_field or self.marker_field if kind == "version" else self.marker_field


class RedmineSettings(_Strict):
    """A connection to one Redmine site."""

    url: Url = Field(description="The site's address, with its path if it has one.")
    auth: Auth
    scope: Scope
    options: Options = Field(default=Options())
