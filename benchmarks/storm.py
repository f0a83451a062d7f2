"""
People who edit in two tools at a steady pace, in a process of their own: `python -m benchmarks.storm ITEMS LATENCY_MS`.

Prints one line of JSON once it listens. Takes one command a line from stdin and
answers each with one line:

    hooks TOOL=URL ...                  tell these of every edit from now on
    edit PER_S SECONDS ITEMS TOOLS      edit titles of so many items in turn, each in one tool (`jira,redmine`)
    agree                               say whether both tools show what was said last, and how many items there are
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import uvicorn

from benchmarks.office import make_office
from syncd.sandbox.app import Sandbox
from syncd.sandbox.log import Entry, RequestKind
from syncd.sandbox.sender import Sender, post_with, read_target
from syncd.world import World, real_world

TITLE: Final = {"jira": "summary", "redmine": "subject"}
OTHER: Final = {"jira": "redmine", "redmine": "jira"}
QUIET_S: Final = 3.0
"""Without a write for so long, nothing is under way any more."""
MOST_S: Final = 60.0
"""The longest that is waited for that."""


@dataclass
class Edit:
    """What a person said, and when it was in the other tool (`World.monotonic`)."""

    tool: str
    key: str
    title: str
    said_s: float
    there_s: float | None = None


@dataclass
class Storm:
    """The edits, and what is known of their arrival."""

    sandbox: Sandbox
    world: World
    pairs: Sequence[Mapping[str, str]]
    """Keys of one item by tool."""
    edits: list[Edit] = field(default_factory=list)
    waiting: dict[str, dict[str, Edit]] = field(default_factory=lambda: {"jira": {}, "redmine": {}})
    """By the tool they must arrive in, and its key there."""
    writes: int = 0
    wrote_s: float = 0.0

    def see(self, entry: Entry) -> None:
        """Note which edits a write brought."""
        if entry.kind is not RequestKind.WRITE or not entry.objects:
            return
        now = self.world.monotonic()
        self.writes += 1
        self.wrote_s = now
        there = self.waiting[entry.tool]
        for key in [key for key, edit in there.items() if self.title(entry.tool, key) == edit.title]:
            there.pop(key).there_s = now

    def title(self, tool: str, key: str) -> str:
        """Return what an item is called in a tool."""
        shown: Any = self.sandbox.tools[tool].show(key)
        return str(shown[TITLE[tool]])

    async def edit(self, per_s: float, seconds: float, items: int, tools: Sequence[str]) -> dict[str, object]:
        """Edit at that pace, wait until all is quiet, and return the delays in seconds."""
        monotonic, sleep = self.world.monotonic, self.world.sleep
        mark, writes, began = len(self.edits), self.writes, monotonic()
        for number in range(round(per_s * seconds)):
            await sleep(max(0.0, began + number / per_s - monotonic()))
            which = number % items
            tool = tools[which % len(tools)]  # an item always in the same one: nobody contradicts anybody
            self._say(tool, self.pairs[which], f"Said {len(self.edits)} in {tool}")
        took_s = monotonic() - began
        self.wrote_s = ended = monotonic()
        while monotonic() - self.wrote_s < QUIET_S and monotonic() - ended < MOST_S:
            await sleep(0.2)
        mine = self.edits[mark:]
        return {
            "edits": len(mine),
            "took_s": took_s,
            "delays": sorted(each.there_s - each.said_s for each in mine if each.there_s is not None),
            "writes": self.writes - writes,
        }

    def _say(self, tool: str, pair: Mapping[str, str], title: str) -> None:
        edit = Edit(tool, pair[tool], title, self.world.monotonic())
        self.sandbox.tools[tool].set(pair[tool], TITLE[tool], title)
        self.edits.append(edit)
        self.waiting[OTHER[tool]][pair[OTHER[tool]]] = edit

    def agree(self) -> dict[str, object]:
        """Say where the tools differ, or show other than what was said last, and how many items each has."""
        last = {(edit.tool, edit.key): edit.title for edit in self.edits}
        latest: dict[str, str] = {}
        for edit in self.edits:
            latest[self._pair(edit.tool, edit.key)["jira"]] = edit.title
        apart = [
            pair["jira"]
            for pair in self.pairs
            if len({self.title(tool, key) for tool, key in pair.items()}) > 1
            or latest.get(pair["jira"], self.title("jira", pair["jira"])) != self.title("jira", pair["jira"])
        ]
        counts = {name: len(_lines(self.sandbox, name)) for name in TITLE}
        return {"said": len(last), "apart": apart, "items": counts}

    def _pair(self, tool: str, key: str) -> Mapping[str, str]:
        return next(pair for pair in self.pairs if pair[tool] == key)


def _lines(sandbox: Sandbox, tool: str) -> list[dict[str, Any]]:
    shown: Any = sandbox.tools[tool].show()
    return [line for line in shown if line["type"] not in {"version", "Initiative", "Epic"}]


def pairs_of(sandbox: Sandbox) -> list[Mapping[str, str]]:
    """Return the keys of every task that both tools show under one title that nothing else has."""
    found: list[dict[str, str]] = []
    for tool in TITLE:
        by_title: dict[str, str] = {}
        twice: set[str] = set()
        for line in _lines(sandbox, tool):
            twice |= {line["title"]} & by_title.keys()
            by_title[line["title"]] = line["key"]
        found.append({title: key for title, key in by_title.items() if title not in twice})
    jira, redmine = found
    return [{"jira": jira[title], "redmine": redmine[title]} for title in sorted(jira.keys() & redmine.keys())]


async def _answer(storm: Storm, sender: Sender, command: str) -> dict[str, object]:
    match command.split():
        case ["hooks", *targets]:
            return {"secrets": {tool: sender.add(tool, url).secret for tool, url in map(read_target, targets)}}
        case ["edit", per_s, seconds, items, tools]:
            return await storm.edit(float(per_s), float(seconds), int(items), tools.split(","))
        case ["agree"]:
            return storm.agree()
    raise ValueError(command)


async def _serve(items: str, latency_ms: str) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    world = real_world()
    sandbox = make_office(["jira", "redmine"], world, int(items), latency_ms=float(latency_ms))
    storm = Storm(sandbox, world, pairs_of(sandbox))
    sandbox.log.listen(storm.see)
    async with httpx.AsyncClient(trust_env=False) as client:
        sender = sandbox.send_webhooks(post_with(client))
        config = uvicorn.Config(sandbox.app, log_level="critical", access_log=False, lifespan="off")
        serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listener]))
        sending = asyncio.create_task(sender.run())
        print(json.dumps({"base": base, "tools": sandbox.describe(base), "pairs": len(storm.pairs)}), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await _answer(storm, sender, line)), flush=True)
        sending.cancel()
        serving.cancel()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
