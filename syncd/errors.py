"""The error tree. Callers branch on class, never on message text."""

from __future__ import annotations

from typing import ClassVar


class SyncdError(Exception):
    """
    Anything that goes wrong, told as *where*, *what* and *fix*.

    *where* is `file:line (dotted.key)` for configuration and
    `connection:kind:id field` for items; *fix* is what a person can do now.
    Never holds a token, a header or a whole payload.
    """

    retry: ClassVar[bool] = False
    """Whether doing the same again, later, may succeed."""

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  fix: {self.fix}" if self.fix else head


class ConfigError(SyncdError):
    """The operator must edit a file; the daemon does not start, or keeps the old configuration."""


class ConfigProblems(ConfigError):  # noqa: N818 - a collection of errors, named for what it holds
    """Every problem found in the configuration, in file order; `str()` shows them all and counts them."""

    def __init__(self, problems: tuple[ConfigError, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the configuration")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([*(str(problem) for problem in self.problems), self.what])


class MappingError(SyncdError):
    """No rule for a value; that field of that item is frozen."""


class UnsafePlanError(SyncdError):
    """The plan is refused whole; a person must look."""


class HeldError(SyncdError):
    """The answer is a person's to give: something moved since it was shown, or awaits a choice."""


class StoreError(SyncdError):
    """The local database cannot be trusted, or is held by another process; stop."""


class DeliveryError(SyncdError):
    """A message to people was not taken; it is kept and sent again. *wait_s* is what the receiver asked for."""

    retry = True

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None, wait_s: float = 0.0) -> None:
        super().__init__(what, where=where, fix=fix)
        self.wait_s = wait_s


class RemoteError(SyncdError):
    """A PM tool answered with something other than success."""


class AuthError(RemoteError):
    """The credential is wrong, expired or revoked; the connection pauses until it changes."""


class PausedError(RemoteError):
    """A person paused the connection: nothing is asked or told there until it is resumed."""

    retry = True


class StrangerError(RemoteError):
    """Another site answers than the one this connection's records are of: nothing there is read as theirs."""


class ForbiddenError(RemoteError):
    """The item or container is not ours to see or change."""


class RateLimitedError(RemoteError):
    """The tool asks us to wait `wait_s` seconds; the request was *not* carried out."""

    retry = True

    def __init__(self, what: str, *, wait_s: float, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.wait_s = wait_s


class UnavailableError(RemoteError):
    """A *read* failed for now (5xx, timeout, no connection)."""

    retry = True


class OutcomeUnknownError(RemoteError):
    """A *write* met a timeout or 5xx: it may have been carried out. Look it up, never re-send."""


class RemoteChangedError(RemoteError):
    """The item moved since we read it; read again and plan again."""

    retry = True


class ReadTooOldError(RemoteError):
    """A write was *not* sent: its fresh read is so old that the item may have moved; read again first."""

    retry = True


class NotFoundError(RemoteError):
    """The item is gone, or hidden from us: the tools do not tell these apart."""


class RejectedError(RemoteError):
    """The tool refused the content, in its own words; the item is quarantined."""
