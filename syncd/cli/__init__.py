"""
The command line: arguments, calls, exit codes. What is slow to import is imported by the command that needs it.

A health check is answered without even the parser of arguments: typer brings pydantic, and a container asks twice a
minute for as long as it lives.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from syncd.cli.failing import exit_code, tell, tell_where
from syncd.cli.health import ask_health, plain_question

GARBAGE = (50_000, 20, 100)
"""
After how many new objects rings of dead ones are looked for, and how often among the older ones.

Each page of a tool makes tens of thousands of objects that nothing rings with:
at Python's usual 700 that search took a third of a first reading's time.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` when not given) and return its exit code; no traceback reaches the user."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if (url := plain_question(words)) is not None:
            return ask_health(url)
        _run(words)
    except SystemExit as stop:
        return _code(stop.code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as exc:
        if os.environ.get("SYNCD_DEBUG") == "1":
            sys.excepthook = tell_where
            raise
        tell(exc)
        return exit_code(exc)
    return 0


def _run(words: list[str]) -> None:
    from syncd.cli.app import app

    gc.set_threshold(*GARBAGE)
    app(args=words, prog_name="syncd")


def _code(code: object) -> int:
    if isinstance(code, int):
        return code
    return 0 if code is None else 1
