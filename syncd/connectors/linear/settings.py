"""What a Linear connection may say in the configuration."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

PUBLIC_API = "https://api.linear.app"

TeamKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LinearAuth(_Model):
    """Either a personal API key or an OAuth access token."""

    api_key: SecretStr | None = None
    """A personal API key, sent as it is."""
    bearer: SecretStr | None = None
    """An OAuth access token, of a person or of an app."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.api_key is None) == (self.bearer is None):
            raise ValueError("say either `api_key` or `bearer`")
        return self

    @property
    def header(self) -> str:
        """The value of the `Authorization` header: a key goes bare, a token as a bearer."""
        if self.bearer is not None:
            return f"Bearer {self.bearer.get_secret_value()}"
        return self.api_key.get_secret_value() if self.api_key else ""


class LinearScope(_Model):
    """The teams whose issues, projects, milestones and cycles belong to it, and whether roadmap levels do."""

    teams: tuple[TeamKey, ...] = Field(min_length=1)
    """Team keys, as in `ENG-12`. The first one a project belongs to is where it lives."""
    projects: bool = True
    """Whether the teams' projects and their milestones are read."""
    initiatives: bool = True
    """Whether the workspace's initiatives are read; they belong to no team."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The team keys as Linear spells them."""
        return tuple(dict.fromkeys(key.upper() for key in self.teams))


class LinearOptions(_Model):
    """Limits, all of them the vendor's published ones unless said otherwise."""

    share: float = Field(default=0.5, gt=0.0, le=1.0)
    """The part of every limit that is ours; people and other integrations have the rest."""
    requests_per_hour: int = Field(default=1200, ge=1)
    """Requests an hour, until an answer's headers tell the real limit."""
    complexity_per_hour: int = Field(default=250_000, ge=1)
    """Complexity points an hour, until an answer's headers tell the real limit."""
    in_flight: int = Field(default=4, ge=1, le=10)
    """Writing requests under way at once."""
    list_page: int = Field(default=100, ge=1, le=250)
    """Ids listed in one request; the first look of a scan lists 25 of everything at once."""
    read_batch: int = Field(default=50, ge=1, le=100)
    """Records read whole in one request: 100 projects are about 7,000 of the 10,000 points one query may cost."""
    reread_s: float = Field(default=3600.0, ge=60.0)
    """Seconds between two looks at everything, for what moves no date of its own (relations, memberships)."""
    overlap_s: float = Field(default=120.0, ge=0.0)
    """Seconds a scan reaches back before the newest change it has seen."""


class LinearSettings(_Model):
    """One connection of tool `linear`."""

    url: str = Field(default=PUBLIC_API, pattern=r"^https?://")
    """The root of the API; GraphQL is served at `/graphql` below it."""
    auth: LinearAuth
    scope: LinearScope
    options: LinearOptions = LinearOptions()

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is served."""
        root = self.url.rstrip("/")
        return root if root.endswith("/graphql") else f"{root}/graphql"
