"""What goes wrong is told as where, what and the fix; never as a traceback."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from syncd.cli import main
from syncd.cli.failing import exit_code
from syncd.errors import (
    ConfigError,
    ConfigProblems,
    HeldError,
    StoreError,
    UnavailableError,
    UnsafePlanError,
)
from syncd.sandbox.client import revoke
from syncd.store.lease import signature
from syncd.store.store import open_store
from syncd.world import real_world
from tests.cli.conftest import Cli


def test_a_folder_without_configuration_is_named_with_the_way_to_one(cli: Cli, tmp_path: Path) -> None:
    answer = cli.plainly("plan", "-c", str(tmp_path / "none"))
    file = tmp_path / "none" / "syncd.yaml"
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f'error: {file}: "{file}" cannot be read: No such file or directory\n'
        "  fix: run syncd init to write a starter configuration, or name its folder with -c\n"
        "1 problem in the configuration\n"
    )


def test_all_problems_of_a_configuration_come_in_one_go(cli: Cli) -> None:
    main_file = cli.folder / "syncd.yaml"
    main_file.write_text(main_file.read_text().replace("mode: write", "mode: wirte").replace("every: 3s", "every: 3"))
    answer = cli("check")
    assert answer.code == 2
    assert answer.err.count("error: ") == 3
    assert answer.err.endswith("3 problems in the configuration\n")


def test_an_unknown_portfolio_is_answered_with_those_there_are(cli: Cli) -> None:
    answer = cli("status", "-p", "nobody")
    assert answer.code == 2
    assert answer.err == (f'error: {cli.folder}: there is no portfolio "nobody"\n  fix: say which: -p platform\n')


def test_an_unknown_plan_is_a_usage_error(cli: Cli) -> None:
    answer = cli("apply", "ffff")
    assert answer.code == 2
    assert answer.err == 'error: there is no plan "ffff"\n  fix: run syncd plan, and give the id it prints\n'


@pytest.mark.parametrize("choices", [(), ("--keep", "--take", "jira-pmo"), ("--keep", "--value", "x")])
def test_resolving_takes_exactly_one_choice(cli: Cli, choices: tuple[str, ...]) -> None:
    answer = cli("conflicts", "resolve", "abc", *choices)
    assert answer.code == 2
    assert answer.err == (
        "error: conflicts resolve: say exactly one of --take, --keep and --value\n"
        f"  fix: such as: syncd conflicts resolve abc --take CONNECTION -c {cli.folder}\n"
    )


def test_an_unknown_option_is_a_usage_error(cli: Cli) -> None:
    answer = cli("plan", "--colour")
    assert answer.code == 2
    assert "No such option: --colour" in answer.err


def test_a_fault_of_ours_shows_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise ZeroDivisionError("the secret of life")

    monkeypatch.delenv("SYNCD_DEBUG", raising=False)
    monkeypatch.setattr("syncd.cli.setup.print_schema", fail)
    assert main(["config", "schema"]) == 1
    assert capsys.readouterr().err == (
        "error: internal fault: ZeroDivisionError\n"
        "  fix: run it again with SYNCD_DEBUG=1 to see where, and report what it shows\n"
    )
    monkeypatch.setenv("SYNCD_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["config", "schema"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (ConfigProblems((ConfigError("x"),)), 2),
        (StoreError("x"), 1),
        (UnavailableError("x"), 1),
        (UnsafePlanError("x"), 3),
        (HeldError("x"), 3),
        (ExceptionGroup("several", [HeldError("x"), StoreError("y")]), 1),
        (ValueError("x"), 1),
    ],
)
def test_each_class_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_two_writers_never_run_at_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hold() -> None:
        store = await open_store(f"sqlite:///{cli.folder / 'state' / 'syncd.db'}", real_world())
        await store.acquire_lease(ttl_s=60, holder=signature(os.getppid()))
        store._held = None  # as if that process were still at work
        await store.close()

    asyncio.run(hold())
    monkeypatch.setattr("syncd.cli.opening.WAIT_S", 0.05)
    answer = cli("sync")
    assert answer.code == 1
    assert f"it is held by process {os.getppid()} on {socket.gethostname()}" in answer.err
    assert cli("status").out.splitlines()[1] == f"Writing now: process {socket.gethostname()}:{os.getppid()}."
    assert cli("plan").code == 0


def test_a_tool_that_does_not_answer_is_a_warning_and_the_rest_goes_on(cli: Cli) -> None:
    cli.agree()
    revoke(cli.server.url, "jira")
    answer = cli("sync", "--json")
    assert answer.code == 1
    assert answer.err.startswith("warning: jira-pmo")
    assert "  fix: " in answer.err
    assert [name for name, _ in answer.json["findings"]["unreachable"]] == ["jira-pmo"]
    token = (cli.folder / "state" / "jira-token").read_text()
    assert token not in answer.err + answer.out
    assert cli("verify").code == 1
    assert cli("check", "--online").code == 1
