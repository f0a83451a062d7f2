"""Issues, their relations and their notes."""

from __future__ import annotations

from syncd.sandbox.redmine.access import check, denied, may, may_edit_note, sees, sees_note
from syncd.sandbox.redmine.call import NOTHING, Answer, Call, endpoint
from syncd.sandbox.redmine.edits import create_issue, delete_issue, update_issue
from syncd.sandbox.redmine.filters import listed
from syncd.sandbox.redmine.problems import missing
from syncd.sandbox.redmine.relations import create_relation, delete_relation
from syncd.sandbox.redmine.render import relation_of
from syncd.sandbox.redmine.state import Relation
from syncd.sandbox.redmine.values import text_of


@endpoint("GET", "/issues.json")
def list_issues(call: Call) -> Answer:
    """Answer with one page of the issues that a query names."""
    found = listed(call.site, call.viewer, call.query)
    page = call.page("issues", found)
    wanted, view = call.included(), call.view
    page["issues"] = [view.issue(one) | view.extras(one, wanted, is_listed=True) for one in page["issues"]]
    return Answer(page)


@endpoint("POST", "/issues.json")
def make_issue(call: Call) -> Answer:
    """Make an issue."""
    issue = create_issue(call.site, call.author, call.read("issue"))
    call.written += 1
    return Answer({"issue": call.view.issue(issue, is_new=True)}, 201, f"{call.base}/issues/{issue.id}")


@endpoint("GET", "/issues/{issue}.json")
def show_issue(call: Call) -> Answer:
    """Answer with one issue."""
    issue = call.issue()
    return Answer({"issue": call.view.issue(issue) | call.view.extras(issue, call.included())})


@endpoint("PUT", "/issues/{issue}.json")
def change_issue(call: Call) -> Answer:
    """Change an issue; whoever may add notes is not refused, however little is taken."""
    issue = call.issue()
    project = call.site.projects[issue.project_id]
    if not may(call.viewer, "edit_issues", project):
        check(call.viewer, "add_issue_notes", project)
    update_issue(call.site, call.author, issue, call.read("issue"))
    call.written += 1
    return NOTHING


@endpoint("DELETE", "/issues/{issue}.json")
def remove_issue(call: Call) -> Answer:
    """Delete an issue with everything below it."""
    issue = call.issue()
    check(call.viewer, "delete_issues", call.site.projects[issue.project_id])
    delete_issue(call.site, call.author, issue)
    call.written += 1
    return NOTHING


@endpoint("GET", "/issues/{issue}/relations.json")
def list_relations(call: Call) -> Answer:
    """Answer with an issue's relations."""
    issue = call.issue()
    return Answer({"relations": call.view.extras(issue, {"relations"}, is_listed=True)["relations"]})


@endpoint("POST", "/issues/{issue}/relations.json")
def make_relation(call: Call) -> Answer:
    """Relate an issue to another."""
    issue = call.issue()
    check(call.viewer, "manage_issue_relations", call.site.projects[issue.project_id])
    relation = create_relation(call.site, call.author, issue, call.read("relation"))
    call.written += 1
    return Answer({"relation": relation_of(relation)}, 201, f"{call.base}/relations/{relation.id}")


@endpoint("GET", "/relations/{relation}.json")
def show_relation(call: Call) -> Answer:
    """Answer with one relation."""
    return Answer({"relation": relation_of(_relation(call))})


@endpoint("DELETE", "/relations/{relation}.json")
def remove_relation(call: Call) -> Answer:
    """Take a relation away."""
    relation = _relation(call)
    ends = (call.site.issues[relation.issue_id], call.site.issues[relation.issue_to_id])
    if not any(may(call.viewer, "manage_issue_relations", call.site.projects[one.project_id]) for one in ends):
        raise denied(call.viewer)
    delete_relation(call.site, call.author, relation)
    call.written += 1
    return NOTHING


@endpoint("PUT", "/journals/{journal}.json")
def change_note(call: Call) -> Answer:
    """Change a note; an empty one that tells no change goes for good. No date moves."""
    issue, journal = call.site.journal(call.number("journal"))
    project = call.site.projects[issue.project_id]
    if not sees(call.site, call.viewer, issue) or not sees_note(call.viewer, journal, project):
        raise missing()
    if not may_edit_note(call.author, journal, project):
        raise denied(call.viewer)
    asked = call.read("journal")
    journal.notes = text_of(asked.get("notes", journal.notes))
    if not journal.notes.strip() and not journal.details:
        issue.journals.remove(journal)
    call.written += 1
    return NOTHING


def _relation(call: Call) -> Relation:
    found = call.site.relations.get(call.number("relation"))
    if found is None:
        raise missing()
    for end in (found.issue_id, found.issue_to_id):
        if not sees(call.site, call.viewer, call.site.issues[end]):
            raise denied(call.viewer)
    return found
