"""What the mutations share: their input, and whose doing they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.edits_issue import Changes, Hand
from syncd.sandbox.linear.nodes import ActorBot
from syncd.sandbox.linear.state import FORBIDDEN, Refusal

Given = Mapping[str, object]
Mutation = Callable[[Context, Given], dict[str, object]]
"""Carries one mutation out: takes its arguments and returns its payload."""
NEVER_EMPTY = frozenset({"name", "status", "sort_order", "color", "starts_at", "ends_at"})
"""Null leaves these as they are."""


def input_of(args: Given) -> Given:
    """Return a mutation's `input`."""
    found = args["input"]
    return found if isinstance(found, Mapping) else {}


def ids(value: object) -> list[str]:
    """Return a list of ids, none for null."""
    return [str(one) for one in value] if isinstance(value, list) else []


def plain(given: Given, names: Mapping[str, str]) -> Changes:
    """Return the inputs among *names* as new values by attribute."""
    return {
        attribute: given[name]
        for name, attribute in names.items()
        if name in given and (given[name] is not None or attribute not in NEVER_EMPTY)
    }


def hand(context: Context, given: Given | None = None) -> Hand:
    """Return whose doing a request is; only an app may say it writes as somebody else."""
    name = (given or {}).get("createAsUser")
    if name is None:
        return Hand(user=context.viewer)
    if not context.session.is_app:
        told = "createAsUser is only available to OAuth applications in actor=app mode."
        raise Refusal("createAsUser can only be used by applications", code=FORBIDDEN, told=told)
    icon = (given or {}).get("displayIconUrl")
    bot = ActorBot(
        id=context.viewer.id,
        type="app",
        name=context.viewer.name,
        user_display_name=str(name),
        avatar_url=str(icon) if icon else None,
    )
    return Hand(user=context.viewer, bot=bot)
