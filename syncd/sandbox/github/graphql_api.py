"""
`POST /graphql`: checks in the order GitHub makes them, then runs the document.

Almost everything answers 200: refusals are `errors` with a `type`, as in the
recorded answers. Parsed and validated documents are kept by their text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphql import GraphQLError, OperationDefinitionNode, OperationType, execute_sync
from starlette.responses import JSONResponse

from syncd.sandbox.documents import Answered, Ask, Prepared, locations, prepare, read_ask, root_fields
from syncd.sandbox.github.auth import MUTATION_NEEDS, NEEDS, Gate, Session
from syncd.sandbox.github.context import Context
from syncd.sandbox.github.limits import MAX_NODES, Limits, Spend, price
from syncd.sandbox.github.schema import CREATES, schema
from syncd.sandbox.github.state import Refusal, State

DOCS = "https://docs.github.com/graphql"
NO_NAME = "An operation name is required"


def error(kind: str, message: str, **more: object) -> dict[str, object]:
    """Return one entry of `errors`."""
    return {"type": kind, **more, "message": message}


class GraphQLApi:
    """Answers one request body for one session."""

    def __init__(self, state: State, gate: Gate, limits: Limits) -> None:
        self._state = state
        self._gate = gate
        self._limits = limits

    def answer(self, body: bytes, authorization: str | None) -> tuple[JSONResponse, int]:
        """Return the answer, and how many objects were written."""
        try:
            session = self._admit(authorization)
            return self._run(_ask(body), session)
        except Answered as answered:
            return answered.response, 0

    def _admit(self, authorization: str | None) -> Session:
        session = self._gate.session(authorization)
        if session is None:
            message = "Bad credentials" if authorization else "This endpoint requires you to be authenticated."
            raise Answered(_refuse(401, message))
        wait_s = self._limits.blocked_s()
        if wait_s:
            raise Answered(secondary(wait_s))
        return session

    def _run(self, ask: Ask, session: Session) -> tuple[JSONResponse, int]:
        prepared = prepare(ask.query, schema())
        if prepared.document is None or prepared.problems:
            return self._say(session, errors=[_misuse(one) for one in prepared.problems]), 0
        operation = prepared.operation(ask.operationName)
        if operation is None:
            message = f'No operation named "{ask.operationName}"' if ask.operationName else NO_NAME
            return self._say(session, errors=[{"message": message}]), 0
        variables = ask.variables or {}
        spend = price(prepared.document, operation, variables)
        self._afford(prepared, operation, session, spend)
        self._state.actor = session.user
        context = Context(state=self._state, session=session, limits=self._limits, spend=spend)
        result = execute_sync(schema(), prepared.document, None, context, variables, ask.operationName)
        told = [_told(one) for one in result.errors or ()]
        if result.data is None and not any("path" in one for one in told):
            return self._say(session, errors=told), 0
        return self._say(session, data=result.data, errors=told), len(context.written)

    def _afford(self, prepared: Prepared, operation: OperationDefinitionNode, session: Session, spend: Spend) -> None:
        """Take the points, unless scopes or limits forbid the whole request."""
        lacking = _lacking(prepared, operation, session)
        if lacking:
            raise Answered(self._say(session, errors=lacking))
        if spend.nodes > MAX_NODES:
            message = (
                f"This query requests up to {spend.nodes:,} possible nodes "
                f"which exceeds the maximum limit of {MAX_NODES:,}."
            )
            raise Answered(self._say(session, errors=[error("MAX_NODE_LIMIT_EXCEEDED", message)]))
        if not CREATES.isdisjoint(root_fields(prepared, operation)) and self._limits.content_wait_s():
            raise Answered(secondary(self._limits.content_wait_s(), "content creation"))
        if not self._limits.spend(self._limits.graphql, spend.cost):
            message = f"API rate limit exceeded for user ID {session.user.database_id}."
            raise Answered(self._say(session, errors=[error("RATE_LIMITED", message)]))

    def _say(self, session: Session, *, errors: Sequence[Mapping[str, object]] = (), **data: object) -> JSONResponse:
        """Answer 200 with data, errors or both."""
        content = {**data, **({"errors": errors} if errors else {})}
        return JSONResponse(content, headers=self.headers(session))

    def headers(self, session: Session) -> dict[str, str]:
        """Return the headers of every answer to a known session."""
        told = self._limits.graphql.headers("graphql")
        return told | ({"x-oauth-scopes": ", ".join(sorted(session.scopes))} if session.scopes is not None else {})


def secondary(wait_s: int, what: str | None = None) -> JSONResponse:
    """Answer 403 with `retry-after`, as the secondary limits do."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    if what:
        message = (
            f"You have exceeded a secondary rate limit and have been temporarily blocked from {what}. "
            "Please retry your request again later."
        )
    return _refuse(403, message, retry_after=wait_s)


def _refuse(status: int, message: str, *, retry_after: int | None = None) -> JSONResponse:
    content = {"message": message, "documentation_url": DOCS, "status": str(status)}
    return JSONResponse(content, status, {"retry-after": str(retry_after)} if retry_after is not None else None)


def _ask(body: bytes) -> Ask:
    ask = read_ask(body)
    if ask is None:
        raise Answered(_refuse(400, "A query attribute must be specified and must be a string."))
    return ask


def _lacking(prepared: Prepared, operation: OperationDefinitionNode, session: Session) -> list[dict[str, object]]:
    """Return an `INSUFFICIENT_SCOPES` error for each field the token may not touch."""
    needs = {name: scopes for name, scopes in NEEDS.items() if name in prepared.fields}
    if operation.operation is OperationType.MUTATION:
        for name in root_fields(prepared, operation):
            needs[name] = MUTATION_NEEDS if "ProjectV2" in name else ("repo", "public_repo")
    granted = ", ".join(f"'{scope}'" for scope in sorted(session.scopes or ()))
    return [
        error(
            "INSUFFICIENT_SCOPES",
            "Your token has not been granted the required scopes to execute this query. "
            f"The '{name}' field requires one of the following scopes: [{', '.join(repr(one) for one in scopes)}], "
            f"but your token has only been granted the: [{granted}] scopes. "
            "Please modify your token's scopes at: https://github.com/settings/tokens.",
        )
        for name, scopes in sorted(needs.items())
        if not session.has_one_of(scopes)
    ]


def _misuse(problem: GraphQLError) -> dict[str, object]:
    """Return the error for a document that is not valid: no `type`, and no data at all."""
    return {"locations": locations(problem), "message": problem.message}


def _told(problem: GraphQLError) -> dict[str, object]:
    """Return the error for what went wrong while running; a fault of our own is raised."""
    cause = problem.original_error
    if isinstance(cause, Refusal):
        return error(cause.kind, cause.message, path=problem.path, locations=locations(problem))
    if cause is not None and not isinstance(cause, GraphQLError):
        raise cause
    return {"locations": locations(problem), "message": problem.message}
