"""What a resolver may know about the request it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.sandbox.linear.auth import Session
    from syncd.sandbox.linear.limits import Limits
    from syncd.sandbox.linear.nodes import User
    from syncd.sandbox.linear.state import State


@dataclass(slots=True, kw_only=True)
class Context:
    """One request."""

    state: State
    session: Session
    limits: Limits
    complexity: int
    written: int = 0
    """How many objects were really written so far."""

    @property
    def viewer(self) -> User:
        """Whose key it is."""
        return self.session.user
