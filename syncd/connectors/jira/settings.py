"""What a connection of tool `jira` may say in the configuration."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

GATEWAY: Final = "https://api.atlassian.com/"
"""Where OAuth requests go; a site's own address is not known there."""

ProjectKey: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")]
Url: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s?#]+$"), AfterValidator(lambda url: url.rstrip("/"))
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BasicAuth(_Strict):
    """An account's e-mail address and its API token."""

    email: str = Field(min_length=3, description="The e-mail address of the account the token belongs to.")
    token: SecretStr = Field(description="An API token of that account.")


class BearerAuth(_Strict):
    """An OAuth 2.0 access token; the url is then the gateway's, with the site's id."""

    bearer: SecretStr = Field(description="An OAuth 2.0 access token.")


class Scope(_Strict):
    """Which issues and versions take part."""

    projects: tuple[ProjectKey, ...] = Field(min_length=1, description="The keys of the projects.")
    jql: str | None = Field(default=None, description="A further JQL condition on issues, without ORDER BY.")


class Rates(_Strict):
    """What the site allows per endpoint, in requests a second; our share is taken from it. Source: vendor facts, J1."""

    get: float = Field(default=100.0, gt=0, description="GET requests a second.")
    post: float = Field(default=100.0, gt=0, description="POST requests a second.")
    put: float = Field(default=50.0, gt=0, description="PUT requests a second.")
    delete: float = Field(default=50.0, gt=0, description="DELETE requests a second.")


class Options(_Strict):
    """What rarely needs changing."""

    overlap_s: float = Field(default=900.0, ge=900.0, description="How far a scan reaches back, in seconds.")
    page_size: int = Field(default=100, ge=1, le=100, description="Issues a page of a scan.")
    ids_page_size: int = Field(default=5000, ge=1, le=5000, description="Issues a page of the id sweep.")
    scan_in_flight: int = Field(default=8, ge=1, le=50, description="Requests of a scan under way at the same time.")
    share: float = Field(default=0.5, gt=0, le=1, description="The part of every limit that is ours.")
    rates: Rates = Field(default=Rates(), description="The site's limits.")
    writes_in_flight: int = Field(default=8, ge=1, le=50, description="Edits under way at the same time.")
    depends_on_link: str = Field(default="Blocks", description="The link type that means one waits for the other.")
    index_lag_s: float = Field(default=300.0, ge=0, description="How long a change may stay invisible to a search.")


class JiraSettings(_Strict):
    """A connection to one Jira Cloud site."""

    url: Url = Field(description="The site: https://NAME.atlassian.net, or the OAuth gateway with the site's id.")
    auth: BasicAuth | BearerAuth
    scope: Scope
    options: Options = Field(default=Options())

    @property
    def site_url(self) -> str | None:
        """Return the address people open in a browser, `None` when only the gateway's is known."""
        return None if self.url.startswith(GATEWAY) else self.url
