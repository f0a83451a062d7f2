"""Sending one message to one target, at most for half a minute, and telling why it was not taken."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

import httpx

from syncd.connectors._answers import retry_hint_s
from syncd.connectors._http import make_client
from syncd.engine.telling import Message, one_line
from syncd.errors import DeliveryError
from syncd.settings.notify import MailTarget, Target, WebhookTarget
from syncd.world import World

if TYPE_CHECKING:
    from aiosmtplib import SMTPException

SEND_S: Final = 30.0
"""Seconds that one message may take."""
_AUTHENTICATION: Final = frozenset({530, 534, 535, 538})
_LATER: Final = "nothing to do if it passes: it is sent again, further and further apart"


async def send(target: Target, message: Message, world: World) -> str:
    """
    Send *message* to *target*; return what a person should know of it all the same, mostly nothing.

    Raises:
        DeliveryError: it was not taken. No address of a webhook and no password is in it.
    """
    try:
        async with asyncio.timeout(SEND_S):
            if isinstance(target, WebhookTarget):
                await _post(target, message, world)
                return ""
            if isinstance(target, MailTarget):
                return await _mail(target, message, world)
    except TimeoutError as exc:
        raise DeliveryError(f"it did not take the message within {SEND_S:g} s", where=target.name, fix=_LATER) from exc
    raise TypeError(target)


async def _post(target: WebhookTarget, message: Message, world: World) -> None:
    url, where = target.url.get_secret_value(), target.name
    try:
        async with (
            make_client(world, timeout_s=SEND_S) as client,
            client.stream("POST", url, json={"text": _escaped(message.text)}) as response,
        ):
            status, wait_s = response.status_code, retry_hint_s(response, world.now())
    except httpx.TimeoutException as exc:
        raise DeliveryError("it did not answer in time", where=where, fix=_LATER) from exc
    except (httpx.HTTPError, ssl.SSLError) as exc:
        what = f"no connection could be had ({type(exc).__name__})"
        raise DeliveryError(what, where=where, fix="check the address, the network and its certificate") from exc
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise DeliveryError("its address is no web address", where=where, fix="correct the address") from exc
    if not httpx.codes.is_success(status):
        raise DeliveryError(f"it answered {status}", where=where, fix=_fix_of(status), wait_s=wait_s or 0.0)


def _fix_of(status: int) -> str:
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return _LATER
    if httpx.codes.is_redirect(status):
        return "put the address it leads to in place of this one"
    return "make a new webhook there, and put its address in place of this one"


def _escaped(text: str) -> str:
    """
    Return *text* so that no title in it links, mentions or calls anybody.

    Slack reads `<...>` as links and mentions (https://api.slack.com/reference/surfaces/formatting#escaping, read
    2026-11-28); others read a plain `@all`, so a zero-width space parts every `@` from its word.
    """
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, instead)
    return re.sub(r"@(?=\w)", "@\u200b", text)


def mail_of(target: MailTarget, message: Message, world: World) -> EmailMessage:
    """Return *message* as mail. Sent again, it has the same id, by which a mail system may know it."""
    mail = EmailMessage()
    mail["Subject"] = one_line(message.subject, longest=120)
    mail["From"], mail["To"] = target.sender, ", ".join(target.to)
    mail["Date"] = format_datetime(world.now())
    domain = target.sender.rpartition("@")[2]
    digest = hashlib.sha256(f"{target.name}\n{message.text}".encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{digest}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{message.text}\n")
    return mail


async def _mail(target: MailTarget, message: Message, world: World) -> str:
    import aiosmtplib

    try:
        refused, _ = await aiosmtplib.send(
            mail_of(target, message, world),
            sender=target.sender,
            recipients=list(target.to),
            hostname=target.host,
            port=target.port,
            username=target.user,
            password=target.password.get_secret_value() if target.password else None,
            local_hostname=target.sender.rpartition("@")[2],
            timeout=SEND_S,
            use_tls=target.security == "tls",
            start_tls=target.security == "starttls",
        )
    except aiosmtplib.SMTPException as exc:
        raise _refused(target, exc) from exc
    except (OSError, ssl.SSLError, ValueError) as exc:
        what = f"no connection could be had ({type(exc).__name__})"
        raise DeliveryError(what, where=target.name, fix="check host, port and security of that target") from exc
    return f"{len(refused)} of its {len(target.to)} addresses were refused" if refused else ""


def _refused(target: MailTarget, exc: SMTPException) -> DeliveryError:
    """Return what a mail server's no means; its own words stay there, since they may repeat what we sent."""
    import aiosmtplib

    code = getattr(exc, "code", None)
    if isinstance(exc, aiosmtplib.SMTPRecipientsRefused):
        what, fix = "it takes mail for none of the addresses", "correct to: of that target"
    elif isinstance(exc, aiosmtplib.SMTPAuthenticationError) or code in _AUTHENTICATION:
        what, fix = "it refuses the user or the password", "correct user and password of that target"
    elif isinstance(exc, aiosmtplib.SMTPNotSupported) or type(exc) is aiosmtplib.SMTPException:
        what, fix = f"it does not offer what security: {target.security} needs", "correct security of that target"
    elif isinstance(exc, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPTimeoutError):
        what, fix = "no connection could be had", "check host, port and security of that target"
    else:
        what, fix = "it did not take the message", _LATER
    return DeliveryError(f"{what} ({code or type(exc).__name__})", where=target.name, fix=fix)
