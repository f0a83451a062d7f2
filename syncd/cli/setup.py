"""`syncd init` and `syncd config schema`."""

from __future__ import annotations

from pathlib import Path

from syncd.cli.failing import DONE
from syncd.cli.options import Common
from syncd.cli.output import as_text
from syncd.cli.streams import put, say
from syncd.errors import ConfigError


def write_starter(folder: Path) -> int:
    """Write the starter configuration; refuses to touch a file that is there."""
    from syncd.settings.starter import VARIABLES, starter

    files = starter()
    there = [str(folder / name) for name in files if (folder / name).exists()]
    if there:
        raise ConfigError(
            f"{', '.join(there)}: there already, and never overwritten",
            where=str(folder),
            fix="name another folder with -c, or move the old one away",
        )
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as exc:
            raise ConfigError(
                f"it cannot be written: {exc.strerror}", where=str(path), fix="choose a folder you may write to"
            ) from exc
        put(str(path))
    say(f"Edit them, set {' and '.join(VARIABLES)}, then check them.")
    say(f"Next: {Common(folder=folder).command('check')}")
    return DONE


def print_schema(file: str | None) -> int:
    """Print the JSON schema of one configuration file, or of each by its name."""
    from syncd.settings.schema import json_schemas

    schemas = json_schemas()
    if file is not None and file not in schemas:
        raise ConfigError(f'there is no schema of "{file}"', fix=f"use one of {', '.join(schemas)}")
    put(as_text(schemas if file is None else schemas[file]))
    return DONE
