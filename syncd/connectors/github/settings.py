"""What a GitHub connection may say in the configuration."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

PUBLIC_API = "https://api.github.com"
ENTERPRISE_SUFFIX = "/api/v3"
"""How the REST root of a GitHub Enterprise Server ends; its GraphQL lives beside it, at `/api/graphql`."""

RepositoryName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GithubAuth(_Model):
    """Either a token, or the three values of a GitHub App's installation."""

    token: SecretStr | None = None
    """A personal access token: classic with `repo` and `project`, or fine-grained."""
    app_id: int | None = Field(default=None, ge=1)
    """The App's own number."""
    installation_id: int | None = Field(default=None, ge=1)
    """The number of its installation in the organisation."""
    private_key: SecretStr | None = None
    """The App's private key, as PEM text."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        app = (self.app_id, self.installation_id, self.private_key)
        if self.token is None and None in app:
            raise ValueError("say either `token`, or all of `app_id`, `installation_id` and `private_key`")
        if self.token is not None and app != (None, None, None):
            raise ValueError("`token` and the values of a GitHub App exclude each other: remove one of them")
        return self


class GithubScope(_Model):
    """One project and the repositories whose issues and milestones belong to it."""

    owner: str = Field(min_length=1)
    """The organisation or user the project belongs to."""
    project: int = Field(ge=1)
    """The project's number, as in its address."""
    repositories: tuple[RepositoryName, ...] = ()
    """Names (`api`) or, for other owners, full names (`acme/api`). Empty: every repository linked to the project."""


class GithubOptions(_Model):
    """Limits, all of them the vendor's published ones unless said otherwise."""

    share: float = Field(default=0.5, gt=0.0, le=1.0)
    """The part of every limit that is ours; people and other integrations have the rest."""
    points_per_minute: int = Field(default=2000, ge=1)
    """GraphQL points a minute; a mutation counts 5."""
    rest_per_minute: int = Field(default=900, ge=1)
    """REST points a minute; a write counts 5."""
    creates_per_minute: int = Field(default=80, ge=1)
    """Content-creating requests a minute."""
    creates_per_hour: int = Field(default=500, ge=1)
    """Content-creating requests an hour."""
    mutation_interval_s: float = Field(default=1.0, ge=0.0)
    """Seconds between two writing requests; 0 only for a stand-in."""
    mutations_per_request: int = Field(default=10, ge=1, le=50)
    """Mutations in one request. GitHub stops a request after 10 s, and mutations run one after the other."""
    read_batch: int = Field(default=50, ge=1, le=100)
    """Items read in one request."""


class GithubSettings(_Model):
    """One connection of tool `github`."""

    url: str = Field(default=PUBLIC_API, pattern=r"^https?://")
    """The REST root: `https://api.github.com`, or `https://HOST/api/v3` for an Enterprise Server."""
    auth: GithubAuth
    scope: GithubScope
    options: GithubOptions = GithubOptions()

    @property
    def rest_url(self) -> str:
        """The root of REST paths, without a slash at the end."""
        return self.url.rstrip("/")

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is served."""
        root = self.rest_url
        if root.endswith(ENTERPRISE_SUFFIX):
            return root.removesuffix("/v3") + "/graphql"
        return f"{root}/graphql"

    @property
    def web_owner(self) -> str:
        """The project as people write it: `acme/#7`, the container of drafts."""
        return f"{self.scope.owner}/#{self.scope.project}"

    def full_name(self, repository: str) -> str:
        """Return `owner/name` of a repository named with or without its owner."""
        return repository if "/" in repository else f"{self.scope.owner}/{repository}"
