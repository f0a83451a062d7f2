"""The search endpoint: asks the lagging index, pages by token, tells no total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.issues import told_issue
from syncd.sandbox.jira.jql import parse_jql
from syncd.sandbox.jira.match import State, compile_query, sort_states
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.render import split_names
from syncd.sandbox.jira.state import Json, Site

DEFAULT_RESULTS: Final = 50
MAX_RESULTS: Final = 100
MAX_RESULTS_IDS: Final = 5000
"""Pages that carry nothing but ids and keys may be this long."""
MAX_RECONCILED: Final = 50


class Search(BaseModel):
    """What a search asks for, from the query string or the body."""

    jql: str = ""
    nextPageToken: str | None = None  # noqa: N815 - the API's name
    maxResults: int = DEFAULT_RESULTS  # noqa: N815 - the API's name
    fields: list[str] = ["id"]
    properties: list[str] = []
    expand: str = ""
    reconcileIssues: list[int] = []  # noqa: N815 - the API's name


@endpoint("GET", "/search/jql")
def search_get(call: Call) -> Answer:
    """Answer one page of a search, asked in the query string."""
    wanted = Search(
        jql=call.query.get("jql", ""),
        nextPageToken=call.query.get("nextPageToken"),
        maxResults=call.number("maxResults", DEFAULT_RESULTS, MAX_RESULTS_IDS),
        fields=call.names("fields") or ["id"],
        properties=call.names("properties"),
        expand=call.query.get("expand", ""),
        reconcileIssues=[int(one) for one in call.names("reconcileIssues") if one.isdecimal()],
    )
    return _search(call, wanted)


@endpoint("POST", "/search/jql")
def search_post(call: Call) -> Answer:
    """Answer one page of a search, asked in the body."""
    return _search(call, call.read(Search))


def _search(call: Call, wanted: Search) -> Answer:
    site, fields = call.site, split_names(wanted.fields)
    if len(wanted.reconcileIssues) > MAX_RECONCILED:
        raise JiraProblem(400, f"You can reconcile at most {MAX_RECONCILED} issues.")
    fresh = frozenset(wanted.reconcileIssues)
    if wanted.nextPageToken:
        ids: Sequence[int] = site.tokens.take(site.now(), wanted.jql, wanted.nextPageToken)
    else:
        ids = _matching(call, wanted.jql, fresh)
    only_ids = set(fields) <= {"id", "key"}
    size = max(1, min(wanted.maxResults, MAX_RESULTS_IDS if only_ids else MAX_RESULTS))
    told: Json = {"issues": [one for number in ids[:size] if (one := _told(call, wanted, fields, number, fresh))]}
    rest = tuple(ids[size:])
    told["isLast"] = not rest
    if rest:
        told["nextPageToken"] = site.tokens.keep(site.now(), wanted.jql, rest)
    return Answer(body=told)


def _matching(call: Call, jql: str, fresh: frozenset[int]) -> list[int]:
    query = parse_jql(jql)
    test = compile_query(call.site, call.viewer, query)
    matching = [state for state in _states(call.site, fresh) if test(state)]
    return [state.issue.id for state in sort_states(call.site, query, matching)]


def _states(site: Site, fresh: frozenset[int]) -> list[State]:
    states = []
    for issue in site.issues.values():
        held = site.indexed(issue, fresh=issue.id in fresh)
        if held is not None:
            states.append(State(issue, *held))
    return states


def _told(call: Call, wanted: Search, fields: list[str], number: int, fresh: frozenset[int]) -> Json | None:
    issue = call.site.issues.get(number)
    held = call.site.indexed(issue, fresh=number in fresh) if issue else None
    if issue is None or held is None:
        return None
    expand = split_names([wanted.expand])
    told = told_issue(call, issue, fields, properties=wanted.properties, expand=expand, state=held)
    return {"id": told["id"]} if fields == ["id"] else told
