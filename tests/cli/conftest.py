"""An installation to command: a small sandbox on loopback, a configuration folder, and `syncd` in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from syncd.cli import main
from syncd.cli.demo_setup import write_config
from syncd.sandbox.client import set_value, show
from syncd.sandbox.serve import Background, background
from tests.databases import new_store


@dataclass(frozen=True)
class Answer:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was printed
        return json.loads(self.out)


@dataclass
class Cli:
    """`syncd` with one configuration folder."""

    folder: Path
    server: Background
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Answer:
        """Run a command with this configuration."""
        return self.plainly(*arguments, "-c", str(self.folder))

    def plainly(self, *arguments: str) -> Answer:
        """Run a command as it is."""
        self.capture.readouterr()
        code = main(arguments)
        told = self.capture.readouterr()
        return Answer(code, told.out, told.err)

    def edit(self, tool: str, key: str, field: str, value: str) -> None:
        """Edit as a person would."""
        set_value(self.server.url, tool, key, field, value)

    def held(self, tool: str, key: str) -> Any:  # noqa: ANN401 - whatever the tool shows
        """Return an item as its tool shows it."""
        return show(self.server.url, tool, key)

    def agree(self) -> None:
        """Go through first contact."""
        for _ in range(3):
            plan = self("plan", "--json").json
            if plan["lines"]:
                assert self("apply", plan["plan"]).code == 0
        assert self("sync").code == 0

    def pair(self) -> tuple[str, str]:
        """Return the Jira and GitHub keys of a task in both tools."""
        told = self("explain", "ENG-1", "title", "--json").json
        keys = {link["connection"]: link["key"] for link in told["links"]}
        return keys["jira-pmo"], keys["github-eng"]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("SYNCD_CONFIG", raising=False)
    monkeypatch.delenv("SYNCD_DEBUG", raising=False)
    logging = structlog.get_config()
    with background(["jira", "github"], items=12) as server:
        folder = tmp_path / "here"
        write_config(folder, server.sandbox, server.url)
        main_file = folder / "syncd.yaml"
        text = main_file.read_text().replace("sqlite:///state/syncd.db", new_store(folder))
        main_file.write_text(f"{text}\nlisten: {{hooks: 127.0.0.1:0, admin: 127.0.0.1:0}}\n")
        yield Cli(folder, server, capsys)
    structlog.configure(**logging)
