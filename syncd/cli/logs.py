"""Logging to stderr: lines for people on a terminal, JSON otherwise, never a secret."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

import structlog
from pydantic import SecretStr

LEVELS: Final = (logging.WARNING, logging.INFO, logging.DEBUG)
SECRET_KEYS: Final = ("authorization", "token", "password", "secret", "api_key", "private_key", "bearer", "cookie")


SHORTEST: Final = 6
"""Characters below which a value is no secret: to hide it would make every line unreadable."""
HIDDEN: Final = "***"

_secrets: set[str] = set()


def never_show(secrets: Iterable[str]) -> None:
    """Hide these values wherever they stand in what is logged from now on."""
    _secrets.update(each for each in secrets if len(each) >= SHORTEST)


def configure_logs(verbose: int) -> None:
    """Log warnings and up; info and up with -v, everything with -vv."""
    if logging.lastResort is not None:  # what a library says, and tracebacks of tasks that nobody waits for
        logging.lastResort.setFormatter(Hiding())
    is_terminal = sys.stderr.isatty()
    shown: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_terminal else "iso", utc=not is_terminal),
        hide_secrets,
    ]
    last: structlog.typing.Processor = structlog.processors.JSONRenderer(default=str)
    if is_terminal:
        colours = not os.environ.get("NO_COLOR")
        last = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*shown, structlog.processors.format_exc_info, hide_values, last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[min(verbose, len(LEVELS) - 1)]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


class Hiding(logging.Formatter):
    """Writes what others log, without any secret."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback if there is one."""
        return without_secrets(super().format(record))


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace whatever is named like a secret, or is one."""
    for key, value in event.items():
        if isinstance(value, SecretStr) or any(word in key.lower() for word in SECRET_KEYS):
            event[key] = HIDDEN
    return event


def hide_values(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace every known secret, whatever it is part of: a tool's own words, a path, a traceback."""
    return {key: _hidden(value) for key, value in event.items()}


def without_secrets(text: str) -> str:
    """Return *text* with every known secret in it replaced."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _hidden(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _hidden(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(each) for each in value]
    return without_secrets(str(value))
