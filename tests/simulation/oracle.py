"""What must hold once faults and edits have stopped (design.md section 11)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from syncd.engine.desk import Desk
from syncd.engine.verify import verify
from syncd.model.canonical import Kind
from syncd.model.refs import EntityId
from syncd.reconcile.removal import OnDelete
from syncd.store.rows import LinkState
from tests.simulation.casts import PARTS
from tests.simulation.office import PORTFOLIO
from tests.simulation.people import TOKENS, People, Said

TOOL_OF: Final = {part.connection: tool for tool, part in PARTS.items()}


async def judge(desk: Desk, people: People) -> None:
    """Raise `AssertionError`, naming the promise, when one was broken."""
    await _tells_one_story(desk, people)
    await _is_linked(desk, people)
    await _looks_alike(desk, people)
    _has_nothing_twice(desk, people)
    _has_removed_nothing(people)
    await _has_archived_only_with_the_deleted(desk, people)
    await _has_lost_nothing(desk, people)
    await _holds_only_what_met(desk, people)
    await _has_invented_nothing(desk, people)


async def _tells_one_story(desk: Desk, people: People) -> None:
    """I1: all links agree on every field they can hold, except fields held in a conflict."""
    verified = await verify(desk)
    held = {(row.entity, row.field) for row in verified.conflicts}
    resting = await _resting(desk, people)
    assert not verified.unreachable, f"I14: {verified.unreachable}"
    drift = [
        each for each in verified.differences if (each.entity, each.field) not in held and each.entity not in resting
    ]
    assert not drift, f"I1: {drift}"
    assert not verified.missing, f"I1: not created: {verified.missing}"
    # Nothing vouches for the deletion of a board's last draft, so a write to it stays open.
    left = [op for op in await desk.store.journal.open() if op.type != "draft" or op.entity not in resting]
    assert not left, f"I5: writes whose outcome nobody looked up: {left}"


async def _is_linked(desk: Desk, people: People) -> None:
    """I7: what nobody deleted or archived belongs to one entity, once in each tool, and takes part."""
    ids = await desk.store.entities.ids(PORTFOLIO, Kind.TASK)
    groups = await desk.store.links.by_entities(ids)
    links = {name: link for mine in groups.values() for link in mine for name in (link.key, link.ref.id)}
    followed = await _resting(desk, people) if _follows(desk) else frozenset[EntityId]()
    for tool in people.sandbox.tools:
        for row in people.tasks(tool):
            key = str(row["key"])
            found = [links[name] for name in people.sandbox.tools[tool].spellings(key) if name in links]
            if not found and (tool, key) in people.archived.intersection(people.made):
                continue  # archived before anybody saw it
            assert found, f"I1: nothing is linked to {tool} {key}"
            if (tool, key) not in people.archived and found[0].entity not in followed:
                assert found[0].state is LinkState.LIVE, f"I7: {tool} {key} takes no part: {found[0].state}"
    for entity, mine in groups.items():
        live = [link.ref.connection for link in mine if link.state is LinkState.LIVE]
        assert len(live) == len(set(live)), f"I5: {entity} is twice in one tool: {mine}"


async def _looks_alike(desk: Desk, people: People) -> None:
    """I1 and I10, as a person sees it: items that belong together say the same words."""
    held = {(row.entity, row.field) for row in await desk.store.conflicts.open_list(PORTFOLIO)}
    resting = await _resting(desk, people)
    ids = await desk.store.entities.ids(PORTFOLIO, Kind.TASK)
    for entity, links in (await desk.store.links.by_entities(ids)).items():
        shown = {
            link.key: (TOOL_OF[link.ref.connection], people.shown(TOOL_OF[link.ref.connection], link.key))
            for link in links
            if link.state is LinkState.LIVE and link.ref.kind == "issue" and entity not in resting
        }
        for name, canonical in TOKENS.items():
            said = {key: _words(item, tool, name) for key, (tool, item) in shown.items() if name in PARTS[tool].native}
            alike = len(set(said.values())) <= 1
            assert alike or (entity, canonical) in held, f"I1: the {name} of {entity} is not one story: {said}"


def _words(shown: Mapping[str, Any], tool: str, name: str) -> frozenset[str]:
    value = shown.get(PARTS[tool].native[name])
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return frozenset([text]) if name == "title" else frozenset(re.findall(r"tok\d+x", text))


async def _resting(desk: Desk, people: People) -> set[EntityId]:
    """
    Return the entities of archived and deleted items, which are left alone.

    Jira shows no sign of an archive but refusing every edit; and one that is
    gone is believed to be gone only where another one beside it can be read.
    """
    connections = [PARTS[tool].connection for tool in people.sandbox.tools]
    links = [link for name in connections for link in await desk.store.links.by_connection(name, PORTFOLIO)]
    named = {
        name for tool, key in people.archived | people.deleted for name in people.sandbox.tools[tool].spellings(key)
    }
    return {link.entity for link in links if named & {link.key, link.ref.id}}


def _has_nothing_twice(desk: Desk, people: People) -> None:
    """I5: no duplicate create."""
    for tool in people.sandbox.tools:
        tasks = people.tasks(tool)
        twice = [title for title, count in Counter(str(row["title"]) for row in tasks).items() if count > 1]
        assert not twice, f"I5: twice in {tool}: {twice}"
        gone = sum(where == tool for where, _ in people.deleted)
        most = people.first + len(people.made) - gone
        least = most - sum(each in people.made for each in people.deleted)
        least -= sum(each in people.archived and each[0] != tool for each in people.made)  # it may have met nobody
        if PARTS[tool].has_drafts:  # a draft is seen on the board only, also one that we archived after a deletion
            least -= sum(where == tool for where, _ in people.archived)
            least -= sum(where != tool for where, _ in people.deleted) if _follows(desk) else 0
        assert least <= len(tasks) <= most, f"I5: {len(tasks)} tasks in {tool}, not {least} to {most}"


def _has_removed_nothing(people: People) -> None:
    """I7: what a person made and nobody deleted is there."""
    for tool, key in people.made:
        if (tool, key) not in people.deleted:
            people.shown(tool, key)


def _follows(desk: Desk) -> bool:
    """Whether what is deleted in one tool is archived in the others."""
    return desk.mapping.on_delete(Kind.TASK) is OnDelete.ARCHIVE


async def _has_archived_only_with_the_deleted(desk: Desk, people: People) -> None:
    """I7: what is archived was archived by a person, or belongs to what a person deleted or archived."""
    resting = await _resting(desk, people)
    for links in (await desk.store.links.by_entities(await desk.store.entities.ids(PORTFOLIO, Kind.TASK))).values():
        for link in links:
            tool = TOOL_OF[link.ref.connection]
            if link.entity in resting or link.state is LinkState.GONE:
                continue
            key = link.key if link.ref.kind == "issue" else link.ref.id  # a draft has no key
            shown = people.shown(tool, key)
            is_archived = shown.get("archived") or shown.get("archived_at")  # each tool says it in its words
            assert not is_archived, f"I7: nobody archived {tool} {key}"


async def _has_lost_nothing(desk: Desk, people: People) -> None:
    """I4: every word stays, unless somebody who saw it replaced it, or it is kept as a loser or a conflict."""
    live = dict.fromkeys(TOKENS, "")
    for tool in people.sandbox.tools:
        for row in people.tasks(tool):
            shown = people.shown(tool, str(row["key"]))
            for name in TOKENS:
                live[name] += f" {shown.get(PARTS[tool].native.get(name, ''))}"
    kept = ""
    for one in await desk.store.entities.ids(PORTFOLIO):
        for name in TOKENS.values():
            kept += "".join(f" {row.value}" for row in await desk.store.ledger.of_entity(one, name))
    for held in await desk.store.conflicts.open_list(PORTFOLIO):
        kept += "".join(f" {side.value}" for side in held.content.contenders)

    def is_lost(number: int, said: Said) -> bool:
        is_live = said.token in live[said.field] or people.is_live(said)
        return (
            (said.token in people.undone or not is_live)
            and said.token not in kept
            and (said.tool, said.key) not in people.deleted
            and said.token not in people.unseen
            and not any(said.token in later.replaced for later in people.said[number + 1 :])
        )

    lost = [said for number, said in enumerate(people.said) if is_lost(number, said)]
    assert not lost, f"I4: {lost}"


async def _holds_only_what_met(desk: Desk, people: People) -> None:
    """I6: what somebody replaced in a tool does not contend with what replaced it there: it is an echo of ours."""
    echoes = []
    for held in await desk.store.conflicts.open_list(PORTFOLIO):
        contending = " ".join(str(side.value) for side in held.content.contenders) if held.field == "title" else ""
        words = {said.token: said for said in people.said if said.token in contending}
        echoes += [
            f"{former.token} and {later.token}"
            for former in words.values()
            for later in words.values()
            if later.tool == former.tool and former.token in later.replaced
        ]
    assert not echoes, f"I6: held although one was said over the other: {echoes}"


async def _has_invented_nothing(desk: Desk, people: People) -> None:
    """I1: what its author left empty, and nobody filled in anywhere, is still empty there."""
    ids = await desk.store.entities.ids(PORTFOLIO, Kind.TASK)
    for links in (await desk.store.links.by_entities(ids)).values():
        keys = {(TOOL_OF[link.ref.connection], link.key) for link in links if link.state is LinkState.LIVE}
        for tool, key in keys & people.as_made.keys():
            before, now = people.as_made[tool, key], people.shown(tool, key)
            for what, name in PARTS[tool].native.items():
                edited = what == "title" or any((where, one, what) in people.touched for where, one in keys)
                same = before.get(name) == now.get(name)
                assert same or edited, f"I1: nobody entered the {name} of {tool} {key}: {now.get(name)!r}"
