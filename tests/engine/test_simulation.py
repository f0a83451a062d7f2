"""
Seeded lives of a whole syncd: people edit two tools while requests fail and the process dies; then peace comes.

What must hold afterwards is design.md section 11: all tools tell one story, nothing is
written any more, nothing exists twice, and every word a person wrote is live,
superseded by somebody who saw it, or kept as a loser or a conflict.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from syncd.engine.cycle import sync
from syncd.engine.desk import Desk
from syncd.errors import UnsafePlanError
from tests.engine.bench import BOTH_WAYS, Bench, make_bench
from tests.engine.contact import agreed

FAST, SLOW = 4, 10
"""Lives on each store; many more, of the daemon as a whole, are lived in `tests/simulation`."""
ROUNDS = 7
QUIET_WITHIN = 4
"""Rounds until nothing is written any more, once faults and edits have stopped."""
LAG_S = 1200.0
"""Longer than any index lags and any request is under way."""

FAULTS = (
    "timeout",
    "timeout-after-commit",
    "502",
    "502-after-commit",
    "503",
    "429:wait=30",
    "reset",
    "reset-after-commit",
    "409",
    "500-after-commit",
    "401",
    "404",
    "truncated",
)
FIELDS: Mapping[str, Mapping[str, str]] = {
    "jira": {"title": "summary", "text": "description", "labels": "labels"},
    "github": {"title": "title", "text": "body", "labels": "labels"},
}
CANONICAL = {"title": "title", "text": "description", "labels": "labels"}


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Said:
    """One edit of a person: what it said, and what its author saw and replaced."""

    tool: str
    key: str
    field: str
    token: str
    replaced: str


@dataclass
class Play:
    """One life: the installation, the dice, and everything people said."""

    bench: Bench
    dice: random.Random
    said: list[Said] = field(default_factory=list)
    made: int = 0
    trace: list[str] = field(default_factory=list)

    def token(self) -> str:
        return f"tok{len(self.said) + self.made}x"

    def tasks(self, tool: str) -> list[Mapping[str, Any]]:
        rows = self.bench.sandbox.tools[tool].show()
        assert isinstance(rows, list)
        milestones_and_such = {"version", "Milestone", "Initiative", "Epic"}
        return [row for row in rows if row["type"] not in milestones_and_such]

    def shown(self, tool: str, key: str, name: str) -> object:
        item = self.bench.sandbox.tools[tool].show(key)
        assert isinstance(item, Mapping)
        return item.get(FIELDS[tool][name])

    def edit(self) -> None:
        """Let somebody change something, with a word nobody else uses."""
        tool = self.dice.choice(["jira", "github"])
        key = str(self.dice.choice(self.tasks(tool))["key"])
        kind = self.dice.choice(["title", "title", "text", "labels", "status", "add"])
        if kind == "add":
            self.add(tool)
        elif kind == "labels" and key.startswith("PVTI"):
            self.say(tool, key, "title")  # a draft has no labels
        elif kind == "status":
            field, word = {"jira": "status", "github": "Status"}[tool], self.dice.choice(["In Progress", "Done"])
            self.trace.append(f"{tool} {key} status={word}")
            self.bench.sandbox.tools[tool].set(key, field, word, by="ada")
        else:
            self.say(tool, key, kind)

    def say(self, tool: str, key: str, kind: str) -> None:
        token = self.token()
        before = self.shown(tool, key, kind)
        value: object = f"Title {token}" if kind == "title" else f"{before or ''}\n\nWords {token}.".strip()
        if kind == "text" and self.dice.random() < 0.5:
            value = f"Words {token}."
        if kind == "labels":
            value = [*(before if isinstance(before, list) else []), token]
        self.bench.sandbox.tools[tool].set(key, FIELDS[tool][kind], value, by="ada" if tool == "jira" else "ben")
        replaced = "" if kind == "labels" or (kind == "text" and str(before or "") in str(value)) else str(before)
        self.said.append(Said(tool, key, kind, token, replaced))
        self.trace.append(f"{tool} {key} {kind}={value!r}")

    def add(self, tool: str) -> None:
        self.made += 1
        title = f"Made {self.token()}"
        kind, place = ("Story", "ENG") if tool == "jira" else ("Task", "api")
        made = self.bench.sandbox.tools[tool].add(kind, place, {"title": title}, by="ada" if tool == "jira" else "ben")
        self.trace.append(f"{tool} add {made['key']} {title!r}")

    async def round(self) -> None:
        """One cycle in a storm."""
        dice, bench = self.dice, self.bench
        for _ in range(dice.randrange(4)):
            self.edit()
        if dice.random() < 0.6:
            bench.sandbox.faults.clear()
            for _ in range(dice.randrange(1, 3)):
                name, _, rest = dice.choice(FAULTS).partition(":")
                kind = dice.choice(["", ":kind=write", ":kind=write", ":kind=read"])
                text = f"{dice.choice(['jira', 'github'])}:{name}{':' + rest if rest else ''}{kind}"
                text += f":after={dice.randrange(6)}:count={dice.randrange(1, 3)}"
                bench.sandbox.faults.add(text)
                self.trace.append(f"fault {text}")
        bench.clock.pass_(dice.choice([5.0, 60.0, 60.0, 600.0]))
        try:
            async with bench.desk() as desk:
                self.meddle(desk)
                await sync(desk, full=dice.random() < 0.1)
        except Killed:
            self.trace.append("killed")

    def meddle(self, desk: Desk) -> None:
        """Arm a death, or an edit in the middle, in one of the connectors."""
        dice = self.dice
        account = dice.choice(list(desk.accounts.values()))
        method = dice.choice(["write", "read_many", "find_created"])
        what = dice.choice(["nothing", "nothing", "kill before", "kill after", "edit before", "edit after"])
        left = [dice.randrange(3)]
        inner = getattr(account.connector, method)
        if what.startswith("edit") and method == "write" and what != "edit after":
            what = "edit after"  # between our fresh read and our write nobody can be protected (section 10)

        async def wrapped(*args: object) -> object:
            strikes = left[0] == 0
            left[0] -= 1
            if strikes:
                self.trace.append(f"{what} {account.name}.{method}")
            if strikes and what == "kill before":
                raise Killed
            if strikes and what == "edit before":
                self.edit()
            answer = await inner(*args)
            if strikes and what == "kill after":
                raise Killed
            if strikes and what == "edit after" and method == "write":
                self.edit()
            return answer

        if what != "nothing":
            setattr(account.connector, method, wrapped)

    async def peace(self) -> None:
        """No more faults, no more edits: check everything that must hold now."""
        bench = self.bench
        bench.sandbox.faults.clear()
        writes: list[list[str]] = []
        for _ in range(QUIET_WITHIN + 1):
            bench.clock.pass_(LAG_S)
            mark = bench.sandbox.log.mark()
            await bench.sync()
            writes.append(bench.writes_since(mark))
        assert writes[-1] == [], ("not quiet", writes)
        mark = bench.sandbox.log.mark()
        for full in (False, True):
            bench.clock.pass_(LAG_S)
            await bench.sync(full=full)
        assert bench.writes_since(mark) == []
        await self.tells_one_story()
        self.has_nothing_twice()
        await self.has_lost_nothing()

    async def tells_one_story(self) -> None:
        verified = await self.bench.verify()
        held = {(row.entity, row.field) for row in verified.conflicts}
        assert not verified.unreachable
        assert not verified.missing
        drift = [each for each in verified.differences if (each.entity, each.field) not in held]
        assert not drift, drift
        async with self.bench.desk() as desk:
            assert not await desk.store.journal.open()

    def has_nothing_twice(self) -> None:
        for tool in FIELDS:
            titles = Counter(str(row["title"]) for row in self.tasks(tool))
            assert not [title for title, count in titles.items() if count > 1], titles
            assert len(self.tasks(tool)) == self.distinct + self.made, (tool, titles)

    distinct: int = 0

    async def has_lost_nothing(self) -> None:
        live: dict[str, str] = dict.fromkeys(CANONICAL, "")
        for tool in FIELDS:
            for row in self.tasks(tool):
                for name in CANONICAL:
                    live[name] += f" {self.shown(tool, str(row['key']), name)}"
        kept = ""
        async with self.bench.desk() as desk:
            for one in await desk.store.entities.ids("platform"):
                for name in CANONICAL.values():
                    kept += "".join(f" {row.value}" for row in await desk.store.ledger.of_entity(one, name))
            for held in await desk.store.conflicts.open_list("platform"):
                kept += "".join(f" {side.value}" for side in held.content.contenders)
        lost = [
            said
            for number, said in enumerate(self.said)
            if said.token not in live[said.field]
            and said.token not in kept
            and not any(said.token in later.replaced for later in self.said[number + 1 :])
        ]
        assert not lost, lost


async def live(folder: Path, seed: int) -> None:
    """Live one life."""
    bench = make_bench(folder, items=6)
    bench.mapping += BOTH_WAYS
    bench.main = bench.main.replace(
        "    mapping: platform.yaml", "    mapping: platform.yaml\n    limits: {update_count: 100000}"
    )
    play = Play(bench, random.Random(seed))  # noqa: S311 - a seeded life
    await agreed(bench)
    play.distinct = len(play.tasks("jira"))
    assert len(play.tasks("github")) == play.distinct
    play.trace.append("----")
    try:
        for _ in range(ROUNDS):
            await play.round()
        await play.peace()
    except (AssertionError, UnsafePlanError) as exc:
        raise AssertionError(f"seed {seed}: {exc}\n" + "\n".join(play.trace)) from exc


@pytest.mark.parametrize("seed", range(FAST))
async def test_a_stormy_life_ends_in_agreement(tmp_path: Path, seed: int) -> None:
    await live(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FAST, FAST + SLOW))
async def test_many_stormy_lives_end_in_agreement(tmp_path: Path, seed: int) -> None:
    await live(tmp_path, seed)
