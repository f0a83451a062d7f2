"""The command line: arguments, calls, exit codes. What is slow to import is imported by the command that needs it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from syncd.cli.app import app
from syncd.cli.failing import exit_code, tell

GARBAGE = (50_000, 20, 100)
"""
After how many new objects rings of dead ones are looked for, and how often among the older ones.

Each page of a tool makes tens of thousands of objects that nothing rings with:
at Python's usual 700 that search took a third of a first reading's time.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` when not given) and return its exit code; no traceback reaches the user."""
    gc.set_threshold(*GARBAGE)
    try:
        app(args=None if arguments is None else list(arguments), prog_name="syncd")
    except SystemExit as stop:
        return _code(stop.code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as exc:
        if os.environ.get("SYNCD_DEBUG") == "1":
            raise
        tell(exc)
        return exit_code(exc)
    return 0


def _code(code: object) -> int:
    if isinstance(code, int):
        return code
    return 0 if code is None else 1
