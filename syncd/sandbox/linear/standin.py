"""Linear's stand-in, whole: its API, its people and its troubles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from syncd.errors import ConfigError
from syncd.sandbox.documents import judge_graphql
from syncd.sandbox.linear import edits_issue, edits_labels, edits_plan, edits_talk, seed, showing, workspace
from syncd.sandbox.linear.auth import Gate
from syncd.sandbox.linear.courier import LinearCourier
from syncd.sandbox.linear.edits_issue import Hand
from syncd.sandbox.linear.graphql_api import GraphQLApi, problem, ratelimited, refuse, unauthenticated
from syncd.sandbox.linear.limits import Limits
from syncd.sandbox.linear.markdown import RULES
from syncd.sandbox.linear.nodes_issue import Comment, Cycle, Issue
from syncd.sandbox.linear.nodes_plan import Initiative, Project, ProjectMilestone
from syncd.sandbox.linear.people import WHERE, Item, People, listed
from syncd.sandbox.linear.schema import schema
from syncd.sandbox.linear.state import Refusal, State, not_found
from syncd.sandbox.log import Judgement
from syncd.sandbox.portfolio import Portfolio
from syncd.sandbox.standin import unknown, wrote
from syncd.world import World

LIMIT_WAIT_S = 60.0
SERVER_ERROR = 500
KINDS = ("issue", "comment", "project", "milestone", "initiative", "cycle", "label")
ON, OFF = frozenset({"on", "1", "true"}), frozenset({"off", "0", "false"})
SWITCHES = {
    "newest_first": "newest_first",
    "answer_repeated": "answer_repeated",
    "comments_touch": "comments_touch",
    "relations_touch": "relations_touch",
}
"""Knobs that turn one switch of the state."""


class LinearStandIn:
    """Holds one workspace; see `StandIn` for what every stand-in offers."""

    name = "linear"

    def __init__(self, world: World, portfolio: Portfolio) -> None:
        self.state = State(world.now, past=seed.AGE)
        self.limits = Limits(world.now)
        self.gate = Gate(world.new_id)
        seed.seed(self.state, portfolio, world.now().date())
        self.people = People(self.state)
        self.bot = self.people.person(workspace.BOT)
        self.token = self.gate.grant_key(self.bot)
        self._graphql = GraphQLApi(self.state, self.gate, self.limits)
        self._world = world
        self.webhooks = self.state.webhooks
        self.courier = LinearCourier(self.state)

    # --- the API -------------------------------------------------------------------------

    def routes(self) -> Sequence[BaseRoute]:
        """Return `/graphql`."""
        return [Route("/graphql", self._answer, methods=["POST"])]

    async def _answer(self, request: Request) -> Response:
        response, written = self._graphql.answer(await request.body(), request.headers.get("authorization"))
        if written:
            wrote(request, written)
        return response

    def judge(self, method: str, path: str, body: bytes) -> Judgement:
        """Say what a request is for."""
        del method, path  # there is one endpoint
        return judge_graphql(body, schema())

    def refusal(self, status: int, detail: Mapping[str, str]) -> Response:
        """Return how Linear tells a status: a limit (429) as 400, what is not there (404) as 200, the rest as it is."""
        if status >= SERVER_ERROR:
            return refuse(
                status, problem("Internal server error", "INTERNAL_SERVER_ERROR", "internal error", status=status)
            )
        match status:
            case 401:
                return unauthenticated()
            case 403:
                told = "You do not have access to this data."
                return refuse(403, problem(told, "FORBIDDEN", "forbidden", status=403, told=told))
            case 404:
                gone = not_found("Issue")
                error = problem(gone.message, gone.code, "invalid input", told=gone.told)
                return JSONResponse({"data": None, "errors": [error]})
            case 429:
                return ratelimited(self._limited(float(detail.get("wait", LIMIT_WAIT_S))))
        return refuse(status, problem("Bad request", "BAD_REQUEST", "invalid input", status=status))

    def _limited(self, wait_s: float) -> dict[str, str]:
        """Return the headers of an empty bucket of requests that is full again after so many seconds."""
        reset_ms = round(1_000 * (self._world.now().timestamp() + wait_s))
        empty = {"X-RateLimit-Requests-Remaining": "0", "X-RateLimit-Requests-Reset": str(reset_ms)}
        return {**self.limits.headers(), **empty}

    def credentials(self) -> dict[str, object]:
        """Return the bot's API key and what is there."""
        organization = self.state.organization
        teams = [team.key for team in self.state.teams]
        return {"token": self.token, "workspace": organization.url_key, "teams": teams}

    def app_token(self) -> str:
        """Return an OAuth token of an app that acts as itself (`actor=app`), to be sent as `Bearer`."""
        app = next((one for one in self.state.users if one.app), None)
        return self.gate.grant_token(
            app or workspace.add_user(self.state, "syncd", "syncd", "syncd@acme.example", app=True)
        )

    def revoke(self, secret: str | None = None) -> None:
        """Refuse one key or token, or all of them, from now on."""
        self.gate.revoke(secret)

    def tune(self, name: str, value: str) -> bool:
        """Turn a switch of the state on or off, or set the Markdown rules (`markdown=bullets,escapes`)."""
        if name == "markdown":
            rules = set(listed(value.replace("all", ",".join(RULES)).replace("none", "")))
            if rules <= RULES:
                self.state.markdown_rules = rules
            return rules <= RULES
        if name not in SWITCHES or value.lower() not in ON | OFF:
            return False
        setattr(self.state, SWITCHES[name], value.lower() in ON)
        return True

    # --- people --------------------------------------------------------------------------

    def spellings(self, key: str) -> frozenset[str]:
        """Return every name of an item."""
        try:
            one = self.people.find(key)
        except ConfigError:
            return frozenset({key})
        former = one.previous_identifiers if isinstance(one, Issue) else []
        return frozenset({key, one.id, showing.name_of(one), *former})

    def set(self, key: str, field: str, value: object, by: str | None = None) -> dict[str, object]:
        """Edit one field: title, description, state, assignee, labels, project, milestone, cycle, team, due_date, …"""
        with _as_config_error(key):
            one = self.people.find(key)
            self.people.edit(key, field, value, self.people.person(by))
        return showing.whole(one, self.state)

    def show(self, key: str | None = None) -> object:
        """Return one item, or a line for each."""
        return showing.summary(self.state) if key is None else showing.whole(self.people.find(key), self.state)

    def add(self, kind: str, container: str, fields: Mapping[str, object], by: str | None = None) -> dict[str, object]:
        """
        Make an item: an `issue`, a `cycle` or a `label` of a team, a `comment` on an issue or a project.

        A `project` is of one or several teams (`API,WEB`), a `milestone` of a
        project, an `initiative` of nothing.
        """
        given = dict(fields)
        with _as_config_error(f"add {kind}"):
            made = self._make(kind.casefold(), container, given, Hand(user=self.people.person(by)))
            for field, value in given.items():
                self.people.edit(made.id, field, value, self.people.person(by))
        return showing.whole(made, self.state)

    def _make(self, kind: str, container: str, given: dict[str, object], by: Hand) -> Item:
        state = self.state
        name = str(given.pop("title", given.pop("name", "")))
        match kind:
            case "issue":
                return edits_issue.create(state, self.people.team(container), {"title": name}, by)
            case "comment":
                home = self.people.find(container)
                if not isinstance(home, Issue | Project | Initiative):
                    raise ConfigError(
                        "nothing to comment on", where=f"{WHERE}: {container}", fix="name an issue or a project"
                    )
                parent = self.people.find(str(given.pop("parent"))) if "parent" in given else None
                body = given.pop("body", name)
                return edits_talk.comment(state, home, body, by, parent=parent if isinstance(parent, Comment) else None)
            case "project":
                teams = {team.id: team for team in map(self.people.team, listed(container))}
                return edits_plan.create_project(state, teams, {"name": name}, by.user)
            case "milestone":
                project = self.people.find(container)
                if not isinstance(project, Project):
                    raise ConfigError(f'"{container}" is no project', where=WHERE, fix="name a project")
                return edits_plan.create_milestone(state, project, {"name": name})
            case "initiative":
                return edits_plan.create_initiative(state, {"name": name}, by.user)
            case "cycle":
                dates = {key: str(given.pop(key)) for key in ("starts_at", "ends_at")}
                return edits_plan.add_cycle(state, self.people.team(container), {"name": name or None, **dates})
        raise unknown("kind", kind, KINDS, where=WHERE)

    def add_label(self, name: str, team: str | None = None, group: str | None = None) -> str:
        """Make a label of the workspace or of a team, in a group or not, and return its id."""
        owner = self.people.team(team) if team else None
        parent = edits_labels.find(self.state, group, owner) if group else None
        if group and parent is None:
            parent = edits_labels.create(self.state, group, team=owner, is_group=True)
        return edits_labels.create(self.state, name, team=owner, parent=parent).id

    def delete(self, key: str) -> None:
        """Put an issue, project or initiative in the trash; delete a comment or a milestone for good."""
        match one := self.people.find(key):
            case Issue():
                edits_issue.trash(self.state, one, Hand(user=self.people.person(None)))
            case Project() | Initiative():
                edits_plan.shelve(self.state, one, trash=True)
            case ProjectMilestone():
                edits_plan.delete_milestone(self.state, one)
            case Comment():
                edits_talk.uncomment(self.state, one)
            case Cycle():
                raise ConfigError("a cycle cannot be deleted", where=f"{WHERE}: {key}", fix="archive it")

    def purge(self, key: str) -> None:
        """Delete an issue for good, as the trash does after 30 days."""
        one = self.people.find(key)
        if isinstance(one, Issue):
            edits_issue.purge(self.state, one)

    def archive(self, key: str, by: str | None = None) -> dict[str, object]:
        """Archive an issue, project or initiative."""
        self.people.person(by)
        match one := self.people.find(key):
            case Issue():
                edits_issue.archive(self.state, one)
            case Project() | Initiative():
                edits_plan.shelve(self.state, one)
            case _:
                raise ConfigError(
                    "only issues, projects and initiatives are archived", where=f"{WHERE}: {key}", fix="delete it"
                )
        return showing.whole(one, self.state)

    def auto_archive(self, key: str) -> None:
        """Archive a finished issue as Linear does by itself after some months."""
        one = self.people.find(key)
        if isinstance(one, Issue):
            edits_issue.archive(self.state, one, automatically=True)

    def restore(self, key: str) -> None:
        """Bring something back from the archive or the trash."""
        match one := self.people.find(key):
            case Issue():
                edits_issue.unarchive(self.state, one)
            case Project() | Initiative():
                edits_plan.unshelve(self.state, one)

    def hide(self, key: str, *, hidden: bool = True) -> None:
        """Take an item out of every client's sight, or give it back."""
        self.people.find(key).hidden = hidden

    def hide_team(self, key: str, *, hidden: bool = True) -> None:
        """Make a team private, with everything in it, or public again."""
        self.people.team(key).hidden = hidden

    # --- administration ------------------------------------------------------------------

    def rename_state(self, team: str, name: str, new: str) -> None:
        """Rename a state of a team's workflow; its id stays, no issue counts as updated."""
        found = self.people.state_of(self.people.team(team), name)
        found.name = new
        self.state.touched(self.state.states, found)

    def deactivate(self, name: str) -> None:
        """Suspend somebody: no longer assignable, and left out of lists; what they did stays theirs."""
        person = self.people.person(name)
        person.active = False
        self.state.touched(self.state.users, person)


@contextmanager
def _as_config_error(where: str) -> Iterator[None]:
    """Tell a person why Linear would not take it."""
    try:
        yield
    except (Refusal, ValueError, KeyError) as exc:
        told = exc.told if isinstance(exc, Refusal) else str(exc)
        raise ConfigError(told, where=f"{WHERE}: {where}", fix="enter a value Linear takes") from exc
