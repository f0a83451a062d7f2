"""What GitHub's REST API sends, as far as we read it; `payloads.py` has what GraphQL sends."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class RestActor(BaseModel):
    """Who did something, by REST."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    login: str
    node_id: str


class RestMilestone(BaseModel):
    """A milestone as REST answers a write, and as a webhook carries it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node_id: str
    number: int
    title: str
    description: str | None = None
    state: str
    due_on: datetime | None = None
    html_url: str
    created_at: datetime
    updated_at: datetime
    creator: RestActor | None = None


class RestLabel(BaseModel):
    """A label as REST answers its creation, and as a webhook carries it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node_id: str
    name: str


class InstallationToken(BaseModel):
    """A GitHub App's token for one installation; GitHub lets it live an hour."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    token: str
    expires_at: datetime


class RestComment(BaseModel):
    """A comment as the repository's list shows it, and as a webhook carries it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node_id: str
    html_url: str
    body: str = ""
    updated_at: datetime

    @property
    def is_on_issue(self) -> bool:
        """Whether it is about an issue: only its address tells that from a pull request's."""
        return self.html_url.partition("#")[0].rpartition("/")[0].endswith("/issues")
