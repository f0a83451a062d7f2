from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from syncd.errors import ConfigProblems
from syncd.mapping.compile import Source, compile_mapping
from syncd.model.canonical import OPT_IN, Kind
from syncd.model.native import Person
from syncd.model.policy import Leader
from syncd.model.refs import ConnectionName
from syncd.settings.load import load
from syncd.settings.schema import json_schemas
from syncd.settings.starter import VARIABLES, starter
from syncd.settings.yaml import read_yaml
from tests.settings.folder import BOARD_DEFAULTS, ENV, MAPPING, SYNCD, TRACKER_DEFAULTS, Auth, Folder, MadeUpTool

PMO, ENG = ConnectionName("pmo"), ConnectionName("eng")
DEFAULTS = sorted((Path(__file__).parents[2] / "syncd" / "connectors").glob("*/defaults.yaml"))


def test_a_right_folder_loads_as_one_snapshot(folder: Folder) -> None:
    loaded = folder.load()
    assert loaded.store == f"sqlite:///{folder.path}/state/syncd.db"
    assert [(each.name, each.tool, each.writes) for each in loaded.connections.values()] == [
        ("pmo", "tracker", True),
        ("eng", "board", False),
    ]
    settings: Any = loaded.connections[ENG].settings
    assert settings.auth.token == SecretStr("another-made-up-token")
    platform = loaded.portfolios["platform"]
    assert (platform.connections, platform.every_s) == ((PMO, ENG), 300.0)
    assert platform.limits.model_dump() == {
        "archive_count": 3,
        "archive_share": 0.02,
        "update_count": 50,
        "update_share": 0.5,
        "create_count": 50,
        "create_share": 0.5,
        "comment_count": 500,
        "comment_share": 0.5,
    }
    assert platform.mapping.policy(Kind.MILESTONE, "due_on") == Leader(PMO)
    assert platform.people.person_of(ENG, Person(id="7", login="Ada-Example")) == "ada"
    assert loaded.warnings == ()


def test_a_first_mapping_takes_at_most_fifteen_lines() -> None:
    assert len(MAPPING.splitlines()) <= 15


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path / "nowhere", {}, {})
    assert str(caught.value).replace(str(tmp_path), "") == (
        '/nowhere/syncd.yaml: "/nowhere/syncd.yaml" cannot be read: No such file or directory\n'
        "  fix: run syncd init to write a starter configuration, or name its folder with -c\n"
        "1 problem in the configuration"
    )


def test_no_secret_is_repeated(folder: Folder) -> None:
    told = folder.told(
        syncd=SYNCD.replace("{env: PMO_TOKEN}", "hush-hush").replace("email: bot@acme.example", "email: 12")
    )
    assert "hush" not in told
    assert "12" not in told


def test_only_the_tools_a_file_names_are_asked_for(folder: Folder) -> None:
    folder.load()

    def refuse() -> MadeUpTool:
        raise AssertionError("nobody named this tool")

    tools = {
        "tracker": lambda: MadeUpTool("tracker", TRACKER_DEFAULTS),
        "board": lambda: MadeUpTool("board", BOARD_DEFAULTS),
        "other": refuse,
    }
    assert load(folder.path, tools, ENV).portfolios


def test_the_store_may_be_a_secret(folder: Folder) -> None:
    env = ENV | {"STORE": "postgresql://syncd:made-up@db/syncd"}
    assert folder.load(syncd=SYNCD + "store: {env: STORE}\n", env=env).store == env["STORE"]
    told = folder.told(syncd=SYNCD + "store: {env: STORE}\n")
    assert told == (
        "config/syncd.yaml:19 (store.env): the environment variable STORE is not set\n"
        "  fix: set STORE and start again\n1 problem in the configuration"
    )


@pytest.mark.parametrize("url", ["postgresql://syncd@db:5433/syncd?sslmode=require", "{env: STORE}"])
def test_the_stores_password_may_be_a_secret_of_its_own(folder: Folder, url: str) -> None:
    env = ENV | {"STORE": "postgresql://syncd@db:5433/syncd?sslmode=require", "PASSWORD": "made:up/@"}
    settings = folder.load(syncd=SYNCD + f"store:\n  url: {url}\n  password: {{env: PASSWORD}}\n", env=env)
    assert settings.store == "postgresql://syncd:made%3Aup%2F%40@db:5433/syncd?sslmode=require"
    assert "made" not in repr(settings)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1.5h", 5400), ("1d", 86400)])
def test_durations_have_units(text: str, seconds: float, folder: Folder) -> None:
    assert folder.load(syncd=SYNCD.replace("5m", text)).portfolios["platform"].every_s == seconds


class ByToken(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    email: str
    token: SecretStr


class ByKey(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    bearer: SecretStr


class EitherSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    auth: ByToken | ByKey
    scope: dict[str, Any]


def test_of_two_ways_to_give_a_credential_the_nearest_is_told_about(folder: Folder) -> None:
    folder.load()
    text = SYNCD.replace("token: {env: PMO_TOKEN}", "tokn: {env: PMO_TOKEN}").replace("token: {file", "bearer: {file")
    (folder.path / "syncd.yaml").write_text(text)
    tools = {
        "tracker": lambda: MadeUpTool("tracker", TRACKER_DEFAULTS, EitherSettings),
        "board": lambda: MadeUpTool("board", BOARD_DEFAULTS, EitherSettings),
    }
    with pytest.raises(ConfigProblems) as caught:
        load(folder.path, tools, ENV)
    assert str(caught.value).replace(str(folder.path), "config") == (
        'config/syncd.yaml:6 (connections.pmo.auth): "token" is missing\n'
        '  fix: add "token:"\n'
        'config/syncd.yaml:6 (connections.pmo.auth.tokn): "tokn" is not a setting here (did you mean "token"?)\n'
        "  fix: use one of email, token\n"
        "2 problems in the configuration"
    )


class Formed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    projects: tuple[Annotated[str, Field(pattern="^[A-Z]+$")], ...] = Field(min_length=1)


class FormedSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    auth: Auth
    scope: Formed


def test_what_is_wrong_in_a_list_is_told_once(folder: Folder) -> None:
    folder.load(syncd=SYNCD)
    (folder.path / "syncd.yaml").write_text(SYNCD.replace("[PMO]", "[pmo]").replace("[api, web]", "[API]"))
    tools = {
        "tracker": lambda: MadeUpTool("tracker", TRACKER_DEFAULTS, FormedSettings),
        "board": lambda: MadeUpTool("board", BOARD_DEFAULTS, FormedSettings),
    }
    with pytest.raises(ConfigProblems) as caught:
        load(folder.path, tools, ENV)
    assert str(caught.value).replace(str(folder.path), "config") == (
        'config/syncd.yaml:7 (connections.pmo.scope.projects[0]): "pmo" does not have the right form\n'
        "  fix: write it in the form ^[A-Z]+$\n1 problem in the configuration"
    )


class AnySettings(BaseModel):
    """Takes what the starter says of any tool."""

    url: str | None = None
    auth: dict[str, Any]
    scope: dict[str, Any]


def uncommented(text: str) -> str:
    """Turn every commented setting on; prose stays."""
    return re.sub(r'^( *)# ( *(?:- )?[\w."-]+:(?: .*|))$', r"\1\2", text, flags=re.MULTILINE)


@pytest.mark.parametrize("everything", [False, True])
def test_the_starter_loads_as_it_is_and_with_everything_turned_on(tmp_path: Path, *, everything: bool) -> None:
    for name, text in starter().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(uncommented(text) if everything else text)
    tools = {
        name: lambda: MadeUpTool("any", TRACKER_DEFAULTS, AnySettings)
        for name in ("jira", "github", "redmine", "linear")
    }
    names = (*VARIABLES, *(("REDMINE_KEY", "LINEAR_KEY") if everything else ()))
    env = dict.fromkeys(names, "made-up") | {"CHAT_URL": "https://chat.acme.example/hook"}
    loaded = load(tmp_path, tools, env)
    assert not any(each.writes for each in loaded.connections.values()), "a new connection observes"
    rules = [*loaded.portfolios["platform"].mapping.create_rules(Kind.TASK)]
    assert len(rules) == (1 if everything else 0), "nothing is created unless a rule says so"


@pytest.mark.parametrize("path", DEFAULTS, ids=lambda path: path.parent.name)
def test_every_shipped_defaults_file_is_a_sound_mapping(path: Path) -> None:
    document = read_yaml(path.read_text(), str(path))
    source = Source({"version": 1, "extends": "defaults"}, lambda _: "m.yaml:1")
    mapping = compile_mapping(source, {PMO: Source(document.data, document.locate)})
    assert mapping.warnings == ()
    assert set(mapping.kinds[PMO].values()) == set(Kind) - OPT_IN, "comments and iterations cost nothing unless asked"
    assert all(mapping.native_key(PMO, kind, "title") for kind in set(Kind) - OPT_IN)
    assert mapping.native_key(PMO, Kind.TASK, "iteration") is None


def test_there_are_shipped_defaults() -> None:
    assert {"jira", "github"} <= {path.parent.name for path in DEFAULTS}


@pytest.mark.parametrize(("name", "text"), [("syncd.yaml", SYNCD), ("mapping.yaml", MAPPING)])
def test_the_published_schemas_accept_what_loads_and_refuse_a_misspelt_key(name: str, text: str) -> None:
    schema = json_schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = read_yaml(text, name).data
    assert isinstance(data, dict)
    assert list(validator.iter_errors(data)) == []
    assert list(validator.iter_errors({**data, "verson": 1})) != []


def test_yaml_keeps_dates_and_words_as_text_and_knows_its_lines() -> None:
    document = read_yaml("a: 2026-03-01\nb: [yes, true, 0x10, 1.5, ~]\nc:\n  d: no\n", "f.yaml")
    assert document.data == {"a": "2026-03-01", "b": ["yes", True, 16, 1.5, None], "c": {"d": "no"}}
    assert document.locate(("c", "d")) == "f.yaml:4"
    assert document.locate(("c", "x", "y")) == "f.yaml:3"
    assert document.locate(("nowhere",)) == "f.yaml:1"


def test_the_grammar_in_the_mapping_readme_is_right(folder: Folder) -> None:
    readme = (Path(__file__).parents[2] / "syncd" / "mapping" / "README.md").read_text()
    [block] = re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL)
    mapping = folder.load(mapping=block).portfolios["platform"].mapping
    assert mapping.warnings == ()
    assert [rule.names for rule in mapping.match_rules(Kind.TASK)] == [PMO, None]
