"""The REST endpoints GraphQL cannot replace, and a few that tell the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from syncd.sandbox.github import edits_comment, edits_milestone, rest_payloads
from syncd.sandbox.github.auth import Gate, Session
from syncd.sandbox.github.limits import Limits
from syncd.sandbox.github.nodes import Milestone, Repository
from syncd.sandbox.github.resolvers_issue import issue_order, tests_of
from syncd.sandbox.github.rest_hooks import HookApi
from syncd.sandbox.github.rest_http import SECONDARY, Fail, invalid, page_of, read_body, refusal, tell
from syncd.sandbox.github.rest_payloads import LabelBody, MilestoneBody
from syncd.sandbox.github.state import Refusal, State, wire
from syncd.sandbox.pacific import due_on
from syncd.sandbox.standin import wrote

NOT_MODIFIED = 304

Answer: TypeAlias = tuple[int, object]
Handler: TypeAlias = Callable[[Request, Session, bytes], Answer]


class RestApi:
    """Answers REST requests from the state."""

    def __init__(self, state: State, gate: Gate, limits: Limits) -> None:
        self._state = state
        self._gate = gate
        self._limits = limits
        self._hooks = HookApi(state)

    def routes(self) -> list[BaseRoute]:
        """Return the endpoints, as paths below `https://api.github.com`."""
        repository = "/repos/{owner}/{repo}"
        return [
            self._route("GET", f"{repository}/milestones", self.list_milestones),
            self._route("POST", f"{repository}/milestones", self.create_milestone),
            self._route("GET", f"{repository}/milestones/{{number:int}}", self.get_milestone),
            self._route("PATCH", f"{repository}/milestones/{{number:int}}", self.update_milestone),
            self._route("GET", f"{repository}/issues", self.list_issues),
            self._route("GET", f"{repository}/issues/{{number:int}}", self.get_issue),
            self._route("GET", f"{repository}/issues/comments", self.list_comments),
            self._route("GET", f"{repository}/labels", self.list_labels),
            self._route("POST", f"{repository}/labels", self.create_label),
            self._route("GET", "/orgs/{org}/issue-types", self.list_issue_types),
            *(self._route(method, path, handler) for method, path, handler in self._hooks.endpoints()),
            self._route("GET", "/user", self.get_user),
            self._route("GET", "/rate_limit", self.get_rate_limit, cost=0),
            Route("/app/installations/{installation:int}/access_tokens", self.create_token, methods=["POST"]),
            Route("/{rest:path}", self._nothing, methods=["GET", "POST", "PATCH", "PUT", "DELETE"]),
        ]

    def _route(self, method: str, path: str, handler: Handler, *, cost: int = 1) -> Route:
        async def endpoint(request: Request) -> Response:
            return self._serve(request, handler, await request.body(), cost)

        return Route(path, endpoint, methods=[method])

    def _serve(self, request: Request, handler: Handler, body: bytes, cost: int) -> Response:
        """Check who asks and what is left, then answer."""
        session = self._gate.session(request.headers.get("authorization"))
        if session is None:
            return refusal(401, "Bad credentials")
        wait_s = self._limits.blocked_s()
        creates = request.method == "POST"
        if creates and not wait_s:
            wait_s = self._limits.content_wait_s()
        if wait_s:
            return refusal(403, SECONDARY, headers={"retry-after": str(wait_s)})
        bucket = self._limits.rest
        if not self._limits.spend(bucket, cost):
            message = f"API rate limit exceeded for user ID {session.user.database_id}."
            return refusal(403, message, headers=bucket.headers("core"))
        headers = bucket.headers("core")
        if session.scopes is not None:
            headers["x-oauth-scopes"] = ", ".join(sorted(session.scopes))
        self._state.actor = session.user
        try:
            status, content = handler(request, session, body)
        except Fail as fail:
            return refusal(fail.status, fail.message, fail.errors, headers)
        except Refusal:
            return refusal(404, "Not Found", headers=headers)
        if request.method != "GET":
            wrote(request)
        response = tell(request, status, content, headers)
        if response.status_code == NOT_MODIFIED:
            bucket.used -= cost
        return response

    async def _nothing(self, _request: Request) -> Response:
        return refusal(404, "Not Found")

    # --- milestones and labels -----------------------------------------------------------

    def list_milestones(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """List milestones: open ones by due date, unless told otherwise."""
        query = request.query_params
        state = query.get("state", "open").upper()
        found = [one for one in self._repository(request).milestones if one and state in {one.state, "ALL"}]
        if query.get("sort") == "completeness":
            found.sort(key=lambda one: one.closed_issue_count / max(1, len(one.issues)))
        else:
            found.sort(key=lambda one: (one.due_on or "9999", one.number))
        if query.get("direction") == "desc":
            found.reverse()
        return 200, page_of(request, found, rest_payloads.milestone)

    def get_milestone(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """Return one milestone."""
        return 200, rest_payloads.milestone(self._milestone(request))

    def create_milestone(self, request: Request, session: Session, body: bytes) -> Answer:
        """Make a milestone; a title that is taken is refused."""
        given = read_body(MilestoneBody, body, "Milestone")
        repository = self._repository(request)
        if given.title is None or not given.title.strip():
            raise invalid("Milestone", "title", "missing_field")
        for name in given.model_fields_set:
            if getattr(given, name) is None:
                # Source: github.com/harvester/harvester pull request 11739 (read 2026-11-20).
                raise Fail(422, f"Invalid request.\n\nFor 'properties/{name}', nil is not a string.")
        try:
            made = self._state.add_milestone(
                repository,
                given.title,
                description=given.description,
                due_on=due_on(given.due_on) if given.due_on else None,
                creator=session.user,
            )
        except Refusal:
            raise invalid("Milestone", "title", "already_exists") from None
        if given.state == "closed":
            edits_milestone.set_state(self._state, made, "CLOSED")
        self._limits.created()
        return 201, rest_payloads.milestone(made)

    def update_milestone(self, request: Request, _session: Session, body: bytes) -> Answer:
        """Change what is given; a null description or due date clears it."""
        given = read_body(MilestoneBody, body, "Milestone")
        one = self._milestone(request)
        named = given.model_fields_set
        try:
            if given.title is not None:
                edits_milestone.rename(self._state, one, given.title)
        except Refusal:
            raise invalid("Milestone", "title", "already_exists") from None
        if "description" in named:
            edits_milestone.describe(self._state, one, given.description)
        if "due_on" in named:
            edits_milestone.set_due(self._state, one, due_on(given.due_on) if given.due_on else None)
        if given.state is not None:
            edits_milestone.set_state(self._state, one, given.state.upper())
        return 200, rest_payloads.milestone(one)

    def list_labels(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """List a repository's labels by name."""
        found = [one for _, one in sorted(self._repository(request).labels.items())]
        return 200, page_of(request, found, rest_payloads.label)

    def create_label(self, request: Request, _session: Session, body: bytes) -> Answer:
        """Make a label; a name that is taken, whatever its case, is refused."""
        given = read_body(LabelBody, body, "Label")
        repository = self._repository(request)
        try:
            made = self._state.add_label(repository, given.name, color=given.color, about=given.description)
        except Refusal:
            raise invalid("Label", "name", "already_exists") from None
        self._limits.created()
        return 201, rest_payloads.label(made)

    # --- issues --------------------------------------------------------------------------

    def list_issues(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """List issues *and pull requests*: open ones, latest first, unless told otherwise."""
        query = request.query_params
        filters: dict[str, object] = {}
        state = query.get("state", "open")
        if state != "all":
            filters["states"] = [state.upper()]
        filters |= {to: query[name] for name, to in _FILTERS.items() if name in query}
        tests = tests_of(filters)
        tests += [test for name in query.get("labels", "").split(",") if name for test in tests_of({"labels": [name]})]
        order = issue_order(
            self._repository(request),
            tests,
            _since(query.get("since")),
            by_update=query.get("sort") == "updated",
            descending=query.get("direction", "desc") == "desc",
        )
        places = range(order.low, order.high)
        found = (one for _, one in order.listed(reversed(places) if order.descending else places))
        return 200, page_of(request, found, rest_payloads.issue)

    def get_issue(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """Return one issue; 410 for a deleted one."""
        repository, number = self._repository(request), int(request.path_params["number"])
        if (repository.id, number) in self._state.gone:
            raise Fail(410, "This issue was deleted")
        found = repository.contents[number - 1] if 0 < number <= len(repository.contents) else None
        if found is None or found.hidden:
            raise Fail(404, "Not Found")
        return 200, rest_payloads.issue(found)

    def list_comments(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """List the comments of all issues *and pull requests*, oldest first; by update when told so."""
        query = request.query_params
        by_update = query.get("sort") == "updated"
        found = edits_comment.listed(self._repository(request), _since(query.get("since")), by_update=by_update)
        if "sort" in query and query.get("direction") == "desc":
            found.reverse()
        return 200, page_of(request, found, rest_payloads.comment)

    # --- the account ---------------------------------------------------------------------

    def list_issue_types(self, request: Request, _session: Session, _body: bytes) -> Answer:
        """List an organisation's issue types."""
        found = self._state.organizations.get(request.path_params["org"].casefold())
        if found is None:
            raise Fail(404, "Not Found")
        return 200, [rest_payloads.issue_type(one) for one in found.issue_types]

    def get_user(self, _request: Request, session: Session, _body: bytes) -> Answer:
        """Return whose token it is; an app's token is nobody's."""
        if session.scopes is None:
            raise Fail(403, "Resource not accessible by integration")
        return 200, rest_payloads.account(session.user)

    def get_rate_limit(self, _request: Request, _session: Session, _body: bytes) -> Answer:
        """Return what is left; asking is free."""
        told = {
            name: {
                "limit": bucket.limit,
                "used": bucket.used,
                "remaining": bucket.remaining,
                "reset": bucket.resets_at,
            }
            for name, bucket in (("core", self._limits.rest), ("graphql", self._limits.graphql))
        }
        search = {"limit": 30, "used": 0, "remaining": 30, "reset": self._limits.rest.resets_at}
        return 200, {"resources": told | {"search": search}, "rate": told["core"]}

    async def create_token(self, request: Request) -> Response:
        """Make an installation token for whoever proves to be the app."""
        if not self._gate.is_app(request.headers.get("authorization")):
            return refusal(401, "A JSON web token could not be decoded")
        if not self._gate.installed or request.path_params["installation"] != self._gate.installation_id:
            return refusal(404, "Not Found")
        token, expires_at = self._gate.install_token()
        content = {
            "token": token,
            "expires_at": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}",
            "permissions": {"issues": "write", "organization_projects": "write", "metadata": "read"},
            "repository_selection": "all",
        }
        return JSONResponse(content, 201)

    # --- finding -------------------------------------------------------------------------

    def _repository(self, request: Request) -> Repository:
        return self._state.repository(request.path_params["owner"], request.path_params["repo"])

    def _milestone(self, request: Request) -> Milestone:
        found, number = self._repository(request).milestones, int(request.path_params["number"])
        one = found[number - 1] if 0 < number <= len(found) else None
        if one is None:
            raise Fail(404, "Not Found")
        return one


_FILTERS = {"creator": "createdBy", "assignee": "assignee", "milestone": "milestone", "type": "type"}


def _since(text: str | None) -> str:
    """Return a `since` parameter as times are stored; nonsense is refused."""
    if text is None:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("Issue", "since", "invalid") from None
    return wire(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
