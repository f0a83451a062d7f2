"""
Links home: attachments of issues, links of projects and initiatives.

Ours are known by their ids, which follow from the record and the address; what
people attached is never touched, even where it has the same address (Linear
keeps one attachment an address).
"""

from __future__ import annotations

from typing import Final

from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api, dig, parse
from syncd.connectors.linear.edits import Input
from syncd.connectors.linear.families import ISSUE, PROJECT
from syncd.connectors.linear.identity import derived_id
from syncd.connectors.linear.payloads import Connection, HomeNode
from syncd.connectors.linear.queries import HOME_LISTS
from syncd.connectors.protocol import Home, Homes
from syncd.errors import OutcomeUnknownError, RemoteError
from syncd.model.refs import Ref

POINTS: Final = 100.0
_VERBS: Final = {ISSUE: "attachment"}
_OTHERS: Final = "entityExternalLink"


async def show_home(api: Api, item: Homes) -> RemoteError | None:
    """Make one record show these counterparts and no others of ours; milestones and comments have no place for it."""
    if item.ref.kind not in HOME_LISTS:
        return None
    try:
        shown = await _shown(api, item.ref)
        wanted = {derived_id("home", str(item.ref), home.url): home for home in item.homes}
        theirs = {node.url for node in shown.values() if node.id not in wanted}
        for node_id, home in wanted.items():
            if node_id in shown:
                await _rename(api, item.ref, shown[node_id], home)
            elif home.url not in theirs:
                await _add(api, item.ref, node_id, home)
        for node in shown.values():
            if node.id not in wanted and node.id == derived_id("home", str(item.ref), node.url):
                await api.change(f"{_verb(item.ref)}Delete", {"id": node.id}, where=str(item.ref))
    except RemoteError as exc:
        return exc
    return None


async def _shown(api: Api, ref: Ref) -> dict[str, HomeNode]:
    answer = await api.ask(queries.SHOWN_HOMES[ref.kind], {"id": ref.id}, where=str(ref), points=POINTS)
    page = parse(Connection[HomeNode], dig(answer.data, ["node", "homes"], str(ref)), str(ref))
    return {node.id: node for node in page.nodes}


async def _rename(api: Api, ref: Ref, shown: HomeNode, home: Home) -> None:
    title = _title(home)
    if title not in {shown.title, shown.label}:
        said: Input = {"title" if ref.kind == ISSUE else "label": title}
        await api.change(f"{_verb(ref)}Update", {"id": shown.id, "input": said}, where=str(ref))


async def _add(api: Api, ref: Ref, node_id: str, home: Home) -> None:
    said: Input = {"id": node_id, "url": home.url}
    if ref.kind == ISSUE:
        said |= {"issueId": ref.id, "title": _title(home), "subtitle": f"kept in step with {home.connection}"}
    else:
        said |= {"projectId" if ref.kind == PROJECT else "initiativeId": ref.id, "label": _title(home)}
    try:
        await api.change(f"{_verb(ref)}Create", {"input": said}, where=str(ref))
    except OutcomeUnknownError:
        if node_id not in await _shown(api, ref):
            raise


def _verb(ref: Ref) -> str:
    return _VERBS.get(ref.kind, _OTHERS)


def _title(home: Home) -> str:
    return f"{home.key}: {home.title}"
