"""GitHub's stand-in, whole: its API, its people and its troubles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from syncd.errors import ConfigError
from syncd.sandbox.github import edits_comment, edits_issue, edits_milestone, edits_project, seed, showing
from syncd.sandbox.github.admin import Admin
from syncd.sandbox.github.auth import Gate
from syncd.sandbox.github.courier import GithubCourier
from syncd.sandbox.github.graphql_api import GraphQLApi, secondary
from syncd.sandbox.github.judge import judge
from syncd.sandbox.github.limits import SECONDARY_WAIT_S, Limits
from syncd.sandbox.github.nodes import Issue, IssueComment, Milestone
from syncd.sandbox.github.nodes_project import ProjectItem
from syncd.sandbox.github.people import WHERE, Found, People, name_of, typed
from syncd.sandbox.github.rest import RestApi
from syncd.sandbox.github.rest_http import refusal
from syncd.sandbox.github.state import Refusal, State
from syncd.sandbox.log import Judgement
from syncd.sandbox.portfolio import Portfolio
from syncd.sandbox.standin import unknown, wrote
from syncd.world import World

LIMITED = frozenset({403, 429})
SERVER_ERROR = 500
MESSAGES = {
    400: "Problems parsing JSON",
    401: "Bad credentials",
    403: "Resource not accessible by integration",
    404: "Not Found",
    409: "Conflict",
    410: "This issue was deleted",
}
ON, OFF = frozenset({"on", "1", "true"}), frozenset({"off", "0", "false"})


class GitHubStandIn(Admin):
    """Holds one organisation; see `StandIn` for what every stand-in offers."""

    name = "github"

    def __init__(self, world: World, portfolio: Portfolio) -> None:
        self.state = State(world.now)
        self.limits = Limits(world.now)
        self.gate = Gate(world.now, world.new_id)
        self.project = seed.seed(self.state, portfolio, world.now().date())
        self.people = People(self.state, self.project)
        self.bot = self.state.users[seed.BOT]
        self.gate.app_user = self.bot
        self.webhooks = self.state.webhooks
        self.courier = GithubCourier(self.state, self.bot)
        self.token = self.gate.grant(self.bot)
        self._graphql = GraphQLApi(self.state, self.gate, self.limits)
        self._rest = RestApi(self.state, self.gate, self.limits)

    # --- the API -------------------------------------------------------------------------

    def routes(self) -> Sequence[BaseRoute]:
        """Return `/graphql` and the REST endpoints."""
        return [Route("/graphql", self._answer, methods=["POST"]), *self._rest.routes()]

    async def _answer(self, request: Request) -> Response:
        response, written = self._graphql.answer(await request.body(), request.headers.get("authorization"))
        if written:
            wrote(request, written)
        return response

    def judge(self, method: str, path: str, body: bytes) -> Judgement:
        """Say what a request is for."""
        return judge(method, path, body)

    def refusal(self, status: int, detail: Mapping[str, str]) -> Response:
        """Return GitHub's wording of a status; 429, and 403 with a wait, are the secondary limit."""
        if status in LIMITED and (status not in MESSAGES or "wait" in detail):
            limited = secondary(int(float(detail.get("wait", SECONDARY_WAIT_S))))
            limited.status_code = status
            return limited
        if status >= SERVER_ERROR:
            message = "Something went wrong while executing your query. This may be the result of a timeout."
            return JSONResponse({"data": None, "errors": [{"message": message}]}, status)
        return refusal(status, MESSAGES.get(status, "Server Error"))

    def credentials(self) -> dict[str, object]:
        """Return the bot's token and what is in scope."""
        return {
            "token": self.token,
            "owner": self.project.owner.login,
            "project": self.project.number,
            "repositories": [one.name for one in self.project.owner.repositories.values()],
        }

    def app_credentials(self) -> dict[str, object]:
        """Return what the installed app proves itself with; its key is made when first asked for."""
        return {
            "app_id": self.gate.app_id,
            "installation_id": self.gate.installation_id,
            "private_key": self.gate.private_key,
        }

    def revoke(self, token: str | None = None) -> None:
        """Refuse one token, or everything the bot has, from now on."""
        self.gate.revoke(token)

    def tune(self, name: str, value: str) -> bool:
        """Turn the project's built-in workflows (`done_on_close`, `close_on_done`) or the content limits on or off."""
        if value.lower() not in ON | OFF:
            return False
        on = value.lower() in ON
        match name:
            case "done_on_close":
                self.state.done_on_close = on
            case "close_on_done":
                self.state.close_on_done = on
            case "content_limits" if on:
                self.limits.limit_content()
            case "content_limits":
                self.limits.creates_a_minute = self.limits.creates_an_hour = None
            case _:
                return False
        return True

    # --- people --------------------------------------------------------------------------

    def spellings(self, key: str) -> frozenset[str]:
        """Return every name of an item, its issue and its row in the project."""
        try:
            one = self.people.find(key)
        except ConfigError:
            return frozenset({key})
        names = {key, one.id, name_of(one)}
        item = one if isinstance(one, ProjectItem) else self.project.by_content.get(one.id)
        if item is not None:
            names.add(item.id)
            if item.content is not None:
                names.add(item.content.id)
        return frozenset(names)

    def set(self, key: str, field: str, value: object, by: str | None = None) -> dict[str, object]:
        """Edit one field: title, body, labels, assignees, milestone, state, type, parent, due_on, … or a column."""
        self.state.actor = self.people.person(by)
        with _as_config_error(key):
            self.people.edit(key, field, value, self.state.actor)
        return self._show(key)

    def show(self, key: str | None = None) -> object:
        """Return one item, or a line for each."""
        return showing.summary(self.project) if key is None else self._show(key)

    def _show(self, key: str) -> dict[str, object]:
        return showing.whole(self.people.find(key), self.project)

    def add(self, kind: str, container: str, fields: Mapping[str, object], by: str | None = None) -> dict[str, object]:
        """
        Make an `issue` (or one of a type: `Epic`, `Bug`, …), a `milestone`, both in a repository, or a `draft`.

        A `comment` has its issue for a container and needs nothing but a `body`. An issue
        also becomes an item of the project, unless *fields* say `project: false`.
        """
        given = dict(fields)
        title = str(given.pop("title", ""))
        self.state.actor = self.people.person(by)
        with _as_config_error(f"add {kind}"):
            made = self._make(kind, container, title, given, by)
            for field, value in given.items():
                self.people.edit(made.id, field, value, self.people.person(by))
        return showing.whole(made, self.project)

    def _make(self, kind: str, container: str, title: str, given: dict[str, object], by: str | None) -> Found:
        person, in_project = self.people.person(by), given.pop("project", True)
        types = {one.name.casefold(): one.name for one in self.project.owner.issue_types}
        match kind.casefold():
            case "draft":
                body = typed(given.pop("body", ""))
                return edits_project.add_draft(self.state, self.project, title, body, by=person)
            case "milestone":
                return self.state.add_milestone(self.people.repository(container), title, creator=person)
            case "comment":
                return edits_comment.add(self.state, self._issue(container), typed(given.pop("body", title)), person)
            case name if name == "issue" or name in types:
                repository = self.people.repository(container)
                body = typed(given.pop("body", ""))
                issue = self.state.add_issue(repository, edits_issue.clean_title(title), author=person, body=body)
                if name in types:
                    given.setdefault("type", types[name])
                if in_project:
                    edits_project.add(self.state, self.project, issue, person)
                return issue
        raise unknown("kind", kind, ["issue", "draft", "milestone", "comment", *types.values()], where=WHERE)

    def _issue(self, key: str) -> Issue:
        found = self.people.find(key)
        if not isinstance(found, Issue):
            raise ConfigError(f'"{key}" is no issue', where=WHERE, fix="name an issue: only those have comments")
        return found

    def add_comment(self, issue: str, body: str, by: str | None = None) -> str:
        """Comment on an issue and return the comment's name (`acme/api#7#c1000042`)."""
        return str(self.add("comment", issue, {"body": body}, by)["key"])

    def add_issue(self, repository: str, title: str, **fields: object) -> str:
        """Make an issue in the project and return its name (`acme/api#7`)."""
        return str(self.add("issue", repository, {"title": title, **fields})["key"])

    def add_milestone(self, repository: str, title: str, **fields: object) -> str:
        """Make a milestone and return its name (`acme/api/milestone/3`)."""
        return str(self.add("milestone", repository, {"title": title, **fields})["key"])

    def add_draft(self, title: str, **fields: object) -> str:
        """Make a draft in the project and return its item's node id."""
        return str(self.add("draft", "", {"title": title, **fields})["key"])

    def delete(self, key: str) -> None:
        """Delete an issue or milestone for good, or take a draft from the project."""
        match one := self.people.find(key):
            case Issue():
                edits_issue.delete(self.state, one)
            case Milestone():
                edits_milestone.delete(self.state, one)
            case IssueComment():
                edits_comment.delete(self.state, one)
            case ProjectItem():
                edits_project.remove(self.state, one)

    def archive(self, key: str, by: str | None = None) -> dict[str, object]:
        """Archive an issue's or draft's item in the project."""
        self.people.person(by)
        edits_project.archive(self.state, self.people.item(key))
        return self._show(key)

    def unarchive(self, key: str) -> None:
        """Bring an archived item back."""
        edits_project.unarchive(self.state, self.people.item(key))

    def add_item(self, key: str) -> None:
        """Put an issue into the project."""
        edits_project.add(self.state, self.project, self._issue(key), self.people.person(None))

    def remove_item(self, key: str) -> None:
        """Take an item from the project; its issue stays."""
        edits_project.remove(self.state, self.people.item(key))

    def redact_item(self, key: str, *, hidden: bool = True) -> None:
        """Take away the right to see an item's issue (or give it back): the item turns REDACTED."""
        item = self.people.item(key)
        item.redacted = hidden
        if item.content is not None:
            item.content.hidden = hidden

    def convert_draft(self, key: str, repository: str, by: str | None = None) -> str:
        """Turn a draft into an issue and return that issue's name."""
        item = self.people.item(key)
        with _as_config_error(key):
            issue = edits_project.convert(self.state, item, self.people.repository(repository), self.people.person(by))
        return name_of(issue)

    def deactivate(self, login: str) -> None:
        """Make somebody impossible to assign or look up; what they did stays theirs."""
        self.people.person(login).active = False


@contextmanager
def _as_config_error(where: str) -> Iterator[None]:
    """Tell a person why GitHub's page would not take it."""
    try:
        yield
    except (Refusal, ValueError) as exc:
        told = exc.message if isinstance(exc, Refusal) else str(exc)
        raise ConfigError(told, where=f"{WHERE}: {where}", fix="enter a value GitHub takes") from exc
