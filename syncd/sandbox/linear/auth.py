"""
Who may do what: personal API keys, sent bare, and OAuth tokens, sent as `Bearer`.

A token granted to an app itself (`actor=app`) may write as somebody
(`createAsUser`); nobody else may. Source: vendor-facts section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syncd.sandbox.linear.nodes import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one key or token stands for."""

    user: User
    is_app: bool = False


class Gate:
    """The keys and tokens in force."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._keys: dict[str, Session] = {}
        self._tokens: dict[str, Session] = {}

    def grant_key(self, user: User) -> str:
        """Make a personal API key for *user* and return it."""
        made = f"lin_api_{self._new_id()}"
        self._keys[made] = Session(user=user)
        return made

    def grant_token(self, user: User) -> str:
        """Make an OAuth token for *user*, an app or a person, and return it."""
        made = f"lin_oauth_{self._new_id()}"
        self._tokens[made] = Session(user=user, is_app=user.app)
        return made

    def revoke(self, secret: str | None = None) -> None:
        """Withdraw one key or token, or all of them."""
        for held in (self._keys, self._tokens):
            if secret is None:
                held.clear()
            else:
                held.pop(secret, None)

    def session(self, authorization: str | None) -> Session | None:
        """Return what an `Authorization` header stands for; `None` when it is no good."""
        scheme, _, rest = (authorization or "").strip().partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.get(rest.strip())
        return None if rest else self._keys.get(scheme)

    def is_key_as_token(self, authorization: str | None) -> bool:
        """Say whether somebody sent an API key as if it were a token, which Linear answers by name."""
        scheme, _, rest = (authorization or "").strip().partition(" ")
        return scheme.lower() == "bearer" and rest.strip() in self._keys
