"""What `syncd.yaml` says about telling people: whom, how, and about what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr

from syncd.mapping.problems import Place, Problems
from syncd.mapping.schema import Strict
from syncd.settings.listen import is_loopback
from syncd.settings.secrets import FIX, UNSET, Resolver


class Topic(StrEnum):
    """What people are told about, the most pressing first."""

    CREDENTIAL = "credential"
    """A tool refuses the credential."""
    CONFIGURATION = "configuration"
    """A changed configuration was refused, and the one before stays in force."""
    BRAKE = "brake"
    """A plan was refused whole."""
    SKIPPED = "skipped"
    """A tool never reported a change."""
    LAG = "lag"
    """A connection was not read to the end for too long."""
    CONFLICT = "conflict"
    QUARANTINE = "quarantine"
    UNMAPPED = "unmapped"
    """A field holds a value that no rule maps."""


def _listed(value: object) -> object:
    """Write one thing out as a list of one."""
    return (value,) if isinstance(value, str) else value


def _as_text(value: object) -> object:
    """Take a bare number for the text it is: a secret written out must not come back in a complaint about its type."""
    return str(value) if isinstance(value, int | float) else value


Reference: TypeAlias = Annotated[str | dict[str, str], BeforeValidator(_as_text)]
"""A secret as the file has it: text is refused with a sentence of its own."""
Words: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
"""By `security`, where a mail server usually listens."""


class WebhookToTell(Strict):
    """An address that takes Slack's JSON: Slack, Mattermost, Rocket.Chat, Discord (with `/slack` behind it)."""

    url: Reference = Field(description="Where to post, as {env: NAME} or {file: path}: whoever knows it may post.")


class MailToTell(Strict):
    """People to mail, and the server that takes it."""

    host: str = Field(min_length=1, description="The mail server.")
    port: int | None = Field(default=None, ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is kept private; it never falls back to none by itself."
    )
    user: str | None = Field(default=None, description="Whom to log in as; without it, nobody logs in.")
    password: Reference | None = Field(default=None, description="As {env: NAME} or {file: path}.")
    sender: str = Field(alias="from", description="The address that the mail comes from.")
    to: Words = Field(description="The addresses it goes to.")


class NotifyModel(Strict):
    """Somebody to tell: by a webhook or by mail."""

    webhook: WebhookToTell | None = Field(default=None, description="Post it.")
    smtp: MailToTell | None = Field(default=None, description="Mail it.")
    about: tuple[Topic, ...] = Field(default=tuple(Topic), min_length=1, description="What to tell; all if not given.")
    titles: bool = Field(default=True, description="Whether items are called by their titles too, not by keys alone.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place where people are told."""

    name: str
    """For people and for the store; never a secret."""
    about: frozenset[Topic] = frozenset(Topic)
    titles: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget(Target):
    """Posted to."""

    url: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTarget(Target):
    """Mailed to."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str | None = None
    password: SecretStr | None = None
    sender: str
    to: tuple[str, ...]


def read_notify(models: Sequence[NotifyModel], at: Place, resolver: Resolver, problems: Problems) -> tuple[Target, ...]:
    """Return whom to tell, as far as that can be made out; the rest is noted."""
    found: list[Target] = []
    for index, model in enumerate(models):
        here, names = at / index, [each.name for each in found]
        if model.webhook is not None and model.smtp is None:
            url = _secret(model.webhook.url, here / "webhook" / "url", resolver, problems)
            host = _host(url, here / "webhook" / "url", problems)
            name = _name(f"webhook {host}", names)
            found.append(
                WebhookTarget(name=name, about=frozenset(model.about), titles=model.titles, url=SecretStr(url))
            )
        elif model.smtp is not None and model.webhook is None:
            name = _name(f"mail {model.smtp.host}", names)
            found.append(_mail(name, model, model.smtp, here / "smtp", resolver, problems))
        else:
            problems.add(
                here,
                "it must say either webhook or smtp",
                "write webhook: {url: {env: NAME}}, or smtp: {host: ..., from: ..., to: ...}",
            )
    return tuple(found)


def _name(name: str, taken: Sequence[str]) -> str:
    """Return *name*, with a number behind it where several targets would be called so."""
    number = sum(each == name or each.startswith(f"{name} (") for each in taken) + 1
    return name if number == 1 else f"{name} ({number})"


def _secret(value: Reference, at: Place, resolver: Resolver, problems: Problems) -> str:
    """Return what a reference stands for, noting what is none."""
    found = resolver.resolve(value, at)
    if at.path not in resolver.resolved:
        what = "a secret is written in this file" if isinstance(value, str) else "this is no reference to a secret"
        problems.add(at, what, FIX)
        return UNSET
    return str(found)


def _host(url: str, at: Place, problems: Problems) -> str:
    """Return the host of *url*, noting what cannot be posted to; the URL itself is never shown."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if host is None and url != UNSET:
        problems.add(at, "it does not stand for a web address", "let it hold the whole address, https:// and all")
    return host or UNSET


def _mail(
    name: str, model: NotifyModel, smtp: MailToTell, at: Place, resolver: Resolver, problems: Problems
) -> MailTarget:
    password = None
    if smtp.password is not None:
        password = SecretStr(_secret(smtp.password, at / "password", resolver, problems))
    if (smtp.user is None) != (password is None):
        problems.add(at, "a user and a password go together", "give both, or neither")
    if password is not None and smtp.security == "none" and not is_loopback(smtp.host):
        problems.add(
            at / "security", "the password would cross the network for everybody to read", "use starttls or tls"
        )
    for key, address in (("from", smtp.sender), *(("to", each) for each in smtp.to)):
        if not _is_address(address):
            problems.add(at / key, f'"{address}" is not a mail address', "write it as name@host.example")
    return MailTarget(
        name=name,
        about=frozenset(model.about),
        titles=model.titles,
        host=smtp.host,
        port=smtp.port or PORTS[smtp.security],
        security=smtp.security,
        user=smtp.user,
        password=password,
        sender=smtp.sender,
        to=smtp.to,
    )


def _is_address(text: str) -> bool:
    """Say whether *text* is an address alone: no name beside it, nothing that could end a header."""
    before, at, behind = text.rpartition("@")
    return bool(before and at and behind) and text.isprintable() and not set(text) & set(' ,;:<>"')
