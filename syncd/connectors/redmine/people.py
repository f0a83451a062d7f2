"""Finding accounts by id, login or e-mail, with whatever the account may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.connectors.redmine.catalog import Catalog
from syncd.connectors.redmine.payloads import Members, OneUser, User, Users
from syncd.connectors.redmine.queries import MAX_LIMIT, MEMBERS, USER, USERS
from syncd.connectors.redmine.site import Site
from syncd.errors import ForbiddenError, NotFoundError
from syncd.model.native import Person


async def find_people(site: Site, catalog: Catalog, handles: Sequence[str]) -> Mapping[str, Person]:
    """
    Return the user behind each handle.

    Administrators search all users. Others see the members of the projects in
    scope, each with a login and, where its owner shows it, a mail address.
    """
    users: list[User] = [catalog.account]
    if catalog.account.admin:
        for handle in handles:
            users += await _search(site, handle)
    else:
        users += await _members(site, catalog)
    found: dict[str, Person] = {}
    for handle in handles:
        matches = {user.id: user for user in users if _is(user, handle)}
        if len(matches) == 1:
            (user,) = matches.values()
            found[handle] = Person(str(user.id), user.name or None, user.login, user.mail)
    return found


def _is(user: User, handle: str) -> bool:
    folded = handle.casefold()
    return handle == str(user.id) or folded in {(user.login or "").casefold(), (user.mail or "").casefold()} - {""}


async def _search(site: Site, handle: str) -> Sequence[User]:
    if handle.isdecimal():
        user = await _read(site, handle)
        return [user] if user else []
    return (await site.get(USERS, Users, params={"name": handle, "limit": MAX_LIMIT})).users


async def _members(site: Site, catalog: Catalog) -> list[User]:
    ids: set[int] = set()
    for project in catalog.scope:
        offset = 0
        while True:
            params = {"limit": MAX_LIMIT, "offset": offset}
            page = await site.get(MEMBERS, Members, project.identifier, params=params)
            ids |= {member.user.id for member in page.memberships if member.user}
            offset += len(page.memberships)
            if not page.memberships or offset >= page.total_count:
                break
    found = [await _read(site, str(one)) for one in sorted(ids)]
    return [user for user in found if user is not None]


async def _read(site: Site, user_id: str) -> User | None:
    try:
        return (await site.get(USER, OneUser, user_id)).user
    except (NotFoundError, ForbiddenError):
        return None
