"""Issues and pull requests: lists, filters, and what is computed rather than stored."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

from syncd.sandbox.github.context import Context
from syncd.sandbox.github.nodes import Content, Event, Issue, IssueComment, Label, PullRequest, Repository, User
from syncd.sandbox.github.nodes_project import ProjectItem
from syncd.sandbox.github.paging import Args, Connection, Order, by_offset, by_place
from syncd.sandbox.github.resolvers_query import Resolver, ordered, owned_project
from syncd.sandbox.github.state import Refusal

Test = Callable[[Issue | PullRequest], bool]


def issues(owner: Repository, _context: Context, args: Args) -> Connection[Issue | PullRequest]:
    """
    Return a repository's issues, filtered, by creation or by update.

    By update, the order is the one things were updated in, so an issue that
    is edited while somebody pages moves to the end, and is met again there.
    """
    filters = args.get("filterBy")
    tests = tests_of(filters if isinstance(filters, Mapping) else {})
    tests.append(lambda one: isinstance(one, Issue))
    tests += tests_of({key: args[key] for key in ("states", "labels") if args.get(key)})
    since = str(filters["since"]) if isinstance(filters, Mapping) and filters.get("since") else ""
    order = args.get("orderBy")
    by_update, descending = False, False
    if isinstance(order, Mapping):
        by_update, descending = order["field"] == "UPDATED_AT", order["direction"] == "DESC"
    return by_place(issue_order(owner, tests, since, by_update=by_update, descending=descending), args, "issues")


def issue_order(
    owner: Repository, tests: list[Test], since: str, *, by_update: bool, descending: bool
) -> Order[Issue | PullRequest]:
    """Return the repository's issues that pass all *tests* and were updated at or after *since*, in that order."""
    if by_update:
        touched = owner.touched
        return Order(
            at=lambda index: touched[index][1],
            high=len(touched),
            keep=lambda index, one: one.touch == index and _passes(one, tests),
            descending=descending,
            low=bisect_left(touched, since, key=lambda entry: entry[0]),
        )
    if since:
        tests = [*tests, lambda one: one.updated_at >= since]
    contents = owner.contents
    return Order(
        at=contents.__getitem__, high=len(contents), keep=lambda _index, one: _passes(one, tests), descending=descending
    )


def tests_of(filters: Mapping[str, object]) -> list[Test]:
    """Return one test for each filter given (but `since`, which the order takes care of)."""
    tests: list[Test] = []
    for name, wanted in filters.items():
        if wanted is None or name == "since":
            continue
        tests.append(_TESTS[name](wanted))
    return tests


def _by_assignee(wanted: object) -> Test:
    logins = {str(wanted).casefold()}
    if wanted in {"*", "none"}:
        return lambda one: bool(one.assignees) is (wanted == "*")
    return lambda one: any(user.login.casefold() in logins for user in one.assignees.values())


def _by_labels(wanted: object) -> Test:
    names = {str(name).casefold() for name in wanted} if isinstance(wanted, list) else set()
    return lambda one: any(label.name.casefold() in names for label in one.labels.values())


def _by_states(wanted: object) -> Test:
    states = set(wanted) if isinstance(wanted, list) else set()
    return lambda one: one.state in states


def _by_milestone(wanted: object) -> Test:
    if wanted in {"*", "none"}:
        return lambda one: (one.milestone is not None) is (wanted == "*")
    return lambda one: one.milestone is not None and str(wanted) == str(one.milestone.number)


_TESTS: Mapping[str, Callable[[object], Test]] = {
    "assignee": _by_assignee,
    "createdBy": lambda wanted: lambda one: one.author is not None and one.author.login == wanted,
    "labels": _by_labels,
    "milestone": _by_milestone,
    "milestoneNumber": _by_milestone,
    "states": _by_states,
    "type": lambda wanted: lambda one: getattr(getattr(one, "issue_type", None), "name", None) == wanted,
}


def _passes(one: Issue | PullRequest, tests: list[Test]) -> bool:
    return not one.hidden and all(test(one) for test in tests)


def assignees(one: Content, _context: Context, args: Args) -> Connection[User]:
    """Return who is assigned."""
    return by_offset(list(one.assignees.values()), args, "assignees")


def labels(one: Content, _context: Context, args: Args) -> Connection[Label]:
    """Return its labels."""
    return by_offset(ordered(list(one.labels.values()), args), args, "labels")


def project_items(one: Content, _context: Context, args: Args) -> Connection[ProjectItem]:
    """Return its items in all projects, archived ones too unless told otherwise."""
    shown = args.get("includeArchived", True)
    return by_offset([item for item in one.project_items if shown or not item.is_archived], args, "projectItems")


def comments(one: Content, _context: Context, args: Args) -> Connection[IssueComment]:
    """Return its comments, oldest first unless ordered by update."""
    order = args.get("orderBy")
    found = list(one.comments)
    if isinstance(order, Mapping):
        found.sort(key=lambda each: (each.updated_at, each.database_id), reverse=order["direction"] == "DESC")
    return by_offset(found, args, "comments")


def timeline(one: Issue, _context: Context, args: Args) -> Connection[Event]:
    """Return its timeline, oldest first, of all kinds or of those asked for."""
    wanted = args.get("itemTypes")
    kinds = {str(kind).replace("_", "").casefold() for kind in wanted} if isinstance(wanted, list) else None
    found = [event for event in one.timeline if kinds is None or event.typename.casefold() in kinds]
    return by_offset(found, args, "timelineItems")


def commented_issue(one: IssueComment, _context: Context, _args: Args) -> Issue:
    """Return the issue a comment is about; a pull request is none."""
    if not isinstance(one.subject, Issue):
        raise Refusal("NOT_FOUND", f"Could not resolve to an Issue with the number of {one.subject.number}.")
    return one.subject


def commented_pull_request(one: IssueComment, _context: Context, _args: Args) -> PullRequest | None:
    """Return the pull request a comment is about, if it is about one."""
    return one.subject if isinstance(one.subject, PullRequest) else None


def related(attribute: str, name: str) -> Resolver:
    """Return the resolver of a list of other issues kept under *attribute*."""

    def resolve(one: Issue, _context: Context, args: Args) -> Connection[Issue]:
        found = [other for other in getattr(one, attribute).values() if not other.hidden]
        order = args.get("orderBy")
        if isinstance(order, Mapping) and order["direction"] == "DESC":
            found.reverse()
        return by_offset(found, args, name)

    return resolve


def parent(one: Issue, _context: Context, _args: Args) -> Issue | None:
    """Return its parent, unless nobody may see that."""
    return None if one.parent is None or one.parent.hidden else one.parent


def state_reason(one: Issue, _context: Context, args: Args) -> str | None:
    """Return why it is closed (or open again); `DUPLICATE` is told only to those who ask for it."""
    if one.state_reason == "DUPLICATE" and not args.get("enableDuplicate"):
        return "NOT_PLANNED"
    return one.state_reason


def sub_issues_summary(one: Issue, _context: Context, _args: Args) -> Mapping[str, int]:
    """Return how far its sub-issues are."""
    total = len(one.sub_issues)
    completed = sum(child.closed for child in one.sub_issues.values())
    return {"total": total, "completed": completed, "percentCompleted": 100 * completed // total if total else 0}


def dependencies_summary(one: Issue, _context: Context, _args: Args) -> Mapping[str, int]:
    """Return how many issues it waits for and holds up: open ones, then all."""
    return {
        "blockedBy": sum(not other.closed for other in one.blocked_by.values()),
        "blocking": sum(not other.closed for other in one.blocking.values()),
        "totalBlockedBy": len(one.blocked_by),
        "totalBlocking": len(one.blocking),
    }


_SHARED: dict[str, Resolver] = {
    "assignees": assignees,
    "comments": comments,
    "labels": labels,
    "projectItems": project_items,
}

RESOLVERS: dict[str, Resolver] = {
    "Repository.issues": issues,
    **{f"{kind}.{name}": resolver for kind in ("Issue", "PullRequest") for name, resolver in _SHARED.items()},
    "DraftIssue.assignees": assignees,
    "DraftIssue.projectV2Items": lambda one, _context, args: by_offset([one.item], args, "projectV2Items"),
    "DraftIssue.bodyText": lambda one, _context, _args: one.body,
    "IssueComment.bodyText": lambda one, _context, _args: one.body,
    "IssueComment.issue": commented_issue,
    "IssueComment.pullRequest": lambda one, _context, _args: (
        one.subject if isinstance(one.subject, PullRequest) else None
    ),
    "Issue.bodyText": lambda one, _context, _args: one.body,
    "Issue.locked": lambda *_: False,
    "Issue.parent": parent,
    "Issue.projectV2": owned_project,
    "Issue.stateReason": state_reason,
    "Issue.timelineItems": timeline,
    "Issue.subIssues": related("sub_issues", "subIssues"),
    "Issue.blockedBy": related("blocked_by", "blockedBy"),
    "Issue.blocking": related("blocking", "blocking"),
    "Issue.subIssuesSummary": sub_issues_summary,
    "Issue.issueDependenciesSummary": dependencies_summary,
}
