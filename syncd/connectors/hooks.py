"""
What a connector knows of its tool's webhooks: who sent one, which records it names, and how to ask for them.

A delivery is a hint to read records again by id. No value in it is believed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from syncd.connectors._json import parse_json
from syncd.model.refs import ConnectionName, Ref

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one webhook asks us to look at; all defaults together mean "nothing of ours"."""

    id: str | None = None
    """The tool's own id of the delivery, the same when it is sent again; `None`: the body's SHA-256 stands for it."""
    refs: tuple[Ref, ...] = ()
    """Records to read again by id, as `Connector.read_many` takes them; sorted, each once."""
    wide: bool = False
    """Something moved that no ref names: look at the whole connection."""
    sent_at: datetime | None = None
    """When this attempt was sent, told within what is signed; `None` when nothing signed tells it."""


class Hooks(Protocol):
    """How a tool's webhooks are told from forgeries, and read. Pure: no network, no clock."""

    signed: bool
    """The tool signs what it sends; otherwise only the secret path of the URL proves who calls."""

    def is_genuine(self, secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
        """
        Tell in constant time whether *body* was signed with *secret*; `False` where nothing is `signed`. Never raises.

        *headers* has names in lower case.
        """
        ...

    def read(
        self, connection: ConnectionName, settings: BaseModel, headers: Mapping[str, str], body: bytes
    ) -> Delivery:
        """
        Return what a webhook names. What belongs to another project, repository or team gives no refs, and is not wide.

        *settings* is an instance of the tool's own settings model.

        Raises:
            ValueError: *body* is none of the tool's; nothing else is ever raised, whatever *body* holds.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What the tool will send, as registered with it."""

    ids: tuple[str, ...]
    """The tool's own ids of the webhooks, one for each repository or team where it has to be so."""
    made: bool
    """Whether any of them was registered only now."""
    refresh_by: datetime | None = None
    """When to call `subscribe` again at the latest, lest it expire; `None`: it does not."""


class Subscribes(Protocol):
    """What a connector with `capabilities.subscribes` does besides."""

    async def subscribe(self, url: str, secret: SecretStr) -> Subscription:
        """
        Have the tool send its webhooks to *url*, signed with *secret*.

        Idempotent: webhooks to the same URL are found, set right and refreshed, never made
        twice; others are left alone. Raises RemoteError.
        """
        ...


class Replays(Protocol):
    """What a connector with `capabilities.replays` does besides: its tool never sends again by itself."""

    async def replay(self, url: str, since: datetime) -> int:
        """Have every delivery to *url* sent again that failed since then and has not arrived; return how many."""
        ...


def is_signed(secret: bytes, body: bytes, signature: str, *, method: str = "sha256") -> bool:
    """Tell in constant time whether *signature* is the hex HMAC of *body*; an empty secret signs nothing."""
    if not secret or method not in _METHODS:
        return False
    wanted = hmac.new(secret, body, method).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.strip().lower().encode("utf-8", "replace"))


_METHODS: Final = frozenset({"sha256", "sha384", "sha512"}) & hashlib.algorithms_available
"""What a signature may be made with; SHA-1 and MD5 are not accepted, whoever names them."""


def read_body(body: bytes, shape: type[T], what: str) -> T:
    """
    Return a JSON body as *shape*.

    Raises:
        ValueError: it is no JSON, or not of that shape; the message repeats nothing of the body.
    """
    try:
        return parse_json(body, shape)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        at = ".".join(str(part) for part in first["loc"][:4])[:80]
        raise ValueError(f"not {what}: {at or 'the body'}: {first['type']}") from None
    except (RecursionError, ArithmeticError) as exc:
        raise ValueError(f"not {what}: {type(exc).__name__}") from None


def moment_of_ms(stamp: float | None) -> datetime | None:
    """
    Return a moment told in milliseconds since 1970.

    Raises:
        ValueError: no calendar has it.
    """
    try:
        return None if stamp is None else _EPOCH + timedelta(milliseconds=stamp)
    except (ArithmeticError, ValueError):
        raise ValueError("a time that no calendar has") from None


def once(*refs: Ref) -> tuple[Ref, ...]:
    """Return refs sorted, each once."""
    return tuple(sorted(set(refs)))
