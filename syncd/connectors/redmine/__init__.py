"""Redmine 5.0 and later: issues of any tracker, and versions."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from syncd.connectors.protocol import Connector, Tool
from syncd.connectors.redmine.hooks import HOOKS
from syncd.connectors.redmine.settings import RedmineSettings

if TYPE_CHECKING:
    import httpx

    from syncd.model.refs import ConnectionName
    from syncd.world import World


def connect(name: ConnectionName, settings: RedmineSettings, client: httpx.AsyncClient, world: World) -> Connector:
    """Return the connector of one connection."""
    from syncd.connectors.redmine.connector import RedmineConnector

    return RedmineConnector(name, settings, client, world)


def _defaults() -> str:
    return files(__name__).joinpath("defaults.yaml").read_text(encoding="utf-8")


TOOL = Tool(name="redmine", settings=RedmineSettings, connect=connect, defaults=_defaults, hooks=HOOKS)
