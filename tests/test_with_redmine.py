"""The runner that brings a Redmine up takes only what it should, and gets out of the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.with_redmine import ROOT, find_starter, parse_settings


def test_only_lines_about_redmine_are_taken() -> None:
    text = "REDMINE_URL=http://127.0.0.1:3000\nPATH=/tmp\nREDMINE_API_KEY=a=b\nchatter\n"
    assert parse_settings(text) == {"REDMINE_URL": "http://127.0.0.1:3000", "REDMINE_API_KEY": "a=b"}


def test_nothing_is_started_where_there_is_nothing_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_SHARED", str(tmp_path))
    assert find_starter() is None


@pytest.mark.parametrize(("given", "seen"), [("", "http://127.0.0.1:1"), ("http://there", "http://there")])
def test_a_command_runs_with_the_settings_and_keeps_its_exit_code(tmp_path: Path, given: str, seen: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may start a Redmine")
    starter = tmp_path / "redmine" / "up"
    starter.parent.mkdir()
    starter.write_text("#!/bin/sh\necho REDMINE_URL=http://127.0.0.1:1\n")
    starter.chmod(0o755)
    program = "import os, sys; print(os.environ['REDMINE_URL']); sys.exit(7)"
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-m", "tests.with_redmine", sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "SYNCD_SHARED": str(tmp_path), "REDMINE_URL": given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (7, seen)
