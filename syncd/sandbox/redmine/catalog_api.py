"""What the site has for all projects: people, trackers, statuses, priorities, roles, custom fields."""

from __future__ import annotations

from syncd.sandbox.redmine.call import Answer, Call, endpoint
from syncd.sandbox.redmine.problems import missing
from syncd.sandbox.redmine.render import field_of, named, status_of
from syncd.sandbox.redmine.schema import (
    ANONYMOUS,
    DEFAULT_PRIORITY,
    NEW,
    NON_MEMBER,
    PRIORITIES,
    ROLES,
    STANDARD_FIELDS,
    STATUSES,
    TRACKERS,
)


@endpoint("GET", "/users/current.json")
def show_account(call: Call) -> Answer:
    """Answer with whose key this is; 401 for a wrong one, unlike everything public."""
    return Answer({"user": call.view.user(call.author)})


@endpoint("GET", "/users/{user}.json")
def show_user(call: Call) -> Answer:
    """Answer with somebody; every account shows to every other one."""
    user = call.site.users.get(call.number("user"))
    if user is None:
        raise missing()
    return Answer({"user": call.view.user(user)})


@endpoint("GET", "/users.json")
def list_users(call: Call) -> Answer:
    """Answer with one page of the accounts; *name* is looked for in logins, names and mail addresses."""
    call.check_admin()
    part = call.query.get("name", "").casefold()
    found = [one for one in call.site.users.values() if part in f"{one.login}\n{one.name}\n{one.mail}".casefold()]
    told = [call.view.user(one) for one in sorted(found, key=lambda one: one.login)]
    for each in told:
        each.pop("api_key", None)
    return Answer(call.page("users", told))


@endpoint("GET", "/trackers.json")
def list_trackers(call: Call) -> Answer:
    """Answer with every tracker."""
    del call
    trackers = [
        {
            "id": number,
            "name": name,
            "default_status": named(NEW, STATUSES),
            "description": None,
            "enabled_standard_fields": list(STANDARD_FIELDS),
        }
        for number, name in TRACKERS.items()
    ]
    return Answer({"trackers": trackers})


@endpoint("GET", "/issue_statuses.json")
def list_statuses(call: Call) -> Answer:
    """Answer with every status."""
    del call
    return Answer({"issue_statuses": [status_of(number) for number in STATUSES]})


@endpoint("GET", "/enumerations/issue_priorities.json")
def list_priorities(call: Call) -> Answer:
    """Answer with every priority."""
    del call
    told = [
        {"id": number, "name": name, "is_default": number == DEFAULT_PRIORITY, "active": True}
        for number, name in PRIORITIES.items()
    ]
    return Answer({"issue_priorities": told})


@endpoint("GET", "/roles.json")
def list_roles(call: Call) -> Answer:
    """Answer with the roles that members have."""
    del call
    given = [one for one in ROLES.values() if one not in {NON_MEMBER, ANONYMOUS}]
    return Answer({"roles": [{"id": one.id, "name": one.name} for one in given]})


@endpoint("GET", "/custom_fields.json")
def list_fields(call: Call) -> Answer:
    """Answer with every custom field, to administrators."""
    call.check_admin()
    return Answer({"custom_fields": [field_of(one) for one in call.site.fields.values()]})
