"""The executable schema: `schema.graphql` with a resolver on every field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema

from syncd.sandbox.linear import (
    mutations_issue,
    mutations_labels,
    mutations_milestone,
    mutations_plan,
    mutations_talk,
    webhook_api,
)
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.filters import SPAN, Span
from syncd.sandbox.linear.mutations import Mutation
from syncd.sandbox.linear.nodes_issue import IssueHistory
from syncd.sandbox.linear.resolvers import RESOLVERS
from syncd.sandbox.linear.state import UUID, wire
from syncd.sandbox.schemas import held, load_schema, snake

MUTATIONS: dict[str, Mutation] = (
    mutations_issue.MUTATIONS
    | mutations_talk.MUTATIONS
    | mutations_plan.MUTATIONS
    | mutations_milestone.MUTATIONS
    | mutations_labels.MUTATIONS
    | webhook_api.MUTATIONS
)
BY_KEY = frozenset({"RateLimitPayload", "RateLimitResultPayload"})
"""Types whose values are mappings by GraphQL name, as payloads are."""
YEAR_CHARS, MONTH_CHARS = 4, 7


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """Return the schema, built once a process."""
    scalars = {
        "DateTime": _date_time,
        "DateTimeOrDuration": _date_time_or_span,
        "TimelessDate": _day,
        "TimelessDateOrDuration": _day_or_span,
        "UUID": _uuid,
    }
    return load_schema("syncd.sandbox.linear", _resolver, scalars)


def _resolver(kind: str, name: str) -> Callable[..., object]:
    if kind == "Mutation":
        return _mutation(name)
    known = RESOLVERS.get(f"{kind}.{name}")
    if known is not None:
        return lambda source, info, **args: known(source, info.context, args)
    if kind == "IssueHistory" and not hasattr(IssueHistory, snake(name)):
        return lambda source, _info, **_args: source.changes.get(name)
    by_key = kind in BY_KEY or kind.endswith("Payload")
    return held(name, by_key=by_key)


def _mutation(name: str) -> Callable[..., object]:
    carry_out = MUTATIONS[name]

    def resolve(_root: object, info: GraphQLResolveInfo[Context], **args: object) -> dict[str, object]:
        payload = carry_out(info.context, args)
        return {"success": True, "lastSyncId": float(info.context.state.sync_id), **payload}

    return resolve


# --- scalars -------------------------------------------------------------------------------


def _moment(value: object) -> datetime:
    """Read a time, a day (its midnight) or the shortcuts `2026` and `2026-05`, in UTC when it does not say."""
    text = str(value)
    text += {YEAR_CHARS: "-01-01", MONTH_CHARS: "-01"}.get(len(text), "")
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _date_time(value: object) -> str:
    try:
        return wire(_moment(value))
    except ValueError:
        raise GraphQLError(f'Expected value of type "DateTime", found "{value}".') from None


def _day(value: object) -> str:
    try:
        return (
            date.fromisoformat(str(value)).isoformat() if len(str(value)) > MONTH_CHARS else str(_moment(value).date())
        )
    except ValueError:
        pass
    try:
        return str(_moment(value).date())
    except ValueError:
        raise GraphQLError(f'Expected value of type "TimelessDate", found "{value}".') from None


def _is_span(value: object) -> bool:
    return isinstance(value, str) and len(value) > 1 and SPAN.fullmatch(value) is not None


def _date_time_or_span(value: object) -> str:
    return Span(str(value)) if _is_span(value) else _date_time(value)


def _day_or_span(value: object) -> str:
    return Span(str(value)) if _is_span(value) else _day(value)


def _uuid(value: object) -> str:
    found = str(value).lower()
    if not UUID.fullmatch(found):
        raise GraphQLError(f'Expected value of type "UUID", found "{value}".')
    return found
