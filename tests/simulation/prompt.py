"""What a webhook told is in the other tool soon, and not only after the next poll, which would find it anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final

from tests.simulation.casts import PARTS
from tests.simulation.people import People, Said

PROMPT_S: Final = 30.0
"""Longer than a delivery changes places, and than a cycle about an item and a whole one after that take."""


class Watch:
    """Looks, some time after each edit, whether it has come through."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._said = self._made = 0
        self._looking: set[asyncio.Task[None]] = set()
        self.late: list[str] = []
        """What had not."""

    def note(self) -> None:
        """Take note of what people have done since last time."""
        for said in self._people.said[self._said :]:
            self._later(self._look(said))
        for tool, key in self._people.made[self._made :]:
            self._later(self._look_for(tool, str(self._people.shown(tool, key)[PARTS[tool].native["title"]])))
        self._said, self._made = len(self._people.said), len(self._people.made)

    def _later(self, looking: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(looking)
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look(self, said: Said) -> None:
        await asyncio.sleep(PROMPT_S)
        other = next(tool for tool in self._people.sandbox.tools if tool != said.tool)
        name, pairs = PARTS[other].native[said.field], self._people.pairs
        paired = [pair[other] for pair in pairs if pair.get(said.tool) == said.key and other in pair]
        items = [self._people.shown(other, key) for key in paired or self._keys(other)]
        shown = [str(item[name]) for item in items if name in item]
        if shown and self._people.is_live(said) and not any(said.token in each for each in shown):
            self.late.append(f"{said.token} in the {said.field} of {said.tool} {said.key}")

    def _keys(self, tool: str) -> list[str]:
        return [str(row["key"]) for row in self._people.tasks(tool)]

    async def _look_for(self, tool: str, title: str) -> None:
        await asyncio.sleep(PROMPT_S)
        titles = {where: [row["title"] for row in self._people.tasks(where)] for where in self._people.sandbox.tools}
        if title in titles[tool] and not all(title in each for each in titles.values()):
            self.late.append(f"{title}, made in {tool}")
