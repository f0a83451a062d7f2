"""What a mapping file means, with the tools' defaults merged in."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncd.errors import ConfigProblems
from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.people import PeopleDirectory
from syncd.model.canonical import Kind, Value
from syncd.model.native import Choices, Native, NativeField, NativeType, Record, Text
from syncd.model.policy import Direction, Hold, Leader, Newest, Order
from syncd.model.refs import Ref, Revision
from tests.mapping.places import A, B, Described, Links, Spot, compiled, option
from tests.settings.folder import BOARD_DEFAULTS, TRACKER_DEFAULTS

DEFAULTS = {A: TRACKER_DEFAULTS, B: BOARD_DEFAULTS}
HEAD = "version: 1\nextends: defaults\n"

STATUS = NativeField(
    key="status",
    label="Status",
    type=NativeType.CHOICE,
    options=(option("Backlog", "0", "new"), option("To Do", "1", "new"), option("Closed", "2", "done")),
)


def extended(text: str = "") -> CompiledMapping:
    return compiled(HEAD + text, DEFAULTS)


def record(fields: Mapping[str, Native] | None = None, *, type_: str = "Task", connection: str = "pmo") -> Record:
    ref = Ref(A if connection == "pmo" else B, "issue", "10")
    return Record(
        ref=ref,
        type=type_,
        container="P",
        key="P-1",
        revision=Revision("1"),
        fields=fields or {},
        url="https://tracker.example/P-1",
    )


def test_two_lines_are_a_mapping() -> None:
    mapping = extended()
    assert mapping.kind_of(A, "Story") is Kind.TASK
    assert mapping.kind_of(B, "milestone") is Kind.MILESTONE
    assert mapping.kind_of(A, "Sub-task") is None
    assert mapping.types(B) == {"Task", "Bug", "milestone"}
    assert mapping.native_key(A, Kind.TASK, "title") == "summary"
    assert mapping.policy(Kind.TASK, "title") == Hold()
    assert set(mapping.fields(Kind.MILESTONE)) == {"title", "due_on", "status"}


def test_a_type_goes_where_the_file_says_whatever_the_defaults_say() -> None:
    mapping = extended("kinds: {task: {pmo: [Epic, Story]}, milestone: {eng: false}}\n")
    assert mapping.kind_of(A, "Epic") is Kind.TASK
    assert mapping.kind_of(A, "Bug") is None
    assert mapping.kind_of(A, "Initiative") is Kind.INITIATIVE
    assert mapping.kind_of(B, "milestone") is None
    assert mapping.native_key(B, Kind.MILESTONE, "title") is None


def test_a_side_is_merged_part_by_part() -> None:
    mapping = extended("fields: {task.status: {pmo: {values: {planned: [Backlog], done: [To Do]}}}}\n")
    lens = mapping.with_description(A, Described((STATUS,))).lens(
        A, Kind.TASK, "status", record_type="Task", container="P", lookup=Links(), people=PeopleDirectory()
    )
    assert lens is not None
    assert [lens.get(each) for each in STATUS.options] == ["planned", "done", "done"]
    assert lens.put("planned", None) == STATUS.options[0]
    assert lens.get(option("New", "7", "new")) == "planned", "the defaults' category goes on being understood"


def test_another_field_starts_with_a_fresh_table() -> None:
    mapping = extended('fields: {task.status: {pmo: "Team status"}}\n')
    assert [str(entry) for entry in mapping.sides[A, Kind.TASK, "status"].values["done"]] == ['"done"']


@pytest.mark.parametrize("off", ["false", "null", "{off: true}"])
def test_a_side_can_be_turned_off(off: str) -> None:
    mapping = extended(f"fields: {{task.labels: {{eng: {off}}}}}\n")
    assert mapping.native_key(B, Kind.TASK, "labels") is None
    assert mapping.native_key(A, Kind.TASK, "labels") == "labels"


def test_a_value_can_be_left_without_a_word() -> None:
    mapping = extended("fields: {task.status: {pmo: {values: {blocked: false}, fallback: {blocked: none}}}}\n")
    told = [str(each) for each in mapping.explain_fallbacks() if "task.status for pmo" in str(each)]
    assert told == [
        "task.status for pmo: proposed is shown as planned",
        "task.status for pmo: blocked has no word there and is not written",
    ]


def test_once_a_tool_is_described_only_options_it_has_are_words() -> None:
    mapping = extended().with_description(A, Described((STATUS,)))
    told = [str(each) for each in mapping.explain_fallbacks() if "task.status for pmo" in str(each)]
    assert told == [
        "task.status for pmo: proposed is shown as planned",
        "task.status for pmo: in_progress has no word there and is not written",
        "task.status for pmo: in_review has no word there and is not written",
        "task.status for pmo: blocked has no word there and is not written",
        "task.status for pmo: cancelled is shown as done",
    ]


def test_policies_and_directions_are_read() -> None:
    mapping = extended(
        "fields:\n"
        "  task.title: {leader: pmo}\n"
        "  task.status: {policy: newest, direction: read, eng: {direction: write}}\n"
        "  milestone.title: {policy: {order: [eng, pmo]}}\n"
    )
    assert mapping.policy(Kind.TASK, "title") == Leader(A)
    assert mapping.policy(Kind.TASK, "status") == Newest()
    assert mapping.policy(Kind.MILESTONE, "title") == Order((B, A))
    assert mapping.direction(A, Kind.TASK, "status") is Direction.READ
    assert mapping.direction(B, Kind.TASK, "status") is Direction.WRITE
    assert mapping.direction(A, Kind.TASK, "title") is Direction.BOTH


def test_what_the_tool_never_lets_us_write_is_only_read() -> None:
    fixed = NativeField(key="summary", label="Summary", type=NativeType.TEXT, writable=False)
    mapping = extended().with_description(A, Described((fixed,)))
    assert mapping.direction(A, Kind.TASK, "title") is Direction.READ


def test_a_leader_without_the_field_is_a_warning() -> None:
    [warning] = extended("fields: {task.due_on: {leader: eng}}\n").warnings
    assert str(warning) == (
        "m.yaml:3 (fields.task.due_on): eng is to settle task.due_on, but does not hold it, "
        "so disagreements are held\n  fix: map the field there, or name one of pmo"
    )


def test_custom_fields_have_the_type_they_declare() -> None:
    mapping = extended(
        "fields:\n"
        "  task.effort: {type: number, pmo: Effort}\n"
        "  task.region: {type: choice, options: [emea, us], pmo: Region}\n"
    )
    assert mapping.fields(Kind.TASK)["effort"].type == "number"
    assert mapping.fields(Kind.TASK)["region"].options == ("emea", "us")


def test_a_choice_without_options_is_refused() -> None:
    with pytest.raises(ConfigProblems) as caught:
        extended("fields: {task.region: {type: choice, pmo: Region}}\n")
    assert str(caught.value) == (
        "m.yaml:3 (fields.task.region): task.region: options and the type choice belong together\n"
        "  fix: give a choice its options: [...]\n1 problem in the configuration"
    )


def test_a_scope_goes_by_native_fields() -> None:
    mapping = extended(
        "kinds: {task: {pmo: {where: {labels: [sync, roadmap], Team: {not: Legal}, summary: {contains: SSO}}}}}\n"
    )
    team = NativeField(key="cf_1", label="Team", type=NativeType.TEXT)
    labels = NativeField(key="labels", label="Labels", type=NativeType.CHOICES)
    summary = NativeField(key="summary", label="Summary", type=NativeType.TEXT)
    mapping = mapping.with_description(A, Described((team, labels, summary)))
    right: dict[str, Native] = {
        "labels": Choices(frozenset({option("Sync"), option("other")})),
        "cf_1": None,
        "summary": Text("Ship sso"),
    }
    assert mapping.in_scope(A, record(right))
    assert not mapping.in_scope(A, record(right | {"labels": Choices(frozenset({option("other")}))}))
    assert not mapping.in_scope(A, record(right | {"cf_1": Text("legal")}))
    assert not mapping.in_scope(A, record(right | {"summary": Text("Ship it")}))
    assert not mapping.in_scope(A, record({key: each for key, each in right.items() if key != "cf_1"}))
    assert not mapping.in_scope(A, record(right, type_="Sub-task"))
    assert mapping.in_scope(B, record(connection="eng"))


def test_empty_can_be_asked_for() -> None:
    mapping = extended("kinds: {task: {pmo: {where: {Team: null}}}}\n")
    assert mapping.in_scope(A, record({"Team": None}))
    assert not mapping.in_scope(A, record({"Team": Text("Legal")}))


def test_a_field_is_found_by_label_where_the_record_type_has_it() -> None:
    one = NativeField(key="cf_1", label="Effort", type=NativeType.NUMBER, record_types=frozenset({"Bug"}))
    two = NativeField(key="cf_2", label="effort", type=NativeType.NUMBER, record_types=frozenset({"Story"}))
    mapping = extended("fields: {task.estimate: {pmo: Effort}}\n").with_description(A, Described((one, two)))

    def bound(record_type: str) -> object:
        return mapping.lens(
            A, Kind.TASK, "estimate", record_type=record_type, container="P", lookup=Links(), people=PeopleDirectory()
        )

    assert bound("Story") is not None
    assert bound("Task") is None
    assert mapping.native_key(A, Kind.TASK, "estimate") == "cf_2"


def test_create_rules_name_containers_as_the_tool_spells_them() -> None:
    mapping = extended(
        "create:\n"
        "  milestone: {from: pmo, in: [{eng: {repositories: [api, web]}}]}\n"
        "  task: {from: any, in: eng, when: {status: [planned, in_progress], labels: {not: internal}}}\n"
    )
    [rule] = mapping.create_rules(Kind.MILESTONE)
    assert (rule.source, rule.target, rule.containers, rule.record_type) == (A, B, ("api", "web"), "milestone")
    spots = (Spot("acme/api"), Spot("acme/web"))
    mapping = mapping.with_description(B, Described((), spots))
    assert mapping.create_rules(Kind.MILESTONE)[0].containers == ("acme/api", "acme/web")
    [rule] = mapping.create_rules(Kind.TASK)
    assert (rule.source, rule.containers) == (A, ())
    assert mapping.with_description(B, Described((), spots[:1])).create_rules(Kind.TASK)[0].containers == ("acme/api",)


@pytest.mark.parametrize(
    ("values", "applies"),
    [
        ({"status": "planned"}, True),
        ({"status": "done"}, False),
        ({"status": "planned", "labels": frozenset({"api"})}, True),
        ({"status": "planned", "labels": frozenset({"api", "Internal"})}, False),
        ({}, False),
    ],
)
def test_a_create_rule_may_have_a_condition(values: dict[str, Value], *, applies: bool) -> None:
    mapping = extended("create: {task: {from: pmo, in: eng, when: {status: planned, labels: {not: internal}}}}\n")
    assert mapping.create_rules(Kind.TASK)[0].applies(values) is applies


def test_records_are_recognised_by_equal_fields_or_by_an_id_field() -> None:
    mapping = extended("match: {task: [{connection: eng, field: Upstream, names: pmo}, {fields: [title, due_on]}]}\n")
    upstream = {"Upstream": Text("p-1")}
    one = mapping.match_keys(Kind.TASK, record(), {"title": "Ship", "due_on": None})
    two = mapping.match_keys(Kind.TASK, record(upstream, connection="eng"), {"title": "Ship", "due_on": None})
    assert one == ('pmo key "p-1"', "only pmo:issue:10")
    assert two == ('pmo key "p-1"', "only eng:issue:10")
    [title] = extended("match: {task: title}\n").match_keys(Kind.TASK, record(), {"title": "Ship  IT"})
    assert title == 'title "ship it"'


def test_before_a_tool_is_described_it_has_no_lenses() -> None:
    place = {"record_type": "Task", "container": "P"}
    assert extended().lens(A, Kind.TASK, "title", **place, lookup=Links(), people=PeopleDirectory()) is None


def test_a_type_that_cannot_hold_the_field_has_no_lens() -> None:
    number = NativeField(key="summary", label="Summary", type=NativeType.NUMBER)
    mapping = extended().with_description(A, Described((number,)))
    place = {"record_type": "Task", "container": "P"}
    assert mapping.lens(A, Kind.TASK, "title", **place, lookup=Links(), people=PeopleDirectory()) is None
