"""The one table from an answer, or the lack of one, to an error a person can act on. Part of `_http`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import httpx

from syncd.connectors._budget import parse_retry_after
from syncd.connectors._quote import is_html, quote_remote
from syncd.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RemoteChangedError,
    RemoteError,
    UnavailableError,
)

DEFAULT_LIMIT_WAIT_S: Final = 30.0
"""How long a 429 without a hint makes us wait."""

_OK: Final = range(200, 300)
_UNKNOWN: Final = frozenset({408, 423})
_FIX_URL: Final = "check the connection's url: it must be the tool's own address, without a path it does not need"


class MisaddressedError(UnavailableError):
    """The address itself looks wrong: asking again at once is no use, and nothing was carried out."""

    is_final = True


def judge(response: httpx.Response, *, name: str, where: str, is_write: bool, now: datetime) -> RemoteError | None:
    """Return what is wrong with an answer, or `None` when it is a success (the table of style.md section 7)."""
    status = response.status_code
    if status in _OK:
        return _judge_success(response, where, is_write=is_write)
    said = quote_remote(response)
    error: RemoteError
    if status in {401, 403}:
        error = _judge_access(status, where, name, said)
    elif status in {404, 410}:
        error = _judge_absence(response, where, said)
    elif status in {409, 412}:
        error = RemoteChangedError(f"it changed meanwhile{said}", where=where, fix="nothing to do: it is read again")
    elif status == httpx.codes.TOO_MANY_REQUESTS:
        error = limited(response, where=where, now=now, said=said)
    elif status in _UNKNOWN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        error = failed(f"the tool answered {status}{said}", where=where, is_write=is_write)
    elif response.is_redirect:
        error = _judge_redirect(response, where)
    else:
        error = RejectedError(
            f"the tool refused the request ({status}){said}", where=where, fix="change what the message names"
        )
    return error


def limited(response: httpx.Response, *, where: str, now: datetime, said: str = "") -> RateLimitedError:
    """Return the error of an answer that means "too fast", with the wait its headers ask for."""
    wait_s = retry_hint_s(response, now)
    return slowed("the tool", said, wait_s=DEFAULT_LIMIT_WAIT_S if wait_s is None else wait_s, where=where)


def slowed(tool: str, said: str, *, wait_s: float, where: str) -> RateLimitedError:
    """Return the error that says to wait, *said* being what `quote_remote` gives."""
    return RateLimitedError(
        f"{tool} asks us to slow down{said}",
        wait_s=wait_s,
        where=where,
        fix="nothing to do: syncd waits; lower options.share if people are slowed down too",
    )


def failed(what: str, *, where: str, is_write: bool) -> RemoteError:
    """Return the error of a request that got no usable answer: unknown for a write, unavailable for a read."""
    if is_write:
        return OutcomeUnknownError(
            f"{what}, so nobody can tell whether the write was carried out",
            where=where,
            fix="nothing to do: syncd looks it up and never sends it again blindly",
        )
    return UnavailableError(
        what, where=where, fix="nothing to do if it passes; otherwise look at the tool's status page"
    )


def judge_failure(exc: Exception, *, url: str, where: str, is_write: bool) -> RemoteError:
    """Return what a failed exchange means; what was surely never sent is `UnavailableError` for writes too."""
    host = _host(url)
    if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return MisaddressedError("the url is not a web address", where=where, fix=_FIX_URL)
    if _is_tls(exc):
        return MisaddressedError(
            f"no trusted TLS connection to {host}: {_tls_reason(exc)}",
            where=where,
            fix="check the url; for a private certificate authority set SSL_CERT_FILE to its certificate",
        )
    if isinstance(exc, httpx.ConnectTimeout | httpx.PoolTimeout):
        return UnavailableError(f"no connection to {host} in time", where=where, fix="check the network and the url")
    if isinstance(exc, httpx.ConnectError):
        reason, fix = _connect_reason(exc, host)
        return UnavailableError(reason, where=where, fix=fix)
    if isinstance(exc, httpx.TimeoutException):
        return failed(f"{host} did not answer in time", where=where, is_write=is_write)
    return failed(f"the connection to {host} was lost", where=where, is_write=is_write)


def elsewhere(url: str, *, where: str) -> RemoteError:
    """Return the error of an address that answers, but has not what every tool of this kind has."""
    return MisaddressedError(
        f"{_host(url)} answers, but {httpx.URL(url).path} is not there: this is not the tool's address",
        where=where,
        fix=_FIX_URL,
    )


def retry_hint_s(response: httpx.Response, now: datetime) -> float | None:
    """Return the seconds its `Retry-After` asks for; `None` without one, and when it is neither form."""
    try:
        return parse_retry_after(response.headers["retry-after"], now)
    except (KeyError, ValueError):
        return None


def same_origin(a: httpx.URL, b: httpx.URL) -> bool:
    """Tell whether a credential meant for *a* may go to *b*: same scheme, host and port."""
    return (a.scheme, a.host, a.port) == (b.scheme, b.host, b.port)


def _judge_success(response: httpx.Response, where: str, *, is_write: bool) -> RemoteError | None:
    if not is_html(response):
        return None
    what = "the tool answered with a web page where data was expected"
    if is_write:
        return failed(what, where=where, is_write=True)
    return MisaddressedError(what, where=where, fix=_FIX_URL)


def _judge_access(status: int, where: str, name: str, said: str) -> RemoteError:
    if status == httpx.codes.UNAUTHORIZED:
        return AuthError(
            f"the credential was not accepted{said}",
            where=where,
            fix=f"check the account and token of {name}: they may be mistyped, expired or revoked",
        )
    return ForbiddenError(
        f"the credential may not do this{said}",
        where=where,
        fix=f"grant the account of {name} the permission, or the token the missing scope",
    )


def _judge_absence(response: httpx.Response, where: str, said: str) -> RemoteError:
    if is_html(response):  # a proxy or another product speaks: this says nothing about the item
        return MisaddressedError(
            f"the address answered {response.status_code} with a web page, not with data", where=where, fix=_FIX_URL
        )
    return NotFoundError(
        f"not there, or hidden from this account{said}",
        where=where,
        fix="check that it exists and that the account may see it",
    )


def _judge_redirect(response: httpx.Response, where: str) -> RemoteError:
    target = response.next_request.url.host if response.next_request else "nowhere"
    return MisaddressedError(
        f"the address sends us on to {target}; a credential is never forwarded", where=where, fix=_FIX_URL
    )


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or "the url"
    except httpx.InvalidURL:
        return "the url"


def _causes(exc: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = exc
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _is_tls(exc: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(exc))


def _tls_reason(exc: BaseException) -> str:
    for cause in _causes(exc):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return str(getattr(cause, "verify_message", "")) or "its certificate is not valid"
    return "the handshake failed"


def _connect_reason(exc: BaseException, host: str) -> tuple[str, str]:
    causes = list(_causes(exc))
    text = " ".join(str(cause) for cause in causes).lower()
    if any(sign in text for sign in ("name or service", "getaddrinfo", "nodename", "name resolution", "no address")):
        return f"there is no host called {host}", "check the url for a typing error, and this machine's DNS"
    if "refused" in text or any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"{host} refused the connection", "check the url's port, and that the tool is running"
    return f"no connection to {host}", "check the network and the url"
