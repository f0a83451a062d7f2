"""The documents are held by tests: commands parse, examples load, every folder says what belongs there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.engine.tools import tools
from syncd.mapping.compile import Source, compile_mapping
from syncd.model.refs import ConnectionName
from syncd.settings.load import load
from syncd.settings.yaml import read_yaml

ROOT = Path(__file__).resolve().parents[1]
SECRETS = dict.fromkeys(["LINEAR_KEY", "JIRA_TOKEN", "GITHUB_TOKEN", "REDMINE_KEY"], "secret")


def blocks(path: Path, language: str) -> list[str]:
    """Return the fenced code blocks of one language in a Markdown file."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def shell_commands() -> list[str]:
    lines = [line.strip() for block in blocks(ROOT / "README.md", "sh") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("command", [line for line in shell_commands() if "syncd " in line])
def test_every_syncd_command_in_the_readme_parses(command: str) -> None:
    """Its options and sub-commands exist: `--help` behind the words before the first argument succeeds."""
    words = shlex.split(command, comments=True)[1:]
    ran = subprocess.run(  # noqa: S603 - our own README
        [sys.executable, "-m", "syncd", *words, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for option in (word for word in words if word.startswith("--")):
        assert option in ran.stdout


@pytest.mark.parametrize("command", [line for line in shell_commands() if line.startswith("make ")])
def test_every_make_target_in_the_readme_exists(command: str) -> None:
    target = shlex.split(command)[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_every_file_named_in_the_documents_exists() -> None:
    named = {
        name
        for path in (ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md", ROOT / "README.md")
        for name in re.findall(r"`((?:tests|syncd|benchmarks|config|deploy)/[\w./-]+\.\w+)`", path.read_text())
    }
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("folder", sorted(path.parent for path in (ROOT / "config").rglob("syncd.yaml")), ids=str)
def test_every_shipped_configuration_loads_without_a_warning(folder: Path) -> None:
    settings = load(folder, tools(), SECRETS)
    assert settings.portfolios
    assert settings.warnings == ()


@pytest.mark.parametrize("text", blocks(ROOT / "README.md", "yaml"))
def test_the_mapping_in_the_readme_compiles_and_is_short(text: str) -> None:
    document = read_yaml(text, "README.md")
    defaults = {
        ConnectionName(name): Source((file := read_yaml(tools()[tool]().defaults(), tool)).data, file.locate)
        for name, tool in {"jira-pmo": "jira", "github-eng": "github"}.items()
    }
    assert not compile_mapping(Source(document.data, document.locate), defaults).warnings
    assert len(text.strip().splitlines()) <= 15


@pytest.mark.parametrize("tool", sorted(tools()))
def test_every_connector_says_what_it_needs_and_how_far_it_is(tool: str) -> None:
    text = (ROOT / "syncd" / "connectors" / tool / "README.md").read_text()
    for word in ("reads", "writes", "hardened"):
        assert word in text


def test_every_dependency_has_its_line() -> None:
    """`ARCHITECTURE.md` says of each dependency what it saves and who keeps it."""
    text = (ROOT / "ARCHITECTURE.md").read_text().lower()
    listed = re.findall(r'"([a-z0-9.-]+)(?:\[[a-z]+\])?>=', (ROOT / "pyproject.toml").read_text())
    assert len(listed) > 10
    assert [name for name in listed if name not in text] == []
