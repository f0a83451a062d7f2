"""Jira Cloud: issues of any type, and project versions."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from syncd.connectors.jira.hooks import HOOKS
from syncd.connectors.jira.settings import JiraSettings
from syncd.connectors.protocol import Connector, Tool

if TYPE_CHECKING:
    import httpx

    from syncd.model.refs import ConnectionName
    from syncd.world import World


def connect(name: ConnectionName, settings: JiraSettings, client: httpx.AsyncClient, world: World) -> Connector:
    """Return the connector of one connection."""
    from syncd.connectors.jira.connector import JiraConnector

    return JiraConnector(name, settings, client, world)


def _defaults() -> str:
    return files(__name__).joinpath("defaults.yaml").read_text(encoding="utf-8")


TOOL = Tool(name="jira", settings=JiraSettings, connect=connect, defaults=_defaults, hooks=HOOKS)
