"""Who may do what: personal tokens with scopes, and the tokens of an installed app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from syncd.sandbox.github.nodes import User

SCOPES = frozenset({"repo", "project", "read:org", "read:user"})
"""What the bot's token is granted."""
IMPLIED = {
    "project": frozenset({"read:project"}),
    "admin:org": frozenset({"read:org"}),
    "user": frozenset({"read:user", "user:email"}),
}
NEEDS: Mapping[str, tuple[str, ...]] = {
    "projectV2": ("read:project",),
    "projectsV2": ("read:project",),
    "projectItems": ("read:project",),
    "projectV2Items": ("read:project",),
    "organization": ("read:org",),
    "issueTypes": ("read:org", "repo"),
    "email": ("user:email", "read:user"),
}
"""By GraphQL field, the scopes of which a token needs one."""
MUTATION_NEEDS = ("project",)
"""What a mutation on a project needs; one on an issue needs `repo`."""
INSTALLATION_TOKEN_LIFE = timedelta(hours=1)
MAX_JWT_LIFE = timedelta(minutes=10)
ALLOWED_CLOCK_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one token stands for."""

    user: User
    scopes: frozenset[str] | None
    """`None` for an app, whose permissions are not scopes."""
    expires_at: datetime | None = None

    def has_one_of(self, scopes: tuple[str, ...]) -> bool:
        """Say whether the token is granted any of *scopes*, directly or by a wider one."""
        if self.scopes is None:
            return True
        granted = self.scopes | {narrow for wide in self.scopes for narrow in IMPLIED.get(wide, ())}
        return bool(granted & set(scopes))


class Gate:
    """The tokens in force, and the one app that is installed."""

    def __init__(self, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._now = now
        self._new_id = new_id
        self._sessions: dict[str, Session] = {}
        self.app_id = 4_711
        self.installation_id = 815
        self.app_user: User | None = None
        self.installed = True

    def grant(self, user: User, scopes: frozenset[str] = SCOPES, token: str | None = None) -> str:
        """Make a personal access token for *user* and return it."""
        made = token or f"ghp_{self._new_id()}"
        self._sessions[made] = Session(user=user, scopes=scopes)
        return made

    def revoke(self, token: str | None = None) -> None:
        """Withdraw one token, or all of them and the app."""
        if token is None:
            self._sessions.clear()
            self.installed = False
        else:
            self._sessions.pop(token, None)

    def session(self, authorization: str | None) -> Session | None:
        """Return what an `Authorization` header stands for; `None` when it is no good."""
        scheme, _, token = (authorization or "").partition(" ")
        found = self._sessions.get(token.strip()) if scheme.lower() in {"bearer", "token"} else None
        if found is not None and found.expires_at is not None and found.expires_at <= self._now():
            return None
        return found

    @cached_property
    def private_key(self) -> str:
        """The app's private key in PEM, made when first asked for."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    def is_app(self, authorization: str | None) -> bool:
        """
        Say whether the header carries a JWT the app signed, for at most ten minutes.

        Source: docs.github.com "Generating a JSON Web Token (JWT) for a GitHub App".
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "iss"]},
            )
            issued, expires = float(claims["iat"]), float(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError):
            return False
        now = self._now().timestamp()
        skew = ALLOWED_CLOCK_SKEW.total_seconds()
        in_time = issued <= now + skew and now < expires <= now + MAX_JWT_LIFE.total_seconds() + skew
        return in_time and str(claims["iss"]) == str(self.app_id)

    def install_token(self) -> tuple[str, datetime]:
        """Make a token for the installation, good for an hour."""
        if self.app_user is None:
            raise LookupError("no app is installed")
        token = f"ghs_{self._new_id()}"
        expires_at = self._now() + INSTALLATION_TOKEN_LIFE
        self._sessions[token] = Session(user=self.app_user, scopes=None, expires_at=expires_at)
        return token, expires_at
