"""A connection gets another name in the configuration: where it stands for the connection, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.settings.renaming import edit_folder, rename_in_people, rename_in_yaml
from syncd.settings.yaml import read_yaml

MAIN = """\
# jira-pmo is the office's
version: 1
connections:
  jira-pmo:          # keep me
    tool: jira
    options: {label: jira-pmo}
  "linear": {tool: linear}
portfolios:
  platform: {connections: [ jira-pmo , 'linear' ], mapping: m.yaml}
  other:
    connections:
      - jira-pmo   # twice
    mapping: n.yaml
"""

MAPPING = """\
version: 1
kinds:
  task: {linear: Issue, jira-pmo: [Story, linear]}
match:
  task: {connection: jira-pmo, field: linear, names: linear}
create:
  task:
    - {from: [linear, any], in: [{linear: {team: linear}}, linear]}
    - {from: linear, in: linear}
    - {from: any, in: {connection: linear, type: linear}}
fields:
  task.team: {leader: 'linear', linear: linear, jira-pmo: {field: linear, values: {linear: [linear]}}}
  task.status:
    policy: {order: ["linear", jira-pmo]}
    linear: {fallback: {linear: linear}}
people: people.csv
"""

RENAMED = """\
version: 1
kinds:
  task: {lin-2: Issue, jira-pmo: [Story, linear]}
match:
  task: {connection: jira-pmo, field: linear, names: lin-2}
create:
  task:
    - {from: [lin-2, any], in: [{lin-2: {team: linear}}, lin-2]}
    - {from: lin-2, in: lin-2}
    - {from: any, in: {connection: lin-2, type: linear}}
fields:
  task.team: {leader: 'lin-2', lin-2: linear, jira-pmo: {field: linear, values: {linear: [linear]}}}
  task.status:
    policy: {order: ["lin-2", jira-pmo]}
    lin-2: {fallback: {linear: linear}}
people: people.csv
"""


def test_the_main_file_keeps_its_comments_and_its_layout() -> None:
    told = rename_in_yaml(MAIN, "jira-pmo", "office")
    assert told == (
        MAIN.replace("  jira-pmo:          # keep", "  office:          # keep")
        .replace("[ jira-pmo ,", "[ office ,")
        .replace("- jira-pmo   # twice", "- office   # twice")
    )
    assert rename_in_yaml(MAIN, "linear", "lin-2").count("lin-2") == 2


def test_in_a_mapping_a_label_or_a_value_that_is_spelt_alike_stays() -> None:
    assert rename_in_yaml(MAPPING, "linear", "lin-2") == RENAMED
    assert rename_in_yaml(RENAMED, "linear", "lin-2") == RENAMED, "again, it changes nothing"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_ends_of_lines_and_a_byte_order_mark_survive(mark: str, end: str) -> None:
    text = mark + MAPPING.replace("\n", end)
    told = rename_in_yaml(text, "linear", "lin-2")
    assert told == mark + RENAMED.replace("\n", end)
    assert read_yaml(told.removeprefix("\ufeff"), "m.yaml").data == read_yaml(RENAMED, "m.yaml").data


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("person,jira-pmo,linear\na,jira-pmo,linear\n", "person,office,linear\na,jira-pmo,linear\n"),
        ('# jira-pmo\n\n"person", "jira-pmo" ,x\r\n', '# jira-pmo\n\n"person", "office" ,x\r\n'),
        ("\ufeffperson,linear,jira-pmo", "\ufeffperson,linear,office"),
        ("person,jira-pmo-2\n", "person,jira-pmo-2\n"),
    ],
)
def test_the_people_file_gets_another_column_head_and_no_more(before: str, after: str) -> None:
    assert rename_in_people(before, "jira-pmo", "office") == after


def folder_of(tmp_path: Path, main: str = MAIN) -> Path:
    (tmp_path / "syncd.yaml").write_text(main)
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "n.yaml").write_text("version: 1\n")
    (tmp_path / "people.csv").write_text("person,jira-pmo,linear\n")
    return tmp_path


def test_the_main_file_is_written_last_and_every_step_can_be_done_again(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    steps = [path.name for path in edit_folder(folder, "linear", "lin-2").changed]
    assert (sorted(steps), steps[-1]) == (["m.yaml", "people.csv", "syncd.yaml"], "syncd.yaml")
    while (edited := edit_folder(folder, "linear", "lin-2")).changed:
        first = edited.changed[0]
        first.write_text(edited.texts[first])  # and here the process is killed
        steps.remove(first.name)
    assert steps == []
    assert edited.declared


def test_a_name_that_another_connection_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='"linear" is another connection'):
        edit_folder(folder_of(tmp_path), "jira-pmo", "linear")
    assert not edit_folder(tmp_path, "nobody", "else").declared
