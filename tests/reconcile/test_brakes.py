"""The brakes: per connection, over 24 hours, an item counted once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.errors import UnsafePlanError
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.brakes import Limits, Recent, check_safe
from syncd.reconcile.plan import FieldWrite, Line, Place, Verb

JIRA = ConnectionName("jira-pmo")
LIMITS = {
    JIRA: Limits(archive_count=1, archive_share=0, update_count=2, update_share=0.1, create_count=3, create_share=0)
}


def line(verb: Verb, number: int, field: str = "title") -> Line:
    return Line(
        verb=verb,
        entity=EntityId(f"e{number}"),
        kind=Kind.TASK,
        title="",
        key="",
        place=Place(connection=JIRA, container="PMO", record_type="Task"),
        link=None if verb is Verb.CREATE else LinkId(f"l{number}"),
        writes=(FieldWrite(field=field, value="x"),),
    )


@pytest.mark.parametrize(
    ("verb", "limit", "recent"),
    [
        (Verb.ARCHIVE, 1, Recent(archived=1, linked=10)),
        (Verb.UPDATE, 2, Recent(updated=1, linked=10)),
        (Verb.CREATE, 3, Recent(created=1, linked=10)),
    ],
)
def test_up_to_the_limit_a_plan_passes_and_one_more_is_refused_counting_the_day_before(
    verb: Verb, limit: int, recent: Recent
) -> None:
    lines = [line(verb, number) for number in range(limit)]
    check_safe(lines, {JIRA: Recent(linked=10)}, LIMITS, plan="7f3c")
    with pytest.raises(UnsafePlanError) as refused:
        check_safe(lines, {JIRA: recent}, LIMITS, plan="7f3c")
    what = f"{limit + 1} items beside" if verb is Verb.CREATE else f"{limit + 1} of"
    assert refused.value.what == f"jira-pmo: the plan would {verb} {what} 10 linked items within 24 h (limit {limit})"
    assert refused.value.fix == ("look at it with: syncd plan; if it is intended, run: syncd apply 7f3c --approve")


def test_an_item_counts_once_however_many_of_its_fields_change() -> None:
    lines = [line(Verb.UPDATE, 1, field) for field in ("title", "status", "due_on", "labels")]
    check_safe(lines, {JIRA: Recent(linked=10)}, LIMITS, plan="7f3c")


def test_the_share_of_the_linked_items_counts_where_it_is_more() -> None:
    lines = [line(Verb.UPDATE, number) for number in range(10)]
    check_safe(lines, {JIRA: Recent(linked=100)}, LIMITS, plan="7f3c")
    with pytest.raises(UnsafePlanError):
        check_safe(lines, {JIRA: Recent(linked=99)}, LIMITS, plan="7f3c")


def test_comments_use_up_a_limit_of_their_own() -> None:
    def items(number: int) -> list[Line]:
        return [line(Verb.CREATE, each) for each in range(number)]

    def comments(number: int, verb: Verb = Verb.CREATE) -> list[Line]:
        return [replace(line(verb, 100 + each), kind=Kind.COMMENT) for each in range(number)]

    few = Limits(create_count=5, create_share=0, update_count=5, update_share=0, comment_count=9, comment_share=0.5)
    here = {JIRA: few}
    check_safe([*items(5), *comments(9)], {}, here, plan="7f3c")
    with pytest.raises(UnsafePlanError, match="create 10 comments beside 0 linked comments"):
        check_safe(comments(10), {}, here, plan="7f3c")
    with pytest.raises(UnsafePlanError, match="create 6 items beside"):
        check_safe([*items(6), *comments(9)], {}, here, plan="7f3c")
    many = {JIRA: Recent(created=3, linked=40)}
    check_safe(comments(17), {}, here, plan="7f3c", comments=many)
    with pytest.raises(UnsafePlanError, match="create 21 comments beside 40"):
        check_safe(comments(18), {}, here, plan="7f3c", comments=many)
    with pytest.raises(UnsafePlanError, match="update 10 of 0 linked comments"):
        check_safe(comments(10, Verb.UPDATE), {}, here, plan="7f3c")
