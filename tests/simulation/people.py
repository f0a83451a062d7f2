"""Simulated people: every edit says a word that nobody else ever says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from syncd.engine.push import FRESH_S
from syncd.errors import ConfigError
from syncd.sandbox.app import Sandbox
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.log import Mark
from tests.simulation.casts import EDITED_AS, NO_TASKS, PARTS
from tests.simulation.script import Act

TOKENS: Final = {"title": "title", "text": "description", "labels": "labels"}
"""The fields in which words are said, by their canonical name."""
BEGUN: Final = "In Progress"
"""What each tool calls what is under way."""
AT_ONCE_S: Final = 1.2
"""Longer than a fresh read's answer and the write after it are under way where nothing fails."""
LATELY: Final = 20
"""Requests of which one may have been slow."""


@dataclass(frozen=True)
class Said:
    """One edit of a person: what it said, and what its author saw and replaced."""

    tool: str
    key: str
    field: str
    token: str
    replaced: str
    at: datetime


@dataclass
class People:
    """Everybody who edits, and what they said and did."""

    sandbox: Sandbox
    now: Callable[[], datetime]
    said: list[Said] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
    as_made: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """How each of these looked when its author had made it."""
    touched: set[tuple[str, str, str]] = field(default_factory=set)
    """Which fields of which items somebody edited, by their own names here."""
    deleted: set[tuple[str, str]] = field(default_factory=set)
    archived: set[tuple[str, str]] = field(default_factory=set)
    trace: list[str] = field(default_factory=list)
    words: int = 0
    at_once_s: float = AT_ONCE_S
    """How shortly before a write something may be said without any reading showing it."""
    unseen: set[str] = field(default_factory=set)
    """Words a write went over that were said too shortly before it for its fresh read to show them."""
    undone: set[str] = field(default_factory=set)
    """Words a write took away, be it for a while, that nobody there had replaced."""
    pairs: list[Mapping[str, str]] = field(default_factory=list)
    """What belonged together in the beginning: a key in each tool."""

    def __post_init__(self) -> None:
        titled = {tool: {row["title"]: str(row["key"]) for row in self.tasks(tool)} for tool in self.sandbox.tools}
        self.pairs = [
            {tool: keys[title] for tool, keys in titled.items() if title in keys} for title in sorted(titled["jira"])
        ]

    @property
    def first(self) -> int:
        """Return how many tasks there were in the beginning."""
        return len(self.pairs)

    def tasks(self, tool: str) -> list[Mapping[str, Any]]:
        """Return a line on each task that a person finds there."""
        rows = self.sandbox.tools[tool].show()
        assert isinstance(rows, list)
        return [row for row in rows if row["type"] not in NO_TASKS]

    def shown(self, tool: str, key: str) -> Mapping[str, Any]:
        """Return a task as a person sees it."""
        item = self.sandbox.tools[tool].show(key)
        assert isinstance(item, Mapping)
        return item

    @contextmanager
    def watching(self, tool: str) -> Iterator[None]:
        """Note what a write went over that was said while it was prepared: no tool here writes on a condition."""
        count = len(self.said)
        live = [one for one in self.said if one.tool == tool and self.is_live(one)]
        shortly = {one.token for one in live if self._was_just_said(one, tool)}
        try:
            yield
        finally:
            meanwhile = [one for one in self.said[count:] if one.tool == tool]
            gone = {one.token for one in [*live, *meanwhile] if not self.is_live(one)}
            self.unseen.update(gone & {*shortly, *(one.token for one in meanwhile)})
            self.undone.update(gone - {word for one in meanwhile for word in gone if word in one.replaced})

    def _was_just_said(self, said: Said, tool: str) -> bool:
        """Whether no fresh read may have shown it: an answer takes a moment, or as long as a write may wait at most."""
        log, now = self.sandbox.log, self.now()
        is_slow = any(
            entry.fault and (now - entry.at).total_seconds() <= 2 * FRESH_S
            for entry in log.since(Mark(max(0, log.mark() - LATELY)), tool)
        )
        return said.tool == tool and (now - said.at).total_seconds() <= (FRESH_S if is_slow else self.at_once_s)

    def is_live(self, said: Said) -> bool:
        """Whether it is there where it was said, be that archived since."""
        if (said.tool, said.key) in self.deleted:
            return False
        return said.token in str(self.shown(said.tool, said.key).get(PARTS[said.tool].native[said.field]))

    def do(self, act: Act) -> None:
        """Do it as far as it can be done now: a tool refuses what it refuses."""
        try:
            done = self._do(act)
        except ConfigError as exc:
            done = f"refused: {exc.what}"
        self.trace.append(f"{act}: {done}")

    def _do(self, act: Act) -> str:
        if act.what == "add":
            return self._add(act)
        things = [*self.pairs, *({tool: key} for tool, key in self.made)]
        key = things[act.which % len(things)].get(act.tool)
        lacks = act.what in EDITED_AS and act.what not in PARTS[act.tool].native
        if key is None or lacks or (act.tool, key) in self.deleted:
            return "it is not there"
        match act.what:
            case "title" | "text" | "labels":
                return self._say(act, key)
            case "status" | "due":
                days = f"2026-0{4 + act.which % 5}-1{act.which % 9}"
                value = (PARTS[act.tool].done if act.which % 3 == 1 else BEGUN) if act.what == "status" else days
                self._set(act, key, act.what, value)
                return f"{key} = {value}"
            case "delete":
                self.sandbox.tools[act.tool].delete(key)
                self.deleted.add((act.tool, key))
            case "archive":
                self.sandbox.tools[act.tool].archive(key, by=PARTS[act.tool].by)
                self.archived.add((act.tool, key))
            case "move" | "hide" | "retype":
                return self._elsewhere(act, key)
        return key

    def _set(self, act: Act, key: str, name: str, value: object) -> None:
        self.touched.add((act.tool, key, name))
        self.sandbox.tools[act.tool].set(key, PARTS[act.tool].native[name], value, by=PARTS[act.tool].by)

    def _token(self) -> str:
        self.words += 1
        return f"tok{self.words}x"

    def _say(self, act: Act, key: str) -> str:
        token, before = self._token(), self.shown(act.tool, key).get(PARTS[act.tool].native[act.what])
        value: object = f"Title {token}"
        replaced = str(before)
        if act.what == "text" and act.how == "append":
            value, replaced = f"{before or ''}\n\nWords {token}.".strip(), ""
        elif act.what == "text":
            value = f"Words {token}."
        elif act.what == "labels":
            value, replaced = [*(before if isinstance(before, list) else []), token], ""
        self._set(act, key, act.what, value)
        self.said.append(Said(act.tool, key, act.what, token, replaced, self.now()))
        return f"{key} = {value!r}"

    def _add(self, act: Act) -> str:
        kind, place = PARTS[act.tool].made
        title = f"Made {self._token()}"
        key = str(self.sandbox.tools[act.tool].add(kind, place, {"title": title}, by=PARTS[act.tool].by)["key"])
        self.made.append((act.tool, key))
        self.as_made[act.tool, key] = dict(self.shown(act.tool, key))
        return f"{key} = {title!r}"

    def _elsewhere(self, act: Act, key: str) -> str:
        """Take an item out of sight, or to another place, for a while."""
        jira = self.sandbox.tools["jira"]
        assert isinstance(jira, JiraStandIn)
        if act.tool != "jira":
            return "nothing of that kind"
        if act.what == "hide":
            jira.hide(key)
        elif act.what == "move":
            jira.move(key, "PMO" if key.startswith("ENG") else "ENG", by="ada")
        else:
            jira.set(key, "type", "Task", by="ada")
        return key
