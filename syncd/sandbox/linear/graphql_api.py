"""
`POST /graphql`: checks in the order Linear makes them, then runs the document.

A bad key answers 401, a document that is not valid and a limit 400, and what
went wrong while running 200; all carry `errors` with `extensions.code`.
Shapes as recorded by several public clients (read 2026-11-28).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphql import GraphQLError, OperationDefinitionNode, execute_sync
from starlette.responses import JSONResponse

from syncd.sandbox.documents import Answered, Prepared, locations, prepare, read_ask
from syncd.sandbox.linear.auth import Gate, Session
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.limits import Limits, price
from syncd.sandbox.linear.schema import schema
from syncd.sandbox.linear.state import TYPES, Refusal, State

PREFIXED = (
    "It looks like you're trying to use an API key as a Bearer token. Remove the Bearer prefix from the "
    "Authorization header."
)
Problem = dict[str, object]


def problem(message: str, code: str, kind: str, *, status: int = 400, told: str | None = None) -> Problem:
    """Return one entry of `errors`."""
    extensions: dict[str, object] = {"type": kind, "code": code, "statusCode": status, "userError": status < 500}  # noqa: PLR2004
    if told is not None:
        extensions["userPresentableMessage"] = told
    return {"message": message, "extensions": extensions}


def unauthenticated(message: str = "Authentication required, not authenticated") -> JSONResponse:
    """Answer 401."""
    told = "You need to authenticate to access this operation."
    return refuse(401, problem(message, "AUTHENTICATION_ERROR", "authentication error", status=401, told=told))


def ratelimited(headers: Mapping[str, str], message: str = "Rate limit exceeded") -> JSONResponse:
    """Answer 400, which is how Linear tells a limit; the headers say how long."""
    told = "You have been rate limited. Please try again later."
    return refuse(400, problem(message, "RATELIMITED", "ratelimited", told=told), headers)


def refuse(status: int, error: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer with one error and no data at all."""
    return JSONResponse({"errors": [error]}, status, dict(headers or {}))


class GraphQLApi:
    """Answers one request body for one session."""

    def __init__(self, state: State, gate: Gate, limits: Limits) -> None:
        self._state = state
        self._gate = gate
        self._limits = limits

    def answer(self, body: bytes, authorization: str | None) -> tuple[JSONResponse, int]:
        """Return the answer, and how many objects were written."""
        session = self._gate.session(authorization)
        if session is None:
            wrong_way = self._gate.is_key_as_token(authorization)
            return (unauthenticated(PREFIXED) if wrong_way else unauthenticated()), 0
        try:
            return self._run(body, session)
        except Answered as answered:
            return answered.response, 0

    def _run(self, body: bytes, session: Session) -> tuple[JSONResponse, int]:
        ask = read_ask(body)
        if ask is None:
            raise self._misuse(
                [
                    problem(
                        "POST body missing, invalid Content-Type, or JSON object has no keys.",
                        "BAD_REQUEST",
                        "invalid input",
                    )
                ]
            )
        prepared = prepare(ask.query, schema())
        operation = prepared.operation(ask.operationName)
        if prepared.document is None or prepared.problems or operation is None:
            raise self._misuse([_invalid(one) for one in prepared.problems] or [_unnamed(ask.operationName)])
        variables = ask.variables or {}
        points = self._afford(prepared, operation, variables)
        context = Context(state=self._state, session=session, limits=self._limits, complexity=points)
        result = execute_sync(schema(), prepared.document, None, context, variables, ask.operationName)
        told = [_told(one) for one in result.errors or ()]
        if result.data is None and not any("path" in one for one in told):
            raise self._misuse(told)
        content: dict[str, object] = {"data": result.data, **({"errors": told} if told else {})}
        headers = {"X-Complexity": str(points), **self._limits.headers()}
        return JSONResponse(content, headers=headers), context.written

    def _afford(self, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, object]) -> int:
        """Take the points and return them, unless a limit forbids the request."""
        if prepared.document is None:
            return 0
        points = price(schema(), prepared.document, operation, variables)
        if points > self._limits.max_complexity:
            message = f"Query too complex: {points} points, {self._limits.max_complexity} are allowed"
            raise self._misuse([problem(message, "INPUT_ERROR", "invalid input", told=message)], points)
        if not self._limits.spend(points):
            raise Answered(ratelimited({"X-Complexity": str(points), **self._limits.headers()}))
        return points

    def _misuse(self, errors: Sequence[Problem], points: int = 0) -> Answered:
        """Return the way out for a request that is refused whole."""
        headers = {"X-Complexity": str(points), **self._limits.headers()}
        return Answered(JSONResponse({"errors": errors}, 400, headers))


def _invalid(error: GraphQLError) -> Problem:
    """Return the error for a document that does not fit the schema."""
    made = problem(error.message, "GRAPHQL_VALIDATION_FAILED", "graphql error")
    return {**made, "locations": locations(error)}


def _unnamed(name: str | None) -> Problem:
    message = (
        f'Unknown operation named "{name}".' if name else "Must provide operation name if query contains multiple."
    )
    return problem(message, "OPERATION_RESOLUTION_FAILURE", "graphql error")


def _told(error: GraphQLError) -> Problem:
    """Return the error for what went wrong while running; a fault of our own is raised."""
    cause = error.original_error
    place: Problem = {"locations": locations(error)} | ({"path": error.path} if error.path else {})
    if isinstance(cause, Refusal):
        return {**problem(cause.message, cause.code, TYPES[cause.code], told=cause.told), **place}
    if cause is not None and not isinstance(cause, GraphQLError):
        raise cause
    return {**problem(error.message, "BAD_USER_INPUT", "graphql error"), **place}
