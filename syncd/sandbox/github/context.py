"""What a resolver may know about the request it serves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.sandbox.github.auth import Session
    from syncd.sandbox.github.limits import Limits, Spend
    from syncd.sandbox.github.nodes import User
    from syncd.sandbox.github.state import State


@dataclass(slots=True, kw_only=True)
class Context:
    """One request."""

    state: State
    session: Session
    limits: Limits
    spend: Spend
    written: list[str] = field(default_factory=list)
    """The node ids that were really written, by mutation, in order."""

    @property
    def viewer(self) -> User:
        """Whose token it is."""
        return self.session.user
