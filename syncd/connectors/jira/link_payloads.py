"""What Jira sends of remote links, which lead from an issue to other tools."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from syncd.connectors.jira.payloads import Payload


class RemoteObject(Payload):
    """What a remote link leads to."""

    url: str = ""
    title: str = ""


class RemoteApplication(Payload):
    """Where that is."""

    name: str | None = None
    type: str | None = None


class RemoteLink(Payload):
    """A remote link of an issue."""

    global_id: str | None = Field(default=None, alias="globalId")
    relationship: str | None = None
    application: RemoteApplication | None = None
    object: RemoteObject = RemoteObject()

    def says(self, link: dict[str, Any]) -> bool:
        """Tell whether it shows just what the request *link* would make it show."""
        return self == RemoteLink.model_validate(link)
