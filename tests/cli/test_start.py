"""Starting is quick, and says what there is."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

HEAVY = ("httpx", "sqlalchemy", "pydantic", "rich", "structlog", "starlette", "graphql", "ruamel")
COMMANDS = (
    "demo init check plan apply sync run verify status explain sandbox match conflicts quarantine config".split()  # noqa: SIM905
)
IN_GROUPS = (
    ("sandbox", "serve"),
    ("sandbox", "set"),
    ("sandbox", "show"),
    ("sandbox", "log"),
    ("match", "accept"),
    ("conflicts", "resolve"),
    ("quarantine", "retry"),
    ("config", "schema"),
)


def syncd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "syncd", *arguments], capture_output=True, text=True, check=False)  # noqa: S603


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    code = "import json, sys, syncd.cli.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert loaded & set(HEAVY) == set()


def test_help_takes_less_than_a_third_of_a_second_of_work() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times = []
    for _ in range(3):
        before = spent()
        assert syncd("--help").returncode == 0
        times.append(spent() - before)
    assert min(times) < 0.3


def test_help_names_every_command_and_exit_code() -> None:
    told = syncd("--help").stdout
    assert [name for name in COMMANDS if f"\n  {name} " not in told] == []
    assert "Exit codes: 0 done, 1 failed and may be retried, 2 wrong usage" in told


@pytest.mark.parametrize("command", [(name,) for name in COMMANDS] + list(IN_GROUPS), ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    from syncd.cli import main

    assert main([*command, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"Usage: syncd {' '.join(command)} ")
    assert "\x1b" not in told
