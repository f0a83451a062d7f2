"""People who edit four tools: what they say is said once in the world, so that it can be looked for in the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any, Final

from syncd.errors import ConfigError
from syncd.sandbox.app import Sandbox
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.jira.adf import to_text
from syncd.sandbox.jira.comments import comments_of
from syncd.sandbox.log import Entry, RequestKind
from tests.crash.casts import PARTS

TOOLS: Final = tuple(PARTS)
NATIVE: Final[Mapping[str, Mapping[str, str]]] = {
    "title": {"jira": "summary", "github": "title", "linear": "title", "redmine": "subject"},
    "text": {"jira": "description", "github": "body", "linear": "description", "redmine": "description"},
}
NO_TASKS: Final = frozenset({"version", "Milestone", "Initiative", "Epic", "Project"})
STATUSES: Final = ("In Progress", "Selected for Development")
CHANCES: Final = {"title": 46, "text": 30, "status": 8, "comment": 7, "add": 5, "move": 3, "archive": 1}
"""How often people do what, to one another."""
AGAIN: Final = 0.3
"""How often somebody edits once more what was edited just now."""
LATELY: Final = 4
MOST_ARCHIVED: Final = 8
READS_S: Final = 15.0
"""
How long somebody takes to see what came from elsewhere before saying something else there. Who overwrites a value
before syncd has read it back, where the tool's answer shows none, has not seen it for certain: that is held.
"""


@dataclass
class Said:
    """One thing a person said: where, when, and when it was first seen in each of the other tools."""

    tool: str
    what: str
    token: str
    at_s: float
    there: dict[str, float] = field(default_factory=dict)
    is_over: bool = False
    """Something else was said in its place before it was everywhere."""

    @property
    def is_everywhere(self) -> bool:
        """Whether all other tools showed it."""
        return len(self.there) == len(TOOLS) - 1


@dataclass
class Item:
    """One task, by its key in each tool that shows it, with what was said last in each of its fields."""

    keys: dict[str, str]
    last: dict[str, Said] = field(default_factory=dict)
    comments: list[Said] = field(default_factory=list)
    is_archived: bool = False

    @property
    def said(self) -> Iterator[Said]:
        """Everything that every tool has to show in the end."""
        return chain(self.last.values(), self.comments)

    def open(self) -> list[Said]:
        """Return what is under way."""
        return [one for one in self.said if not one.is_everywhere]


@dataclass
class People:
    """Everybody who edits, what they said, and what became of it by the tools' own log."""

    sandbox: Sandbox
    now_s: Callable[[], float]
    dice: Random
    items: list[Item] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    lately: list[Item] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    writes: int = 0
    wrote: list[str] = field(default_factory=list)
    """What was written of late, in the tools' words."""

    def meet(self) -> int:
        """Take up every task that all tools show under one title that nothing else has; return how many there are."""
        shown = {tool: self._by_title(tool) for tool in TOOLS}
        titles = set.intersection(*(set(keys) for keys in shown.values()))
        self.items = [Item({tool: shown[tool][title] for tool in TOOLS}) for title in sorted(titles)]
        self.sandbox.log.listen(self.see)
        return len(self.items)

    def rows(self, tool: str) -> list[Mapping[str, Any]]:
        """Return a line on each task a tool shows."""
        rows = self.sandbox.tools[tool].show()
        assert isinstance(rows, list)
        return [row for row in rows if row["type"] not in NO_TASKS]

    def _by_title(self, tool: str) -> dict[str, str]:
        rows = self.rows(tool)
        counts = Counter(str(row["title"]) for row in rows)
        return {str(row["title"]): self._name(tool, row) for row in rows if counts[str(row["title"])] == 1}

    def _name(self, tool: str, row: Mapping[str, Any]) -> str:
        """Return what an item keeps being called there: Jira's keys change with the project."""
        if tool != "jira":
            return str(row["key"])
        shown = self.sandbox.tools["jira"].show(str(row["key"]))
        assert isinstance(shown, Mapping)
        return str(shown["id"])

    def act(self) -> None:
        """Let somebody do something, somewhere."""
        what = self.dice.choices(list(CHANCES), list(CHANCES.values()))[0]
        try:
            self._act(what)
        except ConfigError:
            self.refused += 1  # a tool takes not everything from everybody: an archived item, a blocked one
        else:
            self.made[what] += 1

    def _act(self, what: str) -> None:
        if what == "add":
            self._add()
            return
        item = self._item()
        match what:
            case "title" | "text" | "comment":
                self._say(item, what)
            case "status":
                self._set("jira", item, "status", self.dice.choice(STATUSES))
            case "move":
                self._move(item)
            case "archive" if self.made["archive"] < MOST_ARCHIVED and not item.open():
                self.sandbox.tools["jira"].archive(item.keys["jira"], by=PARTS["jira"].by)
                item.is_archived = True
        if item.is_archived:
            self.lately = [one for one in self.lately if one is not item]
        else:
            self.lately = [*self.lately, item][-LATELY:]

    def _item(self) -> Item:
        """Return one to edit: often one that was edited just now; what is not everywhere yet is left to its author."""
        if self.lately and self.dice.random() < AGAIN:
            return self.dice.choice(self.lately)
        return self.dice.choice([one for one in self.items if not one.is_archived and len(one.keys) == len(TOOLS)])

    def _say(self, item: Item, what: str) -> None:
        """Say something new; where the word before is still under way, in the tool where that was said."""
        before = item.last.get(what)
        is_read = before is None or (before.is_everywhere and self.now_s() - max(before.there.values()) > READS_S)
        tool = self.dice.choice(TOOLS) if before is None or is_read else before.tool
        said = self._word(tool, what)
        if what == "comment":
            body = {"body": f"Remark {said.token}."}
            self.sandbox.tools[tool].add("comment", item.keys[tool], body, by=PARTS[tool].by)
            item.comments.append(said)
        else:
            value = f"Called {said.token}" if what == "title" else f"Told as {said.token} in {tool}."
            self._set(tool, item, NATIVE[what][tool], value)
            if before is not None and not before.is_everywhere:
                before.is_over = True
            item.last[what] = said
        self.said.append(said)

    def _set(self, tool: str, item: Item, name: str, value: object) -> None:
        self.sandbox.tools[tool].set(item.keys[tool], name, value, by=PARTS[tool].by)

    def _word(self, tool: str, what: str) -> Said:
        return Said(tool, what, f"tok{len(self.said) + self.refused}x", self.now_s())

    def _add(self) -> None:
        tool = self.dice.choice(TOOLS)
        part, said = PARTS[tool], self._word(tool, "add")
        row = self.sandbox.tools[tool].add(part.kind, part.place, {"title": f"Made {said.token}"}, by=part.by)
        said.what = "title"
        self.items.append(Item({tool: self._name(tool, row)}, {"title": said}))
        self.said.append(said)

    def _move(self, item: Item) -> None:
        jira = self.sandbox.tools["jira"]
        assert isinstance(jira, JiraStandIn)
        key = jira.site.find_issue(item.keys["jira"]).key
        jira.move(item.keys["jira"], "PMO" if key.startswith("ENG") else "ENG", by="ada")

    # --- what became of it ------------------------------------------------------------------

    def see(self, entry: Entry) -> None:
        """Note what a write brought."""
        if entry.kind is not RequestKind.WRITE or not entry.objects:
            return
        self.writes += 1
        self.wrote = [*self.wrote, f"{entry.tool} {entry.operation}"][-20:]
        self._look(entry.tool)

    def _look(self, tool: str) -> None:
        now_s, new = self.now_s(), [item for item in self.items if tool not in item.keys]
        titled = self._by_title(tool) if new else {}
        for item in new:
            title = f"Made {item.last['title'].token}"
            if title in titled:
                item.keys[tool] = titled[title]
        for item in self.items:
            for said in item.open():
                if tool != said.tool and tool not in said.there and self.shows(tool, item, said):
                    said.there[tool] = now_s

    def shows(self, tool: str, item: Item, said: Said) -> bool:
        """Whether a tool shows it now."""
        return self.count(tool, item, said) > 0

    def count(self, tool: str, item: Item, said: Said) -> int:
        """Return how often a tool shows it now."""
        if tool not in item.keys:
            return 0
        if said.what == "comment":
            return sum(said.token in body for body in self._comments(tool, item.keys[tool]))
        shown = self.sandbox.tools[tool].show(item.keys[tool])
        assert isinstance(shown, Mapping)
        return int(said.token in str(shown.get(NATIVE[said.what][tool])))

    def _comments(self, tool: str, key: str) -> list[str]:
        stand_in = self.sandbox.tools[tool]
        if isinstance(stand_in, JiraStandIn):
            return [to_text(each.body) for each in comments_of(stand_in.site.find_issue(key))]
        shown = stand_in.show(key)
        assert isinstance(shown, Mapping)
        return [str(each) for each in shown["comments"]] if "comments" in shown else []

    def pending(self) -> list[str]:
        """Return what is not everywhere yet."""
        return [
            f"{said.token} ({said.what}) of {item.keys} said in {said.tool} is not in {sorted(self._missing(said))}"
            for item in self.items
            if not item.is_archived
            for said in item.open()
        ]

    def _missing(self, said: Said) -> set[str]:
        return set(TOOLS) - {said.tool} - said.there.keys()

    def judge(self) -> dict[str, list[str]]:
        """Say what is lost, shown by some tools only, or there twice; a thing said is looked for where it was said."""
        lost, unsettled, doubled = [], [], []
        for item in self.items:
            for said in item.said:
                counts = {tool: self.count(tool, item, said) for tool in TOOLS}
                told = f"{said.token} ({said.what}) said in {said.tool}: {counts} of {item.keys}"
                if not any(counts.values()):
                    lost.append(told)
                elif not all(counts.values()) and not item.is_archived:
                    unsettled.append(told)
                if any(number > 1 for number in counts.values()):
                    doubled.append(told)
        return {"lost": lost, "unsettled": unsettled, "doubled": [*doubled, *self._twice()]}

    def _twice(self) -> list[str]:
        """Return what a tool has more than one of, or that nobody made."""
        known = {tool: {item.keys[tool] for item in self.items if tool in item.keys} for tool in TOOLS}
        found = []
        for tool in TOOLS:
            rows = self.rows(tool)
            counts = Counter(str(row["title"]) for row in rows)
            found += [f"{tool}: {title} ({count})" for title, count in counts.items() if count > 1]
            said = [row for row in rows if "tok" in str(row["title"])]
            found += [f"{tool}: {row['title']}" for row in said if self._name(tool, row) not in known[tool]]
        return found
