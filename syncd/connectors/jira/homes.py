"""
Links home: on an issue, one remote link for each counterpart.

Ours are known by their `globalId`, `syncd:<connection>` (from the second
counterpart there on with `#2`, …). No other link is touched. Only issues show
links; on anything else there is nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from syncd.connectors._together import side_by_side
from syncd.connectors.jira.encode import clean
from syncd.connectors.jira.fields import ISSUE, MAX_SUMMARY
from syncd.connectors.jira.link_payloads import RemoteLink
from syncd.connectors.jira.queries import REMOTE_LINKS
from syncd.connectors.jira.site import Site
from syncd.connectors.protocol import Home, Homes
from syncd.errors import NotFoundError, RemoteError
from syncd.model.refs import Ref

OURS: Final = "syncd:"
RELATIONSHIP: Final = "same item in"
"""The heading people see above the links."""


async def show_home(site: Site, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
    """Make each issue show exactly these counterparts; return what failed, by ref."""

    async def one(item: Homes) -> tuple[Ref, RemoteError | None]:
        try:
            await _show(site, item)
        except RemoteError as exc:
            return item.ref, exc
        return item.ref, None

    issues = [item for item in items if item.ref.kind == ISSUE]
    done = await side_by_side(one, issues, at_once=site.settings.options.writes_in_flight)
    return {ref: error for ref, error in done if error is not None}


async def _show(site: Site, item: Homes) -> None:
    where = f"{item.ref} (links home)"
    listed = await site.get(REMOTE_LINKS, list[RemoteLink], item.ref.id, where=where)
    shown = {link.global_id: link for link in listed if link.global_id and link.global_id.startswith(OURS)}
    wanted = make_links(item.homes)
    for global_id, link in wanted.items():
        if global_id not in shown or not shown[global_id].says(link):
            await site.send("POST", REMOTE_LINKS, item.ref.id, body=link, where=where)
    for global_id in sorted(shown.keys() - wanted.keys()):
        try:
            await site.send("DELETE", REMOTE_LINKS, item.ref.id, params={"globalId": global_id}, where=where)
        except NotFoundError:  # somebody was faster
            continue


def make_links(homes: Sequence[Home]) -> dict[str, dict[str, object]]:
    """Return the links that show these counterparts, by `globalId`; one without an address cannot be shown."""
    links: dict[str, dict[str, object]] = {}
    seen: Counter[str] = Counter()
    for home in homes:
        if not home.url:
            continue
        seen[home.connection] += 1
        number = seen[home.connection]
        global_id = f"{OURS}{home.connection}" + (f"#{number}" if number > 1 else "")
        title = clean(f"{home.key} {home.title}", is_line=True).strip()[:MAX_SUMMARY]
        links[global_id] = {
            "globalId": global_id,
            "relationship": RELATIONSHIP,
            "application": {"name": home.connection, "type": "syncd"},
            "object": {"url": home.url, "title": title or home.url},
        }
    return links
