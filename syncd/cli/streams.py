"""The two streams: data for whoever asked, messages for whoever watches."""

from __future__ import annotations

import sys


def put(text: str) -> None:
    """Write data and a line end to stdout, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Write a message and a line end to stderr, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
