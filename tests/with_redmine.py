"""
Run a command with a real Redmine at hand: `python -m tests.with_redmine pytest -m redmine`.

With REDMINE_URL in the environment, or nothing to start one with, the command
just runs; tests that need a Redmine then skip, saying why (or fail, in CI).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find_starter() -> Path | None:
    """Return the program that brings a Redmine up, where there is one and we may run it."""
    shared = Path(os.environ.get("SYNCD_SHARED", ROOT.parent / "shared"))
    starter = shared / "redmine" / "up"
    return starter if starter.is_file() and os.access(starter, os.X_OK) and os.geteuid() == 0 else None


def parse_settings(text: str) -> dict[str, str]:
    """Return the KEY=value lines of *text* that are about Redmine."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key: value.strip() for key, value in pairs if key.startswith("REDMINE_")}


def main(command: list[str]) -> None:
    """Bring a Redmine up if we can, then become *command*."""
    if not command:
        sys.exit("usage: python -m tests.with_redmine COMMAND [ARGUMENT ...]")
    starter = None if os.environ.get("REDMINE_URL") else find_starter()
    if starter:
        print("Bringing a Redmine up (minutes the first time) ...", file=sys.stderr, flush=True)  # noqa: T201
        started = subprocess.run([starter], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - found above
        if started.returncode:
            sys.exit(f"{starter} failed with {started.returncode}")
        os.environ |= parse_settings(started.stdout)
    os.execvp(command[0], command)  # noqa: S606 - that is what this is for


if __name__ == "__main__":
    main(sys.argv[1:])
