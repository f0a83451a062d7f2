"""The command line: arguments, calls, exit codes. What is slow to import is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from syncd.cli.app import app
from syncd.cli.failing import exit_code, tell


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` when not given) and return its exit code; no traceback reaches the user."""
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
