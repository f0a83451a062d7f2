"""What `syncd.yaml` may say, as pydantic models, and the JSON schemas of both files for editors."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from syncd.mapping.schema import MappingFile, Strict, refuse
from syncd.settings.listen import ListenModel
from syncd.settings.notify import NotifyModel

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: object) -> object:
    """Read a duration such as `60s`, `5m`, `1h`, `1d`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|[smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise refuse(f'"{value}" is not a duration', "write a number and a unit, such as 60s, 5m, 1h or 1d")
    return float(found[1]) * _UNITS[found[2]]


def _share(value: object) -> object:
    """Read a share: `2%`, or a number from 0 to 1."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value)):
        value = float(found[1]) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise refuse(f'"{value}" is not a share', "write a percentage such as 2%, or a number from 0 to 1")
    return float(value)


Duration: TypeAlias = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|[smhd])$"})
]
"""Seconds."""

Share: TypeAlias = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "%$"}, {"type": "number", "minimum": 0, "maximum": 1}]}),
]
"""From 0 to 1."""


class Budget(Strict):
    """How much of a tool's request allowance syncd may use."""

    share: Share = Field(default=0.5, description="Share of the tool's own limits; the rest is for people and others.")


class WebhookModel(Strict):
    """How a connection's webhooks prove who sends them; without it, its webhooks are not taken."""

    secret: str | dict[str, str] | None = Field(
        default=None, description="What the tool signs with, as {env: NAME} or {file: path}."
    )
    token: str | dict[str, str] | None = Field(
        default=None, description="The end of the URL the tool calls, where nothing is signed; by reference, too."
    )


class ConnectionModel(Strict):
    """One configured account of a tool, with its scope."""

    tool: str = Field(description="The tool's name, as the installed connectors offer it.")
    mode: Literal["observe", "write"] = Field(default="observe", description="observe: plan and report, write nothing.")
    links_home: bool = Field(default=False, description="Show on each linked item where its counterparts are.")
    budget: Budget = Field(default=Budget(), description="How much of the tool's request allowance to use.")
    webhook: WebhookModel | None = Field(default=None, description="What its webhooks are told from forgeries by.")
    url: str | None = Field(default=None, description="Where the tool is; not needed for tools with one address.")
    auth: dict[str, Any] | None = Field(
        default=None, description="The credential; secrets as {env: NAME}, {file: path}."
    )
    scope: dict[str, Any] | None = Field(default=None, description="What of the tool is kept in sync.")
    options: dict[str, Any] | None = Field(default=None, description="The tool's own options; see its README.")


class LimitsModel(Strict):
    """What one connection may take in any 24 hours without approval; the larger of count and share counts."""

    archive_count: int = Field(default=3, ge=0, description="Items archived.")
    archive_share: Share = Field(default=0.02, description="Share of its linked items archived.")
    update_count: int = Field(default=50, ge=0, description="Items updated.")
    update_share: Share = Field(default=0.5, description="Share of its linked items updated.")
    create_count: int = Field(default=50, ge=0, description="Items created.")
    create_share: Share = Field(default=0.5, description="Items created, as a share of its linked items.")
    comment_count: int = Field(default=500, ge=0, description="Comments created, and as many updated.")
    comment_share: Share = Field(default=0.5, description="Comments created or updated, as a share of those linked.")


class PortfolioModel(Strict):
    """Connections that are kept consistent with each other, and their mapping."""

    connections: tuple[str, ...] = Field(description="Names of connections; each belongs to one portfolio at most.")
    mapping: str = Field(description="The mapping file, relative to the configuration folder.")
    every: Duration = Field(default=60.0, description="How often to look for changes, at most (60s, 5m, 1h, 1d).")
    window: Duration = Field(default=0.2, description="How long webhooks are gathered before they are looked at.")
    lag_bound: Duration | None = Field(
        default=None,
        description="How long a connection may go unread before people are told: 15m or three times every by default.",
    )
    limits: LimitsModel = Field(default=LimitsModel(), description="The brakes on what one plan may do.")


class StoreModel(Strict):
    """A database: its whole URL by reference, or a URL with its password apart."""

    url: str | dict[str, str] | None = Field(default=None, description="The URL, without a password.")
    password: str | dict[str, str] | None = Field(default=None, description="As {env: NAME} or {file: path}.")
    env: str | None = Field(default=None, description="The environment variable that holds the whole URL.")
    file: str | None = Field(default=None, description="The file that holds the whole URL.")


def _store(value: object) -> object:
    """Read a URL alone as a store that is nothing but this URL."""
    return {"url": value} if isinstance(value, str) else value


Store: TypeAlias = Annotated[
    StoreModel,
    BeforeValidator(_store),
    WithJsonSchema({"anyOf": [{"type": "string"}, StoreModel.model_json_schema()]}),
]
"""What `store:` may say."""


_DAY_S: Final = 86_400.0


class RetentionModel(Strict):
    """How long the store keeps what is over. The audit and the edits that lost are kept for good."""

    inbox: Duration = Field(default=7 * _DAY_S, description="What webhooks told, once it was read.")
    plans: Duration = Field(default=30 * _DAY_S, description="Plans that were applied or superseded.")
    runs: Duration = Field(default=30 * _DAY_S, description="Runs that wrote nothing.")
    writes: Duration = Field(default=90 * _DAY_S, description="The journal of writes that ended; the audit stays.")
    history: Duration = Field(default=365 * _DAY_S, description="Conflicts that ended.")


class SyncdFile(Strict):
    """The main configuration file, `syncd.yaml`."""

    version: Literal[1] = Field(description="The version of this file's grammar.")
    store: Store = Field(
        default=StoreModel(url="sqlite:///state/syncd.db"),
        description="The database: sqlite:///file, postgresql://user@host/name, or that with its password apart.",
    )
    connections: dict[str, ConnectionModel] = Field(description="By name: lower case, digits and dashes.")
    portfolios: dict[str, PortfolioModel] = Field(description="By name: lower case, digits and dashes.")
    retention: RetentionModel = Field(
        default=RetentionModel(), description="How long what is over is kept (7d, 365d); never the audit."
    )
    workers: int = Field(default=4, ge=1, le=64, description="Portfolios that are read or written at the same time.")
    notify: tuple[NotifyModel, ...] = Field(default=(), description="Whom to tell, by webhook or mail, and of what.")
    listen: ListenModel = Field(default=ListenModel(), description="Where the daemon listens.")


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each configuration file, by file name, for editors and `syncd config schema`."""
    return {
        "syncd.yaml": {"$schema": _DRAFT, **SyncdFile.model_json_schema()},
        "mapping.yaml": {"$schema": _DRAFT, **MappingFile.model_json_schema()},
    }


_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
