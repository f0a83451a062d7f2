"""From what went wrong to what a person reads and what a script gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syncd.cli.streams import say
from syncd.errors import ConfigError, ConfigProblems, HeldError, MappingError, SyncdError, UnsafePlanError

DONE: Final = 0
FAILED: Final = 1
"""It may be tried again."""
USAGE: Final = 2
"""Wrong usage or configuration."""
HELD: Final = 3
"""A person has to look."""


def exit_code(exc: BaseException) -> int:
    """Return the exit code for what went wrong; of several, the one that asks for most."""
    codes = {_one_code(each) for each in causes(exc)}
    return next((code for code in (FAILED, USAGE, HELD) if code in codes), FAILED)


def _one_code(exc: BaseException) -> int:
    if isinstance(exc, ConfigError | MappingError):
        return USAGE
    return HELD if isinstance(exc, HeldError | UnsafePlanError) else FAILED


def causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield *exc*, or each of the errors it is a group of."""
    if isinstance(exc, BaseExceptionGroup):
        for each in exc.exceptions:
            yield from causes(each)
    else:
        yield exc


def tell(exc: BaseException) -> None:
    """Say on stderr what went wrong, where, and the fix."""
    for line in dict.fromkeys(text for each in causes(exc) for text in texts_of(each)):
        say(line)


def tell_where(_type: type[BaseException], exc: BaseException, _trace: object) -> None:
    """Say on stderr by which way an error came that ends the process, without a secret that its words may quote."""
    from traceback import format_exception

    from syncd.cli.logs import without_secrets

    say(without_secrets("".join(format_exception(exc)).rstrip()))


def texts_of(exc: BaseException) -> list[str]:
    """Return what to print for one error."""
    if isinstance(exc, ConfigProblems):
        return [*(f"error: {problem}" for problem in exc.problems), exc.what]
    if isinstance(exc, SyncdError):
        return [f"error: {exc}"]
    fix = "run it again with SYNCD_DEBUG=1 to see where, and report what it shows"
    return [f"error: internal fault: {type(exc).__name__}\n  fix: {fix}"]


def warn(exc: SyncdError) -> None:
    """Say on stderr what is amiss without stopping anything."""
    say(f"warning: {exc}")
