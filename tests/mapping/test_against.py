"""A mapping against what the live tool tells: the whole text of every finding."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncd.mapping.against import check_against
from syncd.mapping.problems import Problems
from syncd.model.native import NativeField, NativeType
from tests.mapping.places import A, B, Described, Spot, compiled, option
from tests.settings.folder import BOARD_DEFAULTS, TRACKER_DEFAULTS

SUMMARY = NativeField(key="summary", label="Summary", type=NativeType.TEXT, required_on_create=True)
STATUS = NativeField(
    key="status",
    label="Status",
    type=NativeType.CHOICE,
    options=(option("To Do", "1", "new"), option("Doing", "2", "indeterminate"), option("Done", "3", "done")),
)
BUDGET = NativeField(key="cf_9", label="Budget (EUR)", type=NativeType.NUMBER)
FIELDS = (SUMMARY, STATUS, BUDGET)
SPOTS = (Spot("PMO", frozenset({"Story", "Epic", "version"})), Spot("OPS", frozenset({"Story"}), writable=False))


def found(text: str, fields: Sequence[NativeField] = FIELDS, spots: Sequence[Spot] = SPOTS) -> Problems:
    head = "version: 1\nextends: defaults\n"
    mapping = compiled(head + text, {A: TRACKER_DEFAULTS, B: BOARD_DEFAULTS})
    return check_against(mapping, A, Described(fields, spots))


def told(text: str, fields: Sequence[NativeField] = FIELDS, spots: Sequence[Spot] = SPOTS) -> str:
    return "\n".join(str(each) for each in found(text, fields, spots).found)


def test_what_only_the_defaults_name_is_no_problem() -> None:
    assert told("") == ""


CASES = {
    "a renamed field": (
        'fields: {initiative.budget: {pmo: {field: "Budget (USD)", currency: USD}}}',
        (
            'm.yaml:3 (fields.initiative.budget.pmo): pmo has no field "Budget (USD)" (did you mean "Budget (EUR)"?)\n'
            "  fix: name one of its fields, by key or label, or turn it off with false"
        ),
    ),
    "a renamed option": (
        "fields: {task.status: {pmo: {values: {in_progress: [Doin], done: [Done]}}}}",
        (
            'm.yaml:3 (fields.task.status.pmo.values.in_progress): "status" of pmo has no option "Doin" '
            '(did you mean "Doing"?)\n'
            "  fix: its options are To Do, Doing, Done"
        ),
    ),
    "an id under another value than its label": (
        'fields: {task.status: {pmo: {values: {in_progress: ["id:3"], done: [Done]}}}}',
        (
            'm.yaml:3 (fields.task.status.pmo.values.in_progress): "id:3" is the option "Done", '
            "which stands for done by its label\n"
            "  fix: keep it under one of them"
        ),
    ),
    "a field of the wrong type": (
        'fields: {task.due_on: {pmo: "Budget (EUR)"}}',
        (
            'm.yaml:3 (fields.task.due_on.pmo): "Budget (EUR)" holds number, which cannot be task.due_on (date)\n'
            "  fix: name a field of type date or instant"
        ),
    ),
    "an unknown record type": (
        "kinds: {task: {pmo: [Story, Storry]}}",
        (
            'm.yaml:3 (kinds.task.pmo): "Storry" is not a record type of pmo (did you mean "Story"?)\n'
            "  fix: use one of Epic, Story, version"
        ),
    ),
    "no record type in common": (
        "kinds: {task: {pmo: false}, initiative: {pmo: false}, milestone: {pmo: [release]}}",
        (
            'm.yaml:3 (kinds.milestone.pmo): "release" is not a record type of pmo\n'
            "  fix: use one of Epic, Story, version\n"
            "m.yaml:3 (kinds): pmo has none of the mapped record types (release)\n"
            "  fix: name its own under kinds: Epic, Story, version"
        ),
    ),
    "a filter on an unknown field": (
        "kinds: {task: {pmo: {where: {Sumary: x}}}}",
        (
            'm.yaml:3 (kinds.task.pmo.where.Sumary): pmo has no field "Sumary" (did you mean "summary"?)\n'
            "  fix: name one of its fields, by key or label, or turn it off with false"
        ),
    ),
    "an id field that is not there": (
        "match: {task: {connection: pmo, field: Upstream, names: eng}}",
        (
            'm.yaml:3 (match.task): pmo has no field "Upstream"\n'
            "  fix: name one of its fields, by key or label, or turn it off with false"
        ),
    ),
    "creating in an unknown container": (
        "create: {task: {from: eng, in: {pmo: {project: PM}}}}",
        ('m.yaml:3 (create.task.in): "PM" is not a container of pmo (did you mean "PMO"?)\n  fix: use one of PMO, OPS'),
    ),
    "creating where we may not": (
        "create: {task: {from: eng, in: {pmo: {project: OPS}}}}",
        (
            'm.yaml:3 (create.task.in): no "Story" may be created in OPS\n'
            "  fix: name another container or type, or give the account the right"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_file_names_and_the_tool_lacks_is_told(case: str) -> None:
    text, expected = CASES[case]
    assert told(text + "\n") == expected


def test_the_only_container_that_fits_need_not_be_named() -> None:
    assert told("create: {task: {from: eng, in: pmo}}\n") == ""


def test_of_two_containers_one_must_be_named() -> None:
    assert told("create: {task: {from: eng, in: pmo}}\n", spots=(Spot("PMO"), Spot("OPS"))) == (
        "m.yaml:3 (create.task.in): pmo has 2 containers, and the rule does not say in which to create\n"
        "  fix: write {pmo: {containers: NAME}}, with one of PMO, OPS"
    )


def test_a_create_rule_needs_every_required_field() -> None:
    team = NativeField(
        key="cf_3", label="Team", type=NativeType.CHOICE, required_on_create=True, containers=frozenset({"PMO"})
    )
    assert told("create: {task: {from: eng, in: {pmo: PMO}}}\n", (*FIELDS, team)) == (
        'm.yaml:3 (create.task.in): PMO wants "Team" for a new Story, and no field is mapped to it\n'
        "  fix: map a field to it, give it a default in the tool, or remove the create rule"
    )


def test_two_fields_of_one_label_must_be_told_apart() -> None:
    twins = tuple(NativeField(key=key, label="Effort", type=NativeType.NUMBER) for key in ("cf_1", "cf_2"))
    assert told("fields: {task.estimate: {pmo: effort}}\n", twins) == (
        'm.yaml:3 (fields.task.estimate.pmo): pmo has several fields called "effort"\n  fix: use a key: cf_1, cf_2'
    )


def test_writing_what_cannot_be_written_is_a_problem_and_both_ways_a_warning() -> None:
    fixed = (NativeField(key="cf_1", label="Effort", type=NativeType.NUMBER, writable=False),)
    expected = 'm.yaml:3 (fields.task.estimate.pmo): "Effort" of pmo cannot be written\n  fix: say direction: read'
    assert told("fields: {task.estimate: {pmo: {field: Effort, direction: write}}}\n", fixed) == expected
    both = found("fields: {task.estimate: {pmo: Effort}}\n", fixed)
    assert (both.found, [str(each) for each in both.warnings]) == ([], [expected])
    read = found("fields: {task.estimate: {pmo: {field: Effort, direction: read}}}\n", fixed)
    assert (read.found, read.warnings) == ([], [])


def test_options_that_stand_for_nothing_are_a_warning() -> None:
    odd = NativeField(key="status", label="Status", type=NativeType.CHOICE, options=(option("Triage"), option("Done")))
    warnings = found("fields: {task.status: {leader: pmo}}\n", (SUMMARY, odd)).warnings
    assert "\n".join(str(each) for each in warnings) == (
        "pmo/defaults.yaml:6 (fields.task.status): Triage of pmo stand for no value of task.status: "
        "items showing one keep that field as it is, everywhere\n  fix: add them to the value table"
    )
