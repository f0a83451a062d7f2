"""The GitHub Projects connector. Exports `TOOL`, nothing else."""

from __future__ import annotations

from importlib.resources import files

from syncd.connectors.github.connector import GithubConnector
from syncd.connectors.github.fields import COMMENT, ITERATION, MILESTONE
from syncd.connectors.github.hooks import HOOKS
from syncd.connectors.github.settings import GithubSettings
from syncd.connectors.protocol import Tool

__all__ = ["TOOL"]


def _defaults() -> str:
    return (files(__name__) / "defaults.yaml").read_text(encoding="utf-8")


def _archives(record_type: str) -> bool:
    """Say whether records of that type can leave the project's views: its items can, milestones have none."""
    return record_type not in {MILESTONE, COMMENT, ITERATION}


TOOL = Tool(
    name="github", settings=GithubSettings, connect=GithubConnector, defaults=_defaults, archives=_archives, hooks=HOOKS
)
