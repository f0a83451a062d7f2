"""The process under test: `syncd run` as an operator starts it, and what can be seen of it from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import BrokenRunError
from benchmarks.webhooks import SYNCD, free_port
from tests.crash.casts import PARTS
from tests.soak.figures import Sample
from tests.soak.upheavals import BAD_FILE, LOCKED, LOCKED_LONG, RELOAD, Turn

CONNECTIONS: Final = {tool: part.connection for tool, part in PARTS.items()}
STARTS_S: Final = 120.0
ENDS_S: Final = 20.0
"""The longest the daemon may take to stop: 8 s for the write in flight, and some on a busy machine."""
ROUNDS: Final = 8
MAIN: Final = """\
version: 1
store: sqlite:///state/syncd.db
listen: {{hooks: "127.0.0.1:{hooks}", admin: "127.0.0.1:{admin}"}}
connections:
  jira-pmo:
    tool: jira
    url: {jira[url]}
    auth: {{email: {jira[email]}, token: {{env: SOAK_JIRA}}}}
    scope: {{projects: [PMO, ENG]}}
    webhook: {{secret: {{env: SOAK_JIRA_HOOK}}}}
    links_home: true
    mode: write
  github-eng:
    tool: github
    url: {github[url]}
    auth: {{token: {{env: SOAK_GITHUB}}}}
    scope: {{owner: acme, project: 7, repositories: [api, web]}}
    options: {{mutation_interval_s: 0}}
    budget: {{share: 1}}
    webhook: {{secret: {{env: SOAK_GITHUB_HOOK}}}}
    mode: write
  linear-road:
    tool: linear
    url: {linear[url]}
    auth: {{api_key: {{env: SOAK_LINEAR}}}}
    scope: {{teams: [API, WEB]}}
    webhook: {{secret: {{env: SOAK_LINEAR_HOOK}}}}
    links_home: true
    mode: write
  redmine-eng:
    tool: redmine
    url: {redmine[url]}
    auth: {{key: {{env: SOAK_REDMINE}}}}
    scope: {{projects: [pmo, eng]}}
    options: {{per_s: 1000}}
    webhook: {{secret: {{env: SOAK_REDMINE_HOOK}}}}
    links_home: true
    mode: write
portfolios:
  platform:
    connections: [jira-pmo, github-eng, linear-road, redmine-eng]
    mapping: platform.yaml
    every: {every_s:g}s
    limits: {{update_count: 1000000, create_count: 1000000, comment_count: 1000000}}
"""
MAPPING: Final = """\
version: 1
extends: defaults
match: {milestone: title, initiative: title, task: title}
kinds:
  initiative: {jira-pmo: [Initiative, Epic], github-eng: Epic, redmine-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug], github-eng: [Feature, Task, Bug, Issue], redmine-eng: [Feature, Bug, Support]}
  comment: {jira-pmo: comment, github-eng: comment, linear-road: comment, redmine-eng: comment}
create:
  task:
    from: any
    in:
      - {jira-pmo: {project: ENG, type: Story}}
      - {github-eng: {repository: api}}
      - {linear-road: {container: API, type: issue}}
      - {redmine-eng: {project: eng, type: Feature}}
  comment: {from: any, in: [jira-pmo, github-eng, linear-road, redmine-eng]}
fields:
  initiative.priority: {leader: jira-pmo}
  initiative.start_on: {leader: jira-pmo}
  initiative.target_on: {leader: jira-pmo}
  milestone.due_on: {leader: jira-pmo}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: jira-pmo}
  task.estimate: {leader: jira-pmo}
people: people.csv
"""


@dataclass(frozen=True)
class Installation:
    """A folder with a configuration, its secrets, and where the daemon will listen."""

    folder: Path
    env: Mapping[str, str]
    hooks: int
    admin: int

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / "state" / "syncd.db"

    def syncd(self, *arguments: str) -> str:
        """Run a command, and return what it says; raises BrokenRunError for a failure."""
        command = [SYNCD, *arguments, "-c", str(self.folder)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        if done.returncode not in {0, 3}:
            told = f"{done.stdout[-1500:]}{done.stderr[-500:]}"
            raise BrokenRunError(f"{' '.join(command)} ended with {done.returncode}: {told}")
        return done.stdout

    def agree(self) -> None:
        """Run first contact and approve what it proposes, and what that makes possible, until nothing is left."""
        for _ in range(ROUNDS):
            plan = json.loads(self.syncd("plan", "--json"))
            if not plan["lines"]:
                return
            self.syncd("apply", plan["plan"], "--approve")
        raise BrokenRunError(f"the tools do not come to agree: {json.dumps(plan['lines'])[:1500]}")

    def let_flow(self) -> list[str]:
        """Let everything set aside flow again, as a person does once nothing is wrong; return why it was set aside."""
        told = json.loads(self.syncd("quarantine", "list", "--json"))
        self.syncd("quarantine", "retry")
        return [f"{each['connection']} {each['field']}: {each['reason']}" for each in told["quarantine"]]

    def differences(self) -> list[str]:
        """Return every difference that `syncd verify` tells of, and every conflict held."""
        told = json.loads(self.syncd("verify", "--json"))
        names = ("differences", "missing", "conflicts", "unreachable")
        return [f"{name}: {json.dumps(each)[:300]}" for name in names for each in told[name]]


def install(folder: Path, told: Mapping[str, Any], every_s: float) -> Installation:
    """Write the configuration for the tools an office told of."""
    tools = told["tools"]
    made = Installation(folder, _env(tools), free_port(), free_port())
    folder.mkdir(parents=True)
    (folder / "syncd.yaml").write_text(MAIN.format(**tools, hooks=made.hooks, admin=made.admin, every_s=every_s))
    (folder / "platform.yaml").write_text(MAPPING)
    rows = [["person", *CONNECTIONS.values()], *told["people"]]
    (folder / "people.csv").write_text("\n".join([*(",".join(row) for row in rows), ""]))
    return made


def _env(tools: Mapping[str, Any]) -> Mapping[str, str]:
    secrets = {f"SOAK_{tool.upper()}": str(each.get("token", each.get("key"))) for tool, each in tools.items()}
    hooks = {f"SOAK_{tool.upper()}_HOOK": f"{tool}-sandbox-hook-secret" for tool in tools}
    return {**os.environ, **secrets, **hooks}


class Daemon:
    """One that runs."""

    def __init__(self, child: subprocess.Popen[bytes], installed: Installation, log: Path) -> None:
        self._child = child
        self._installed = installed
        self._log = log
        self._locks: list[sqlite3.Connection] = []

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def sample(self, at_s: float) -> Sample:
        """Return how it stands now."""
        proc = Path(f"/proc/{self._child.pid}")
        status = dict(re.findall(r"^(VmRSS|Threads):\s*(\d+)", (proc / "status").read_text(), re.MULTILINE))
        told = self.metrics()
        store = self._installed.store
        return Sample(
            at_s=at_s,
            rss_mb=int(status["VmRSS"]) / 1024,
            descriptors=len(list((proc / "fd").iterdir())),
            threads=int(status["Threads"]),
            store_mb=sum(each.stat().st_size for each in store.parent.glob(f"{store.name}*")) / 1024**2,
            backlog=int(told.get("syncd_backlog", 0)),
            unknown=int(told.get("syncd_unknown_outcomes", 0)),
            conflicts=int(told.get("syncd_conflicts", 0)),
            quarantine=int(told.get("syncd_quarantine", 0)),
        )

    def metrics(self) -> dict[str, float]:
        """Return each metric, summed over its labels; nothing when it does not answer in time."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._installed.admin}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except (urllib.error.URLError, TimeoutError):
            return {}
        found: dict[str, float] = {}
        for line in lines:
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def begin(self, turn: Turn) -> None:
        """Do what a turn does to the daemon itself."""
        main = self._installed.folder / "syncd.yaml"
        match turn.what.name:
            case name if name == RELOAD:
                self._child.send_signal(signal.SIGHUP)
            case name if name == BAD_FILE:
                main.write_text(main.read_text() + "nonsense: true\n")
                self._child.send_signal(signal.SIGHUP)
            case name if name in {LOCKED, LOCKED_LONG}:
                lock = sqlite3.connect(self._installed.store, isolation_level=None, timeout=10)
                lock.execute("BEGIN IMMEDIATE")
                self._locks.append(lock)

    def end(self, turn: Turn) -> None:
        """Undo it."""
        main = self._installed.folder / "syncd.yaml"
        if turn.what.name == BAD_FILE:
            main.write_text(main.read_text().removesuffix("nonsense: true\n"))
            self._child.send_signal(signal.SIGHUP)
        while turn.what.name in {LOCKED, LOCKED_LONG} and self._locks:
            lock = self._locks.pop()
            lock.execute("ROLLBACK")
            lock.close()

    def cycles(self) -> int:
        """Return how many whole cycles its log tells of."""
        return self._log.read_text(errors="replace").count("cycle_finished")

    def last_words(self) -> str:
        """Return the end of its log."""
        return self._log.read_text(errors="replace")[-1500:]

    def stop(self) -> int:
        """Ask it to stop, as a supervisor does, and return its exit code."""
        self._child.terminate()
        try:
            return self._child.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            return -1


@contextmanager
def running(installed: Installation) -> Iterator[Daemon]:
    """Run the daemon for as long as the block lasts; it has read everything once when that begins."""
    log = installed.folder / "daemon.log"
    command: Sequence[str] = [SYNCD, "run", "-v", "-c", str(installed.folder)]
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603 - our own
            command,
            env=installed.env,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # as under a supervisor
        )
        daemon = Daemon(child, installed, log)
        try:
            began = time.monotonic()
            while not daemon.cycles():
                if not daemon.is_alive or time.monotonic() - began > STARTS_S:
                    raise BrokenRunError(f"the daemon did not start: {daemon.last_words()}")
                time.sleep(0.2)
            yield daemon
        finally:
            child.kill()
            child.wait()
