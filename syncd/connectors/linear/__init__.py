"""The Linear connector. Exports `TOOL`, nothing else."""

from __future__ import annotations

from importlib.resources import files

from syncd.connectors.linear.connector import LinearConnector
from syncd.connectors.linear.hooks import HOOKS
from syncd.connectors.linear.settings import LinearSettings
from syncd.connectors.linear.write import ARCHIVES
from syncd.connectors.protocol import Tool

__all__ = ["TOOL"]


def _defaults() -> str:
    return (files(__name__) / "defaults.yaml").read_text(encoding="utf-8")


TOOL = Tool(
    name="linear",
    settings=LinearSettings,
    connect=LinearConnector,
    defaults=_defaults,
    archives=ARCHIVES.__contains__,
    hooks=HOOKS,
)
