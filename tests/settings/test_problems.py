"""Every way to get a configuration wrong, and the whole text an operator then reads."""

from __future__ import annotations

import pytest

from tests.settings.folder import ENV, MAPPING, PEOPLE, SYNCD, Folder

OTHER = "  other: {connections: [pmo], mapping: mappings/platform.yaml}\n"
ONE = "1 problem in the configuration"

BROKEN_SYNCD: dict[str, tuple[str, str, str]] = {
    "a file that is no YAML": (
        "connections:\n  pmo",
        "connections\n  pmo",
        (
            "config/syncd.yaml:3: this is not YAML: could not find expected ':'\n"
            "  fix: look at this line and the one before: indentation, quotes, brackets"
        ),
    ),
    "a tab": (
        "    tool: tracker",
        "\ttool: tracker",
        (
            "config/syncd.yaml:4: this is not YAML: found character '\\t' that cannot start any token\n"
            "  fix: indent with spaces, not tabs"
        ),
    ),
    "a key given twice": (
        "    mode: write",
        "    mode: write\n    tool: board",
        ('config/syncd.yaml:9 (connections.pmo.tool): "tool" is there twice, first in line 4\n  fix: keep one of them'),
    ),
    "an anchor": (
        "auth: {email",
        "auth: &a {email",
        (
            'config/syncd.yaml:6 (connections.pmo.auth): "&a" is an anchor, which is not allowed here\n'
            "  fix: write the value out"
        ),
    ),
    "an alias": (
        "scope: {projects: [api, web]}",
        "scope: *x",
        (
            "config/syncd.yaml:13: this is not YAML: found undefined alias 'x'\n"
            "  fix: write the value out: aliases are not allowed here"
        ),
    ),
    "a merge key": (
        "    mode: write",
        "    <<: {a: b}",
        (
            "config/syncd.yaml:8 (connections.pmo): a key must be text\n"
            "  fix: write the keys out, without << or brackets"
        ),
    ),
    "a tag": (
        "mode: write",
        "mode: !!python/name:os write",
        (
            'config/syncd.yaml:8 (connections.pmo.mode): the tag "python/name:os" is not allowed here\n'
            "  fix: write plain text"
        ),
    ),
    "a version from the future": (
        "version: 1",
        "version: 2",
        ("config/syncd.yaml:1 (version): 2 is not allowed here\n  fix: use 1"),
    ),
    "a misspelt setting": (
        "mode: write",
        "mod: write",
        (
            'config/syncd.yaml:8 (connections.pmo.mod): "mod" is not a setting here (did you mean "mode"?)\n'
            "  fix: use one of tool, mode, links_home, budget, webhook, url, auth, scope, options"
        ),
    ),
    "a misspelt mode": (
        "mode: write",
        "mode: wirte",
        (
            'config/syncd.yaml:8 (connections.pmo.mode): "wirte" is not allowed here (did you mean "write"?)\n'
            "  fix: use one of observe, write"
        ),
    ),
    "a tool that is not installed": (
        "tool: tracker",
        "tool: traker",
        (
            'config/syncd.yaml:4 (connections.pmo.tool): "traker" is not an installed tool (did you mean '
            '"tracker"?)\n'
            "  fix: use one of board, hookless, tracker"
        ),
    ),
    "a connection without a tool": (
        "    tool: tracker\n",
        "",
        ('config/syncd.yaml:3 (connections.pmo): "tool" is missing\n  fix: add "tool:"'),
    ),
    "a name with capitals": (
        "  pmo:",
        "  PMO_x:",
        (
            'config/syncd.yaml:3 (connections.PMO_x): "PMO_x" cannot be a name\n'
            "  fix: use lower-case letters, digits and dashes, a letter first\n"
            'config/syncd.yaml:16 (portfolios.platform.connections[0]): "pmo" is not a connection of this file '
            '(did you mean "PMO_x"?)\n'
            "  fix: use one of PMO_x, eng\n"
            "2 problems in the configuration"
        ),
    ),
    "a reserved name": (
        "  pmo:",
        "  leader:",
        (
            'config/syncd.yaml:3 (connections.leader): "leader" has a meaning of its own in mapping files\n'
            "  fix: choose another name\n"
            'config/syncd.yaml:16 (portfolios.platform.connections[0]): "pmo" is not a connection of this file\n'
            "  fix: use one of leader, eng\n"
            "2 problems in the configuration"
        ),
    ),
    "a secret's file that is not there": (
        "eng.token",
        "no.token",
        (
            'config/syncd.yaml:12 (connections.eng.auth.token.file): the file "no.token" cannot be read: No such '
            "file or directory\n"
            "  fix: paths start at config; make the file, and let syncd read it"
        ),
    ),
    "a token written out": (
        "{env: PMO_TOKEN}",
        "abcdef-secret",
        (
            "config/syncd.yaml:6 (connections.pmo.auth.token): a secret is written in this file\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "another secret written out": (
        "token: {env: PMO_TOKEN}",
        "token: {env: PMO_TOKEN}, passphrase: hush",
        (
            "config/syncd.yaml:6 (connections.pmo.auth.passphrase): a secret is written in this file\n"
            "  fix: put it in an environment variable or a file, and write {env: NAME} or {file: path} here"
        ),
    ),
    "a scope that is wrong in three ways": (
        "{projects: [PMO]}",
        "{project: [PMO], page_size: many}",
        (
            'config/syncd.yaml:7 (connections.pmo.scope): "projects" is missing\n'
            '  fix: add "projects:"\n'
            'config/syncd.yaml:7 (connections.pmo.scope.page_size): expected a whole number, found "many"\n'
            "  fix: write a whole number\n"
            'config/syncd.yaml:7 (connections.pmo.scope.project): "project" is not a setting here (did you mean '
            '"projects"?)\n'
            "  fix: use one of projects, page_size\n"
            "3 problems in the configuration"
        ),
    ),
    "no credential": (
        "    auth: {token: {file: eng.token}}\n",
        "",
        ('config/syncd.yaml:9 (connections.eng): "auth" is missing\n  fix: add "auth:"'),
    ),
    "a portfolio naming an unknown connection": (
        "[pmo, eng]",
        "[pmo, enq]",
        (
            'config/syncd.yaml:16 (portfolios.platform.connections[1]): "enq" is not a connection of this file '
            '(did you mean "eng"?)\n'
            "  fix: use one of pmo, eng"
        ),
    ),
    "a duration in words": (
        "5m",
        "5 minutes",
        (
            'config/syncd.yaml:18 (portfolios.platform.every): "5 minutes" is not a duration\n'
            "  fix: write a number and a unit, such as 60s, 5m, 1h or 1d"
        ),
    ),
    "a mapping file that is not there": (
        "mapping: mappings/platform.yaml",
        "mapping: mappings/platfrom.yaml",
        (
            'config/syncd.yaml:17 (portfolios.platform.mapping): "config/mappings/platfrom.yaml" cannot be read: '
            "No such file or directory\n"
            "  fix: paths start at config; make the file"
        ),
    ),
}

BROKEN_MAPPING: dict[str, tuple[str, str, str]] = {
    "an unknown kind": (
        "milestone: title",
        "milestones: title",
        (
            'config/mappings/platform.yaml:3 (match.milestones): "milestones" is not allowed here (did you mean '
            '"milestone"?)\n'
            "  fix: use one of initiative, task, milestone, iteration, comment"
        ),
    ),
    "an archive that a tool does not have": (
        "people: people.csv",
        "on_delete: {task: archive}\npeople: people.csv",
        (
            "config/mappings/platform.yaml:11 (on_delete.task): pmo cannot archive a task (Story, Task, Bug), and no "
            "status is declared that stands for archived\n"
            "  fix: declare one, as in task: {do: archive, close_as: cancelled}, or say task: unlink"
        ),
    ),
    "an archive where there is not even a status": (
        "people: people.csv",
        "on_delete: {milestone: {do: archive, close_as: cancelled}}\npeople: people.csv",
        (
            "config/mappings/platform.yaml:11 (on_delete.milestone.close_as): pmo cannot archive a milestone "
            "(version), and has no word of its own for cancelled\n"
            "  fix: name one under fields.milestone.status.pmo.values.cancelled, or use one of active, released\n"
            "config/mappings/platform.yaml:11 (on_delete.milestone): eng cannot archive a milestone (milestone), and "
            "has no status that could be written instead\n"
            "  fix: map fields.milestone.status for eng, or say milestone: unlink\n"
            "2 problems in the configuration"
        ),
    ),
    "closing as no status": (
        "people: people.csv",
        "on_delete: {task: {do: archive, close_as: canceled}}\npeople: people.csv",
        (
            'config/mappings/platform.yaml:11 (on_delete.task.close_as): "canceled" is not a status of task (did you '
            'mean "cancelled"?)\n'
            "  fix: use one of proposed, planned, in_progress, in_review, blocked, done, cancelled"
        ),
    ),
    "closing what is only unlinked": (
        "people: people.csv",
        "on_delete: {task: {do: unlink, close_as: done}}\npeople: people.csv",
        (
            "config/mappings/platform.yaml:11 (on_delete.task): unlink closes nothing\n"
            "  fix: remove close_as:, or say do: archive"
        ),
    ),
    "archiving comments": (
        "people: people.csv",
        "on_delete: {comment: archive}\npeople: people.csv",
        (
            "config/mappings/platform.yaml:11 (on_delete.comment): a comment is never archived\n"
            "  fix: say comments: {deleted: mark} to have the copies say so"
        ),
    ),
    "matching by an unknown field": (
        "milestone: title",
        "milestone: titel",
        (
            'config/mappings/platform.yaml:3 (match.milestone): "titel" is not a mapped field of milestone (did '
            'you mean "title"?)\n'
            "  fix: use one of due_on, title, status"
        ),
    ),
    "creating from an unknown connection": (
        "from: pmo",
        "from: pmx",
        (
            'config/mappings/platform.yaml:5 (create.milestone.from): "pmx" is not a connection of this '
            'portfolio (did you mean "pmo"?)\n'
            "  fix: use one of pmo, eng"
        ),
    ),
    "creating where it comes from": (
        "from: pmo",
        "from: eng",
        (
            "config/mappings/platform.yaml:5 (create.milestone.in): the rule creates in eng what comes from eng\n"
            "  fix: name another connection in from: or in:"
        ),
    ),
    "creating what the target has no type for": (
        "  milestone: {from: pmo",
        "  initiative: {from: pmo",
        (
            "config/mappings/platform.yaml:5 (create.initiative.in): no record type of eng is an initiative, so "
            "none can be created there\n"
            "  fix: add one, as in kinds: {initiative: {eng: TYPE}}"
        ),
    ),
    "an unknown field": (
        "milestone.due_on",
        "milestone.due",
        (
            'config/mappings/platform.yaml:7 (fields.milestone.due): "due" is not a field of milestone (did you '
            'mean "due_on"?)\n'
            "  fix: use one of title, description, start_on, url, status, due_on, released_on, owner, "
            "initiatives, or declare your own with type:"
        ),
    ),
    "a field without its kind": (
        "milestone.due_on",
        "due_on",
        (
            'config/mappings/platform.yaml:7 (fields.due_on): "due_on" is not a kind and a field (did you mean '
            '"task.due_on"?)\n'
            "  fix: write KIND.FIELD, the kind one of initiative, task, milestone, iteration, comment"
        ),
    ),
    "an unknown leader": (
        "leader: pmo",
        "leader: pm0",
        (
            'config/mappings/platform.yaml:7 (fields.milestone.due_on.leader): "pm0" is not a connection of this '
            'portfolio (did you mean "pmo"?)\n'
            "  fix: use one of pmo, eng"
        ),
    ),
    "a leader and a policy": (
        "leader: pmo",
        "leader: pmo, policy: hold",
        (
            "config/mappings/platform.yaml:7 (fields.milestone.due_on): a leader and a policy both settle this "
            "field\n"
            "  fix: keep leader: or policy:, not both"
        ),
    ),
    "the earliest of statuses": (
        "policy: newest",
        "policy: earliest",
        (
            'config/mappings/platform.yaml:9 (fields.task.status.policy): "earliest" compares dates, and this is '
            "choice\n"
            "  fix: use another policy"
        ),
    ),
    "an order without its list": (
        "policy: newest",
        "policy: order",
        (
            'config/mappings/platform.yaml:9 (fields.task.status.policy): the policy "order" needs its list\n'
            "  fix: write policy: {order: [first, second]}"
        ),
    ),
    "an order naming an unknown connection": (
        "policy: newest",
        "policy: {order: [pmo, enk]}",
        (
            'config/mappings/platform.yaml:9 (fields.task.status.policy.order[1]): "enk" is not a connection of '
            'this portfolio (did you mean "eng"?)\n'
            "  fix: use one of pmo, eng"
        ),
    ),
    "a side of an unknown connection": (
        "    pmo: {values",
        "    pmoo: {values",
        (
            'config/mappings/platform.yaml:10 (fields.task.status.pmoo): "pmoo" is not a connection of this '
            'portfolio or a setting here (did you mean "pmo"?)\n'
            "  fix: use one of pmo, eng, leader, policy, direction, fallback, type, options"
        ),
    ),
    "a misspelt setting of a side": (
        "    pmo: {values",
        "    pmo: {valeus",
        (
            'config/mappings/platform.yaml:10 (fields.task.status.pmo.valeus): "valeus" is not a setting here '
            '(did you mean "values"?)\n'
            "  fix: use one of field, values, direction, fallback, currency, pattern, off"
        ),
    ),
    "an unknown canonical value": (
        "{planned: [Backlog, Selected]}",
        "{plannned: [Backlog, Selected]}",
        (
            'config/mappings/platform.yaml:10 (fields.task.status.pmo.values.plannned): "plannned" is not a '
            'canonical value of this field (did you mean "planned"?)\n'
            "  fix: use one of proposed, planned, in_progress, in_review, blocked, done, cancelled"
        ),
    ),
    "one status for two values": (
        "{planned: [Backlog, Selected]}",
        "{planned: [Backlog], done: [backlog]}",
        (
            'config/mappings/platform.yaml:10 (fields.task.status.pmo.values.done): "backlog" stands for both '
            "planned and done in task.status for pmo, so one would turn into the other (the other one: "
            "config/mappings/platform.yaml:10 (fields.task.status.pmo.values.planned))\n"
            "  fix: keep it under one of them"
        ),
    ),
    "one category for two values": (
        "{planned: [Backlog, Selected]}",
        '{planned: ["category:done"], done: ["category:done"]}',
        (
            'config/mappings/platform.yaml:10 (fields.task.status.pmo.values.done): "category:done" stands for '
            "both planned and done in task.status for pmo, so one would turn into the other (the other one: "
            "config/mappings/platform.yaml:10 (fields.task.status.pmo.values.planned))\n"
            "  fix: keep it under one of them"
        ),
    ),
    "a number for a label": (
        "[Backlog, Selected]",
        "[Backlog, 3]",
        (
            "config/mappings/platform.yaml:10 (fields.task.status.pmo.values.planned[1]): expected text, found 3\n"
            "  fix: put it in quotes"
        ),
    ),
    "fallbacks in a circle": (
        "    pmo: {values: {planned: [Backlog, Selected]}}",
        "    pmo: {fallback: {planned: proposed}}",
        (
            "config/mappings/platform.yaml:10 (fields.task.status.pmo): the fallbacks of task.status for pmo go "
            "in a circle: proposed -> planned -> proposed\n"
            "  fix: end it, as in fallback: {proposed: none}"
        ),
    ),
    "an unknown fallback": (
        "    pmo: {values: {planned: [Backlog, Selected]}}",
        "    pmo: {fallback: {blocked: inprogress}}",
        (
            'config/mappings/platform.yaml:10 (fields.task.status.pmo.fallback.blocked): "inprogress" is not a '
            'canonical value of this field (did you mean "in_progress"?)\n'
            "  fix: use one of proposed, planned, in_progress, in_review, blocked, done, cancelled"
        ),
    ),
    "a custom field without a type": (
        "fields:",
        "fields:\n  task.effort: {pmo: Effort}",
        (
            'config/mappings/platform.yaml:7 (fields.task.effort): "effort" is not a field of task\n'
            "  fix: use one of title, description, start_on, url, status, assignees, reporter, priority, "
            "estimate, spent, due_on, completed_on, labels, parent, milestone, iteration, depends_on, or declare "
            "your own with type:"
        ),
    ),
    "a field nobody holds": (
        "fields:",
        "fields:\n  task.spent: {leader: pmo}",
        (
            "config/mappings/platform.yaml:7 (fields.task.spent): no connection holds task.spent\n"
            "  fix: name the tools' fields, as in pmo: FIELD, or remove it"
        ),
    ),
    "a field the tool has no default for": (
        "fields:",
        "fields:\n  task.spent: {pmo: {direction: read}}",
        (
            "config/mappings/platform.yaml:7 (fields.task.spent.pmo): pmo has no recommended field for "
            "task.spent\n"
            "  fix: name the tool's field with field:"
        ),
    ),
    "an amount without a currency": (
        "fields:",
        "fields:\n  initiative.budget: {pmo: Budget}",
        (
            'config/mappings/platform.yaml:7 (fields.initiative.budget.pmo): the currency of "Budget" is not '
            "said\n"
            "  fix: write {field: NAME, currency: EUR}"
        ),
    ),
    "a built-in field with a type": (
        "fields:",
        "fields:\n  task.title: {type: text}",
        (
            "config/mappings/platform.yaml:7 (fields.task.title.type): task.title is built in as text\n"
            "  fix: remove type:, or choose another name"
        ),
    ),
    "one type for two kinds": (
        "match:",
        "kinds: {task: {pmo: [Story]}, initiative: {pmo: [Story]}}\nmatch:",
        (
            'config/mappings/platform.yaml:3 (kinds.initiative.pmo): "Story" of pmo is both task and initiative\n'
            "  fix: name each record type under one kind"
        ),
    ),
}


def _whole(expected: str) -> str:
    return expected if expected.endswith("in the configuration") else f"{expected}\n{ONE}"


@pytest.mark.parametrize("case", BROKEN_SYNCD)
def test_a_broken_main_file_is_told_with_place_and_fix(case: str, folder: Folder) -> None:
    right, wrong, expected = BROKEN_SYNCD[case]
    assert right in SYNCD
    assert folder.told(syncd=SYNCD.replace(right, wrong)) == _whole(expected)


@pytest.mark.parametrize("case", BROKEN_MAPPING)
def test_a_broken_mapping_file_is_told_with_place_and_fix(case: str, folder: Folder) -> None:
    right, wrong, expected = BROKEN_MAPPING[case]
    assert right in MAPPING
    assert folder.told(mapping=MAPPING.replace(right, wrong)) == _whole(expected)


def test_all_files_are_told_about_at_once(folder: Folder) -> None:
    assert folder.told(
        env={},
        syncd=SYNCD.replace("mode: write", "mode: wirte"),
        mapping=MAPPING.replace("leader: pmo", "leader: pm0"),
        people=PEOPLE.replace("pmo,eng", "pmo,egn"),
    ) == (
        "config/syncd.yaml:6 (connections.pmo.auth.token.env): the environment variable PMO_TOKEN is not set\n"
        "  fix: set PMO_TOKEN and start again\n"
        'config/syncd.yaml:8 (connections.pmo.mode): "wirte" is not allowed here (did you mean "write"?)\n'
        "  fix: use one of observe, write\n"
        'config/mappings/platform.yaml:7 (fields.milestone.due_on.leader): "pm0" is not a connection of this '
        'portfolio (did you mean "pmo"?)\n'
        "  fix: use one of pmo, eng\n"
        'config/people.csv:1: "egn" is not a connection of this portfolio (did you mean "eng"?)\n'
        "  fix: use one of pmo, eng\n"
        "4 problems in the configuration"
    )


def test_an_empty_variable_is_not_a_secret(folder: Folder) -> None:
    assert folder.told(env={"PMO_TOKEN": ""}) == (
        "config/syncd.yaml:6 (connections.pmo.auth.token.env): the environment variable PMO_TOKEN is empty\n"
        "  fix: set PMO_TOKEN and start again\n"
        "1 problem in the configuration"
    )


def test_a_connection_belongs_to_one_portfolio(folder: Folder) -> None:
    assert folder.told(syncd=SYNCD + OTHER, mapping="version: 1\nextends: defaults\n") == (
        "config/syncd.yaml:19 (portfolios.other.connections[0]): pmo is in the portfolio platform too, and an "
        "item belongs to one at most\n"
        "  fix: take it out of one, or declare a second connection with a scope of its own\n"
        "1 problem in the configuration"
    )


def test_a_database_nobody_knows_is_refused(folder: Folder) -> None:
    assert folder.told(syncd=SYNCD + "store: mysql://x/y\n") == (
        'config/syncd.yaml:19 (store): "mysql" is not a database\n'
        "  fix: write sqlite:///state/syncd.db or postgresql://HOST/NAME\n"
        "1 problem in the configuration"
    )


def test_a_password_in_the_store_url_is_refused(folder: Folder) -> None:
    assert folder.told(syncd=SYNCD + "store: postgresql://u:pw@h/y\n") == (
        "config/syncd.yaml:19 (store): a password is written in this file\n"
        "  fix: write store: {url: postgresql://USER@HOST/NAME, password: {env: NAME}}\n"
        "1 problem in the configuration"
    )


@pytest.mark.parametrize(
    ("store", "where", "what", "fix"),
    [
        (
            "{url: postgresql://u@h/y, password: hunter2}",
            "store.password",
            "a secret is written in this file",
            "put it in an environment variable or a file, and write {env: NAME} or {file: path} here",
        ),
        (
            "{url: postgresql://h/y, password: {env: PMO_TOKEN}}",
            "store.password",
            "a password needs a user",
            "write the url as postgresql://USER@HOST/NAME",
        ),
        (
            "{url: {env: URL}, password: {env: PMO_TOKEN}}",
            "store.password",
            "the URL holds a password too",
            "write the url as postgresql://USER@HOST/NAME",
        ),
        (
            "{url: sqlite:///x.db, password: {env: PMO_TOKEN}}",
            "store.password",
            "only a PostgreSQL has a password",
            "remove it",
        ),
        (
            "{env: URL, url: sqlite:///x.db}",
            "store",
            "it must say one URL",
            "write store: {url: postgresql://USER@HOST/NAME, password: {env: NAME}}, or {env: NAME}",
        ),
        (
            "{url: 'postgresql://u@h/y?password=hunter2'}",
            "store.url",
            "a password is written in this file",
            "write store: {url: postgresql://USER@HOST/NAME, password: {env: NAME}}",
        ),
        (
            "{env: ODD}",
            "store",
            "it is not a database's URL",
            "write sqlite:///state/syncd.db or postgresql://HOST/NAME",
        ),
    ],
)
def test_a_store_with_its_password_apart_is_checked(
    folder: Folder, store: str, where: str, what: str, fix: str
) -> None:
    env = ENV | {"URL": "postgresql://u:hunter2@h/y", "ODD": "hunter2"}
    told = folder.told(syncd=SYNCD + f"store: {store}\n", env=env)
    assert told == f"config/syncd.yaml:19 ({where}): {what}\n  fix: {fix}\n1 problem in the configuration"
    assert "hunter2" not in told


def test_a_misspelt_key_of_the_store_is_told(folder: Folder) -> None:
    assert 'did you mean "password"' in folder.told(syncd=SYNCD + "store: {url: sqlite:///x.db, pasword: {env: A}}\n")


def test_an_empty_main_file_is_told(folder: Folder) -> None:
    assert folder.told(syncd="") == (
        "config/syncd.yaml:1: expected a group of settings, found nothing\n"
        "  fix: write a group of settings\n"
        "1 problem in the configuration"
    )


def test_an_empty_mapping_file_is_told(folder: Folder) -> None:
    assert folder.told(mapping="# nothing yet\n") == (
        "config/mappings/platform.yaml:1: expected a group of settings, found nothing\n"
        "  fix: write a group of settings\n"
        "1 problem in the configuration"
    )


def test_without_defaults_everything_must_be_said(folder: Folder) -> None:
    assert folder.told(mapping="version: 1\n") == (
        "config/mappings/platform.yaml:1 (kinds.pmo): no record type of pmo is of any kind, so nothing of it "
        "would be read\n"
        "  fix: add its types, as in kinds: {task: {pmo: [TYPE]}}, or say extends: defaults\n"
        "config/mappings/platform.yaml:1 (kinds.eng): no record type of eng is of any kind, so nothing of it "
        "would be read\n"
        "  fix: add its types, as in kinds: {task: {eng: [TYPE]}}, or say extends: defaults\n"
        "2 problems in the configuration"
    )


def test_a_misspelt_column_of_the_people_file_is_told(folder: Folder) -> None:
    assert folder.told(people=PEOPLE.replace("pmo,eng", "pmo,egn")) == (
        'config/people.csv:1: "egn" is not a connection of this portfolio (did you mean "eng"?)\n'
        "  fix: use one of pmo, eng\n"
        "1 problem in the configuration"
    )


def test_the_first_column_is_the_person(folder: Folder) -> None:
    assert folder.told(people=PEOPLE.replace("person,", "name,")) == (
        'config/people.csv:1: the first column is "name", not "person"\n'
        '  fix: call the first column "person"\n'
        "1 problem in the configuration"
    )


def test_one_login_is_one_person(folder: Folder) -> None:
    assert folder.told(people=PEOPLE + "bob,ada@acme.example,\n") == (
        'config/people.csv:4: "ada@acme.example" is in column pmo twice, first in line 2\n'
        "  fix: keep one of them\n"
        "1 problem in the configuration"
    )


def test_a_row_with_too_many_cells_is_told(folder: Folder) -> None:
    assert folder.told(people=PEOPLE + "bob,1,2,3\n") == (
        "config/people.csv:4: the row has 4 cells, the header 3\n"
        "  fix: remove what is too much, or put a cell with a comma in quotes\n"
        "1 problem in the configuration"
    )
