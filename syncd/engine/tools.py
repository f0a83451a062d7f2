"""The PM tools on offer: every connector registered in the entry-point group `syncd.connectors`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from syncd.connectors.protocol import Tool
from syncd.errors import ConfigError

GROUP = "syncd.connectors"


@cache
def tools() -> Mapping[str, Callable[[], Tool]]:
    """Return every tool's loader by name; a connector's code is imported only when its loader is called."""
    registered = sorted(entry_points(group=GROUP), key=lambda each: each.name)
    return MappingProxyType({each.name: _loader(each) for each in registered})


def _loader(entry: EntryPoint) -> Callable[[], Tool]:
    def load() -> Tool:
        try:
            tool = entry.load()
        except ImportError as exc:
            raise ConfigError(
                f'the connector "{entry.name}" cannot be loaded: {exc}',
                where=f"entry point {entry.value}",
                fix="install the package that provides it, or remove it",
            ) from exc
        if not isinstance(tool, Tool):
            raise ConfigError(
                f'the connector "{entry.name}" offers {type(tool).__name__}, not a Tool',
                where=f"entry point {entry.value}",
                fix="let the entry point name a syncd.connectors.protocol.Tool",
            )
        return tool

    return load
