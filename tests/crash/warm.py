"""
Imports everything that a command will, and reads what is shipped: a process forked from one that did so begins at once.

It would otherwise be imported and read by every process of every cell, which
took longer than what the process is there for.
"""

from __future__ import annotations

import gc
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory
from typing import Final

import syncd
from syncd.engine.tools import tools
from syncd.settings.load import load
from tests.crash.casts import REDMINE, THREE
from tests.crash.config import write_config

OF_OTHERS: Final = (
    "aiosqlite",
    "anyio._backends._asyncio",
    "httpcore",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)
"""What SQLAlchemy and httpx import when they are used first."""
TOKENS: Final = ("JIRA_TOKEN", "GITHUB_TOKEN", "LINEAR_TOKEN", "REDMINE_TOKEN")
ENVIRONMENT: Final = {"STORE": "sqlite:///unnamed"} | dict.fromkeys(TOKENS, "x")
NOT_OF_A_SYNC: Final = ("syncd.__main__", "syncd.sandbox", "syncd.store.migrations")


def warm_up() -> None:
    """Import it all, and read the recommended mappings."""
    for module in walk_packages(syncd.__path__, "syncd."):
        if not module.name.startswith(NOT_OF_A_SYNC):
            import_module(module.name)
    for name in OF_OTHERS:
        import_module(name)
    for cast in (THREE, REDMINE):
        with TemporaryDirectory() as folder:
            main = cast.main % {"base": "http://127.0.0.1:1", "email": "ada@acme.example"}
            write_config(Path(folder), main, cast.mapping, cast.people(()))
            load(Path(folder), tools(), ENVIRONMENT)
    gc.collect()
    gc.freeze()


warm_up()
