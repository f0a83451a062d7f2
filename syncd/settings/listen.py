"""Where the daemon listens, and the token that its API asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

from syncd.mapping.problems import Place, Problems
from syncd.mapping.schema import Strict, refuse
from syncd.settings.secrets import FIX, UNSET, Resolver

OFF: Final = "off"
"""Said instead of an address: nobody listens there."""
MIN_LENGTH: Final = 16
"""Characters below which a token can be guessed."""
_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")
_HIGHEST: Final = 65535


def is_loopback(host: str) -> bool:
    """Return whether *host* leads to this machine itself, whoever asks for it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(value: object) -> object:
    """Read `HOST:PORT`, or `off`."""
    if value is False or value == OFF:
        return OFF
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found["port"]) > _HIGHEST:
        raise refuse(f'"{value}" is not an address to listen at', "write HOST:PORT such as 127.0.0.1:8080, or off")
    return value


AddressText: TypeAlias = Annotated[str, BeforeValidator(_address), WithJsonSchema({"type": "string"})]
"""`HOST:PORT` (`[::1]:8080` for IPv6), or `off`."""


class ListenModel(Strict):
    """Where the daemon listens."""

    hooks: AddressText = Field(
        default="127.0.0.1:8080", description="Webhooks and health: what the tools may reach, through a proxy with TLS."
    )
    admin: AddressText = Field(default="127.0.0.1:8081", description="Metrics, health and the API: for you alone.")
    token: str | dict[str, str] | None = Field(
        default=None, description="What the API asks for as a bearer token, as {env: NAME} or {file: path}."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#@]+$",
        description="Where the tools reach `hooks` from outside; given, webhooks are registered where a tool lets us.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host and a port; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the daemon listens; `None`: nowhere."""

    hooks: Address | None = Address(host="127.0.0.1", port=8080)
    admin: Address | None = Address(host="127.0.0.1", port=8081)
    token: SecretStr | None = None
    """What the API asks for; `None`: it answers nobody."""
    public_url: str | None = None
    """Where the tools reach `hooks` from outside."""

    @property
    def addresses(self) -> tuple[Address | None, Address | None]:
        """Both addresses, which cannot change under a running daemon."""
        return self.hooks, self.admin


def read_listen(model: ListenModel, at: Place, resolver: Resolver, problems: Problems) -> Listen:
    """Return where to listen, noting what is wrong."""
    hooks, admin = _parsed(model.hooks), _parsed(model.admin)
    if hooks is not None and hooks == admin and hooks.port:
        problems.add(
            at / "admin",
            f"webhooks and the API cannot both listen at {hooks}",
            "give each a port: only that of the webhooks is for others to reach",
        )
    token = _token(model, at / "token", resolver, problems)
    return Listen(hooks=hooks, admin=admin, token=token, public_url=model.public_url)


def _parsed(text: str) -> Address | None:
    found = _ADDRESS.fullmatch(text)
    return None if found is None else Address(host=found["six"] or found["host"], port=int(found["port"]))


def _token(model: ListenModel, at: Place, resolver: Resolver, problems: Problems) -> SecretStr | None:
    if model.token is None:
        return None
    found = str(resolver.resolve(model.token, at))
    if at.path not in resolver.resolved:
        written = isinstance(model.token, str)
        problems.add(at, "a secret is written in this file" if written else "this is no reference to a secret", FIX)
        return None
    if found != UNSET and (len(found) < MIN_LENGTH or not found.isascii() or not found.isprintable() or " " in found):
        problems.add(
            at,
            f"a token of {len(found)} characters can be guessed" if len(found) < MIN_LENGTH else "no header can say it",
            f"make one with: openssl rand -hex 32 (at least {MIN_LENGTH} characters)",
        )
    return SecretStr(found)
