"""B4: how long an edit takes from one tool to the other by webhook, at a steady pace of edits, over real HTTP."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import ROOT, BrokenRunError

WINDOW_S: Final = 0.2
"""How long webhooks are gathered (`window`)."""
SYNCD: Final = str(ROOT / ".venv" / "bin" / "syncd")
STARTS_S: Final = 60.0
"""The longest the daemon may take to its first whole cycle's end."""

MAIN: Final = """\
version: 1
store: sqlite:///state/syncd.db
listen: {{hooks: "127.0.0.1:{port}"}}
connections:
  jira-pmo:
    tool: jira
    url: {jira[url]}
    auth: {{email: {jira[email]}, token: {{env: BENCH_JIRA}}}}
    scope: {{projects: [PMO, ENG]}}
    options: {{share: 1}}
    webhook: {{secret: {{env: BENCH_JIRA_HOOK}}}}
    mode: write
  redmine:
    tool: redmine
    url: {redmine[url]}
    auth: {{key: {{env: BENCH_REDMINE}}}}
    scope: {{projects: [pmo, eng]}}
    options: {{share: 1, per_s: 1000}}
    webhook: {{secret: {{env: BENCH_REDMINE_HOOK}}}}
    mode: write
portfolios:
  all:
    connections: [jira-pmo, redmine]
    mapping: mapping.yaml
    every: 1h
    window: {window}s
    limits: {{update_count: 1000000}}
"""
MAPPING: Final = """\
version: 1
extends: defaults
kinds:
  initiative: {jira-pmo: [], redmine: []}
  milestone: {jira-pmo: [], redmine: []}
  task: {jira-pmo: [Story, Task, Bug, Sub-task], redmine: [Feature, Support, Bug]}
match: {task: title}
fields:
  task.status: {leader: jira-pmo}
  task.description: {leader: jira-pmo}
  task.due_on: {jira-pmo: false, redmine: false}
  task.start_on: {jira-pmo: false, redmine: false}
  task.completed_on: {jira-pmo: false, redmine: false}
  task.priority: {jira-pmo: false, redmine: false}
  task.estimate: {jira-pmo: false, redmine: false}
  task.spent: {jira-pmo: false, redmine: false}
  task.assignees: {jira-pmo: false, redmine: false}
  task.reporter: {jira-pmo: false, redmine: false}
  task.labels: {jira-pmo: false, redmine: false}
  task.parent: {jira-pmo: false, redmine: false}
  task.milestone: {jira-pmo: false, redmine: false}
  task.depends_on: {jira-pmo: false, redmine: false}
"""
"""Titles, texts and statuses: what two tools that know nobody in common can agree on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stormed:
    """What became of the edits of one phase."""

    edits: int
    took_s: float
    delays: Sequence[float]
    """Of those that arrived before another edit of the same item did, sorted, in seconds."""
    writes: int

    def part(self, share: float) -> float:
        """Return the delay that this share of the edits did not exceed."""
        return self.delays[min(len(self.delays) - 1, int(share * len(self.delays)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What B4 found."""

    apart: Stormed
    """Edits of ever other items, in both tools."""
    repeated: Stormed
    """Edits of a few items, again and again."""
    differing: Sequence[str]
    """Items that the tools show differently in the end, or that do not show what was said last."""
    more: int
    """Items there are more of than before."""


class Office:
    """The stand-ins and the people who edit, in a process of their own that answers each line with one of JSON."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self.told = self._line()

    def ask(self, command: str) -> Mapping[str, Any]:
        """Have it do something, and return what it says."""
        if self._child.stdin is None:
            raise BrokenRunError("the stand-ins take no commands")
        print(command, file=self._child.stdin, flush=True)
        return self._line()

    def _line(self) -> Mapping[str, Any]:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            raise BrokenRunError("the stand-ins ended")
        told: Mapping[str, Any] = json.loads(line)
        return told


@contextmanager
def office(module: str, *arguments: str) -> Iterator[Office]:
    """Run a module that is one, for as long as the block lasts."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own
        try:
            yield Office(child)
        finally:
            child.kill()


def measure(folder: Path, *, items: int, per_s: float, seconds: float, latency_ms: float) -> Measured:
    """
    Bring two tools of *items* tasks into agreement, run the daemon, and edit *per_s* titles a second.

    Raises:
        BrokenRunError: something did not start or end.
    """
    with office("benchmarks.storm", str(items), str(latency_ms)) as people:
        tools, port = people.told["tools"], free_port()
        _install(folder, tools, port)
        env = os.environ | {"BENCH_JIRA": tools["jira"]["token"], "BENCH_REDMINE": tools["redmine"]["key"]}
        env |= {"BENCH_JIRA_HOOK": "jira-sandbox-hook-secret", "BENCH_REDMINE_HOOK": "redmine-sandbox-hook-secret"}
        _agree(folder, env)
        before = people.ask("agree")["items"]
        base = f"http://127.0.0.1:{port}/hooks"
        with _daemon(folder, env):
            people.ask(f"hooks jira={base}/jira-pmo redmine={base}/redmine")
            people.ask(f"edit {per_s / 5} 5 {people.told['pairs']} jira,redmine")
            apart = Stormed(**people.ask(f"edit {per_s} {seconds} {people.told['pairs']} jira,redmine"))
            repeated = Stormed(**people.ask(f"edit {per_s} {seconds / 4} 5 jira"))
            after = people.ask("agree")
    more = sum(after["items"][tool] - before[tool] for tool in before)
    return Measured(apart=apart, repeated=repeated, differing=after["apart"], more=more)


def _install(folder: Path, tools: Mapping[str, Any], port: int) -> None:
    folder.mkdir(parents=True)
    (folder / "syncd.yaml").write_text(MAIN.format(**tools, port=port, window=WINDOW_S))
    (folder / "mapping.yaml").write_text(MAPPING)


def _agree(folder: Path, env: Mapping[str, str]) -> None:
    """Run first contact and approve whatever it proposes, until nothing is left to write."""
    for _ in range(5):
        _syncd(folder, env, "sync")
        plan = json.loads(_syncd(folder, env, "plan", "--json"))
        if not plan["lines"]:
            return
        _syncd(folder, env, "apply", plan["plan"], "--approve")
    raise BrokenRunError("the tools do not come to agree")


def _syncd(folder: Path, env: Mapping[str, str], *arguments: str) -> str:
    command = [SYNCD, *arguments, "-c", str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode not in {0, 3}:
        raise BrokenRunError(
            f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout)[-1500:]}"
        )
    return done.stdout


@contextmanager
def _daemon(folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Run the daemon for as long as the block lasts; it has read everything once when that begins."""
    log = folder / "daemon.log"
    with log.open("w") as out:
        child = subprocess.Popen([SYNCD, "run", "-v", "-c", str(folder)], env=env, stdout=out, stderr=out)  # noqa: S603 - our own
        try:
            began = time.monotonic()
            while not re.search("cycle_finished", log.read_text()):
                if child.poll() is not None or time.monotonic() - began > STARTS_S:
                    raise BrokenRunError(f"the daemon did not start: {log.read_text()[-1500:]}")
                time.sleep(0.1)
            yield
        finally:
            child.terminate()
            child.wait()


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
