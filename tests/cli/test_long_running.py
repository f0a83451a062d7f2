"""Commands that go on: the demo and the daemon, as processes of their own, ended by a signal."""

from __future__ import annotations

import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

PATIENCE_S = 90


def _hear_ctrl_c() -> None:
    """Undo what a shell does to commands in its background: they, and all they start, are deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Process:
    """A running syncd whose output is read line by line."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "syncd", *arguments],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", "SYNCD_DEBUG": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_hear_ctrl_c,  # noqa: PLW1509 - it takes no lock
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_for(self, part: str) -> str:
        """Return the next line that holds *part*."""
        while True:
            line = self._queue.get(timeout=PATIENCE_S)
            assert line is not None, "\n".join(["it ended without saying so:", *self.lines])
            self.lines.append(line)
            if part in line:
                return line

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        while (line := self._queue.get(timeout=PATIENCE_S)) is not None:
            self.lines.append(line)
        return code


@contextmanager
def syncd(folder: Path, *arguments: str) -> Iterator[Process]:
    running = Process(folder, *arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait(PATIENCE_S)


def test_the_demo_ends_at_quiescence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "syncd", "demo", "--once"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 initiatives, 80 tasks, 8 milestones" in done.stdout
    assert "Nothing was written.\nNotifies people: " in done.stdout
    assert "\nNext: syncd apply " in done.stdout
    assert "conflicts resolve " in done.stdout
    assert "All tools agree: " in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" reads, 0 writes.")
    assert len(done.stdout.splitlines()) < 70
    assert "Traceback" not in done.stderr


def test_the_demo_goes_on_and_shows_what_arrives(tmp_path: Path) -> None:
    with syncd(tmp_path, "demo") as demo:
        demo.wait_for("Your turn")
        command = shlex.split(demo.wait_for("sandbox set jira"))
        start = command.index("sandbox")
        edited = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "syncd", *command[start:]], capture_output=True, text=True, check=False
        )
        assert edited.returncode == 0, edited.stderr
        arrived = demo.wait_for("Said in Jira")
        if "sandbox" in arrived:
            arrived = demo.wait_for("Said in Jira")
        assert "github-eng" in arrived
        assert demo.end(signal.SIGINT) == 0
        assert demo.lines[-1] == "Stopped. The folder demo/ is yours to look at; the stand-ins are gone."
        assert not [line for line in demo.lines if "Traceback" in line]


@pytest.mark.usefixtures("stores")
def test_the_daemon_syncs_until_told_to_stop_and_gives_the_store_back(cli: Cli) -> None:
    cli.agree()
    jira, github = cli.pair()
    with syncd(cli.folder, "run", "-c", str(cli.folder)) as daemon:
        daemon.wait_for("Syncing platform every 3 s")
        cli.edit("jira", jira, "summary", "While it runs")
        assert daemon.wait_for(github) == f"updated github-eng {github}: title"
        status = cli("status")
        assert status.out.splitlines()[1].startswith("The daemon runs: process ")
        assert "\nDaemon:\n  told " in status.out
        assert daemon.end(signal.SIGTERM) == 0
        assert daemon.lines[-1].startswith("Stopped in order after ")
    assert cli.held("github", github)["title"] == "While it runs"
    assert cli("sync").code == 0


def test_a_daemon_says_what_went_and_what_came_back_and_nothing_of_idle_cycles(cli: Cli) -> None:
    cli.agree()
    token, config = cli.folder / "state" / "jira-token", cli.folder / "syncd.yaml"
    right = token.read_text()
    with syncd(cli.folder, "run", "-c", str(cli.folder)) as daemon:
        daemon.wait_for("cycle_finished")
        token.write_text("mistyped")
        daemon.wait_for("connector_unavailable")
        token.write_text(right)
        daemon.wait_for("connector_recovered")
        config.write_text("version: 1")
        daemon.wait_for("configuration_refused")
        unreadable = cli("status")
        assert daemon.end(signal.SIGTERM) == 0
        idle = [line for line in daemon.lines if "cycle_finished" in line and '"pulled": 0, "compared": 0' in line]
        assert len(idle) <= 3, "but for the first under each configuration, idle cycles are not told"
    assert unreadable.code == 2
    assert "goes on with the configuration it had" in unreadable.err


@pytest.mark.parametrize("fault", ["slow:wait=2", "reset-after-commit"], ids=["it is waited for", "it is looked up"])
def test_a_daemon_told_to_stop_in_the_middle_of_a_write_ends_it_or_knows_of_it(cli: Cli, fault: str) -> None:
    cli.agree()
    jira, github = cli.pair()
    with syncd(cli.folder, "run", "-c", str(cli.folder)) as daemon:
        daemon.wait_for("Syncing platform every 3 s")
        armed = cli.server.sandbox.faults.add(f"github:{fault}:kind=write:count=1")
        assert armed is not None
        mark = cli.server.sandbox.log.mark()
        cli.edit("jira", jira, "summary", "Under way")
        deadline = time.monotonic() + PATIENCE_S
        while not armed.struck:
            assert time.monotonic() < deadline, daemon.lines
            time.sleep(0.05)
        assert daemon.end(signal.SIGTERM) == 0
        assert daemon.lines[-1].startswith("Stopped in order after ")
        assert not [line for line in daemon.lines if "Traceback" in line]
    is_known = f"updated github-eng {github}: title" in daemon.lines
    assert is_known or "reset" in fault
    cli.server.sandbox.faults.clear()
    assert cli("sync").code == 0
    assert cli("sync").code == 0
    assert cli.held("github", github)["title"] == "Under way"
    assert cli.held("jira", jira)["summary"] == "Under way"
    assert cli.server.sandbox.log.objects_written(mark) == 1
    assert "open" not in cli("status").out
