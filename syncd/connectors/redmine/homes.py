"""
Links home: below an issue's description, or in a text field of its own.

Redmine records either in the issue's history and mails it to those who watch;
nothing is sent when the links stand already. Versions and notes show none.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncd.connectors.protocol import Homes
from syncd.connectors.redmine.catalog import ISSUE, Catalog
from syncd.connectors.redmine.marks import join_links, links_in, list_links, show_links, without_links
from syncd.connectors.redmine.payloads import OneIssue
from syncd.connectors.redmine.queries import ISSUE as ISSUE_PATH
from syncd.connectors.redmine.site import Site
from syncd.errors import RejectedError, RemoteError
from syncd.model.native import Native, RichText, TextFormat
from syncd.model.refs import Ref


async def show_home(site: Site, catalog: Catalog, items: Sequence[Homes]) -> dict[Ref, RemoteError]:
    """Make each issue show exactly these counterparts; returns what failed."""
    failed: dict[Ref, RemoteError] = {}
    for item in items:
        if item.ref.kind != ISSUE:
            continue
        try:
            await _show(site, catalog, item)
        except RemoteError as exc:
            failed[item.ref] = exc
    return failed


async def _show(site: Site, catalog: Catalog, item: Homes) -> None:
    where = f"{item.ref} links home"
    issue = (await site.get(ISSUE_PATH, OneIssue, item.ref.id, where=where)).issue
    name = site.settings.options.links_field
    if name is None:
        text = (issue.description or "").replace("\r\n", "\n")
        wanted = join_links(without_links(text), show_links(item.homes, TextFormat(site.settings.options.text_format)))
        change: dict[str, object] = {"description": wanted}
        stands = wanted == text
    else:
        custom = catalog.custom_named(ISSUE, name)
        if custom is None:
            raise RejectedError(
                f'there is no custom field "{name}" for issues',
                where=f"{site.name} (options.links_field)",
                fix="add one (format Long text), name another, or leave the option out",
            )
        wanted = list_links(item.homes)
        now = next((one.value for one in issue.custom_fields if one.id == custom.id), None) or ""
        change = {"custom_fields": [{"id": custom.id, "value": wanted}]}
        stands = str(now).replace("\r\n", "\n") == wanted
    if not stands:
        await site.send("PUT", ISSUE_PATH, item.ref.id, body={"issue": change}, where=where)


async def keep_links(site: Site, ref: Ref, description: Native) -> Native:
    """Return *description* to send, with the links home that stand below it now."""
    issue = (await site.get(ISSUE_PATH, OneIssue, ref.id, where=f"{ref} description")).issue
    links = links_in(issue.description or "")
    if not links:
        return description
    source = description.source if isinstance(description, RichText) else ""
    return RichText(TextFormat(site.settings.options.text_format), join_links(source, links))
