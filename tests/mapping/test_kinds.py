"""Comments and iterations: kept where the portfolio's own file speaks of them, and never written where nobody may."""

from __future__ import annotations

import pytest

from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.problems import Problems
from syncd.model.canonical import FieldType, Kind
from syncd.model.policy import Direction
from tests.mapping.places import A, B, compiled

DEFAULTS = """\
version: 1
kinds: {task: T, iteration: iteration, comment: comment}
fields:
  task.title: title
  task.iteration: sprint
  iteration.title: title
  iteration.start_on: start_on
  comment.body: body
  comment.author: author
  comment.parent: parent
"""


def mapped(own: str = "", problems: Problems | None = None) -> CompiledMapping:
    return compiled(f"version: 1\nextends: defaults\n{own}", {A: DEFAULTS, B: DEFAULTS}, problems)


def test_nothing_of_them_is_read_unless_asked_for() -> None:
    mapping = mapped()
    assert mapping.types(A) == {"T"}
    assert mapping.native_key(A, Kind.TASK, "iteration") is None


@pytest.mark.parametrize(
    "own",
    [
        "kinds: {comment: {pmo: comment}}\n",
        "create: {comment: {from: any, in: [pmo, eng]}}\n",
        "fields: {comment.body: {policy: newest}}\n",
    ],
)
def test_speaking_of_comments_keeps_them_everywhere(own: str) -> None:
    mapping = mapped(own)
    assert mapping.types(A) == mapping.types(B) == {"T", "comment"}


@pytest.mark.parametrize("own", ["match: {iteration: title}\n", "fields: {task.iteration: {leader: pmo}}\n"])
def test_speaking_of_iterations_keeps_them_with_the_field_that_names_them(own: str) -> None:
    mapping = mapped(own)
    assert mapping.types(B) == {"T", "iteration"}
    assert mapping.specs[Kind.TASK, "iteration"].type is FieldType.ENTITY
    assert mapping.direction(A, Kind.TASK, "iteration") is Direction.BOTH


def test_one_connection_may_stay_out() -> None:
    mapping = mapped("kinds: {comment: {eng: false}}\ncreate: {comment: {from: any, in: [pmo]}}\n")
    assert mapping.types(A) == {"T", "comment"}
    assert mapping.types(B) == {"T"}


def test_what_nobody_may_write_is_only_read() -> None:
    mapping = mapped("match: {iteration: title}\nkinds: {comment: {pmo: comment}}\n")
    assert mapping.direction(A, Kind.COMMENT, "body") is Direction.BOTH
    for kind, field in (
        (Kind.COMMENT, "author"),
        (Kind.COMMENT, "parent"),
        (Kind.ITERATION, "title"),
        (Kind.ITERATION, "start_on"),
    ):
        assert mapping.direction(A, kind, field) is Direction.READ


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ("create: {iteration: {from: pmo, in: [eng]}}\n", "an iteration is only ever read, never created"),
        ("fields: {iteration.title: {direction: both}}\n", "iteration.title is only ever read"),
        ("fields: {iteration.start_on: {pmo: {direction: write}}}\n", "iteration.start_on is only ever read"),
        ("fields: {comment.author: {direction: write}}\n", "comment.author is only ever read"),
        (
            "create: {comment: {from: any, in: [{eng: {repository: api}}]}}\n",
            "a comment is created below its parent's counterpart, not in api",
        ),
    ],
)
def test_a_rule_that_would_write_them_is_refused(own: str, told: str) -> None:
    problems = Problems()
    mapped(own, problems)
    assert [each.what for each in problems.found] == [told]
