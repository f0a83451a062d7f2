"""What a connection says about its webhooks: the secret its tool signs with, or the secret path of their URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import SecretStr

from syncd.mapping.problems import Place, Problems
from syncd.settings.schema import WebhookModel
from syncd.settings.secrets import FIX, UNSET, Resolver

MIN_LENGTH: Final = 16
"""Characters below which a secret can be guessed."""
_IN_A_PATH: Final = re.compile(r"[A-Za-z0-9._~-]+")
_MAKE_ONE: Final = "make one with: openssl rand -hex 32"


class Signs(Protocol):
    """What the loader needs to know of a tool's webhooks."""

    @property
    def signed(self) -> bool:
        """Whether the tool signs what it sends."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How a connection's webhooks prove who sends them; exactly one of both is set."""

    secret: SecretStr | None = None
    """What the tool signs with."""
    token: SecretStr | None = None
    """The last part of the URL the tool calls."""


def read_webhook(
    model: WebhookModel | None, tool: str, hooks: Signs | None, at: Place, resolver: Resolver, problems: Problems
) -> Webhook | None:
    """Return what a connection of *tool* says about its webhooks, noting what is wrong; `None` when it says nothing."""
    if model is None:
        return None
    if hooks is None:
        problems.add(at, f"syncd reads no webhooks of {tool}", "remove it: changes are found by looking every so often")
        return None
    if (model.secret is None) == (model.token is None):
        wanted = "webhook: {secret: {env: NAME}}" if hooks.signed else "webhook: {token: {env: NAME}}"
        problems.add(at, "it must say either secret or token", f"write {wanted}")
        return None
    key = "token" if model.secret is None else "secret"
    if key == "secret" and not hooks.signed:
        problems.add(
            at / key,
            f"{tool} does not sign its webhooks",
            "write token: {env: NAME} instead, and end the URL it calls with that token",
        )
        return None
    value = getattr(model, key)
    found = str(resolver.resolve(value, at / key))
    if (at / key).path not in resolver.resolved:
        what = "a secret is written in this file" if isinstance(value, str) else "this is no reference to a secret"
        problems.add(at / key, what, FIX)
        return None
    if found != UNSET:
        _check(key, found, at / key, problems)
    return Webhook(secret=SecretStr(found)) if key == "secret" else Webhook(token=SecretStr(found))


def _check(key: str, value: str, at: Place, problems: Problems) -> None:
    """Note a secret that is too short to be one, and a token that no URL can end with."""
    if len(value) < MIN_LENGTH:
        problems.add(at, f"a {key} of {len(value)} characters can be guessed", f"{_MAKE_ONE} (at least {MIN_LENGTH})")
    elif key == "token" and not _IN_A_PATH.fullmatch(value):
        problems.add(at, "a token is the end of a URL, and this one does not fit there", _MAKE_ONE)
