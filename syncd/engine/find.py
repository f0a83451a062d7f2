"""Finding what a person names: by key, entity id, ref, URL or title."""

from __future__ import annotations

from difflib import get_close_matches

from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.load import load_items
from syncd.errors import ConfigError
from syncd.model.refs import EntityId, Ref
from syncd.store.records import parse_ref
from syncd.store.rows import LinkState
from syncd.store.store import Store


async def find_item(desk: Desk, name: str) -> Item:
    """
    Return the one entity that *name* means: a key (`PMO-12`, `acme/api#7`), an entity id, a ref, or its exact title.

    Raises:
        ConfigError: nothing or several things are called that.
    """
    found = await ids_called(desk.store, desk.portfolio.name, name)
    if len(found) == 1:
        (item,) = await load_items(desk, found)
        return item
    if found:
        keys = sorted({side.link.key for item in await load_items(desk, found) for side in item.sides})
        raise ConfigError(f'"{name}" means {len(found)} items', fix=f"name one of {', '.join(keys[:10])}")
    raise ConfigError(f'nothing linked is called "{name}"', fix=await _suggestion(desk, name))


async def refs_called(desk: Desk, name: str) -> list[Ref]:
    """
    Return every record of the one item that *name* means, or the one record that it is the ref of.

    Raises:
        ConfigError: nothing or several things are called that.
    """
    ids = await ids_called(desk.store, desk.portfolio.name, name)
    if not ids and name.count(":") >= 2 and name.split(":", maxsplit=1)[0] in desk.accounts:  # noqa: PLR2004 - connection:kind:id
        return [parse_ref(name)]
    item = await find_item(desk, name)
    resting = (LinkState.UNLINKED, LinkState.GONE)
    return sorted(side.link.ref for side in item.sides if side.link.state not in resting)


async def ids_called(store: Store, portfolio: str, name: str) -> list[EntityId]:
    """Return every entity of *portfolio* that *name* may mean."""
    links = await store.links.by_key(name)
    if not links and name.count(":") >= 2:  # noqa: PLR2004 - connection:kind:id
        links = list((await store.links.by_refs([parse_ref(name)])).values())
    if links:
        return sorted({link.entity for link in links if link.portfolio == portfolio})
    if (entity := EntityId(name)) in await store.entities.by_ids([entity]):
        return [entity]
    titles = await store.entities.values_of(portfolio, ("title",))
    return [one for one, values in titles.items() if values["title"] == name]


async def _suggestion(desk: Desk, name: str) -> str:
    keys = [
        link.key for each in desk.accounts for link in await desk.store.links.by_connection(each, desk.portfolio.name)
    ]
    near = get_close_matches(name, keys, n=3)
    return f"did you mean {' or '.join(near)}?" if near else "use a key as the tool shows it, such as PMO-12"
