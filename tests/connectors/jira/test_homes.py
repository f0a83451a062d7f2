"""Links home: our own remote links, and nobody else's."""

from __future__ import annotations

from typing import Any, cast

import pytest

from syncd.connectors.jira.homes import make_links
from syncd.connectors.protocol import Connector, Home, Homes, LinksHome
from syncd.errors import ForbiddenError, NotFoundError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import ConnectionName, Ref
from syncd.sandbox.jira.remote_links import RemoteLink
from tests.connectors.jira.bench import JiraSite, make_site

pytestmark = pytest.mark.contracts

GITHUB, LINEAR = ConnectionName("github-eng"), ConnectionName("linear")
API = Home(connection=GITHUB, key="acme/api#7", url="https://github.example/acme/api/issues/7", title="Ship SSO")
WEB = Home(connection=GITHUB, key="acme/web#9", url="https://github.example/acme/web/issues/9", title="Ship SSO")
PLAN = Home(connection=LINEAR, key="ENG-4", url="https://linear.example/issue/ENG-4", title="Ship SSO")


@pytest.fixture
def site() -> JiraSite:
    """Return a fresh site."""
    return make_site()


async def show(connector: Connector, ref: Ref, *homes: Home) -> dict[Ref, RemoteError]:
    assert connector.capabilities.links_home
    return dict(await cast("LinksHome", connector).show_home([Homes(ref=ref, homes=homes)]))


def links(site: JiraSite, ref: Ref) -> dict[str | None, tuple[str, str]]:
    """Return what people see: address and title by global id."""
    held = site.tool.site.remote_links.get(int(ref.id), [])
    return {one.global_id: (one.told["object"]["url"], one.told["object"]["title"]) for one in held}


def theirs(site: JiraSite, ref: Ref, global_id: str | None) -> None:
    told: dict[str, Any] = {"object": {"url": "https://wiki.example/page", "title": "Notes"}}
    site.tool.site.remote_links.setdefault(int(ref.id), []).append(RemoteLink(id=1, global_id=global_id, told=told))


async def test_an_issue_shows_exactly_its_counterparts_and_keeps_what_people_linked(site: JiraSite) -> None:
    connector, ref = site.connect(), await site.add("Ship SSO")
    for known in (None, "appId=1&pageId=2", "not-syncd:github-eng"):
        theirs(site, ref, known)
    kept = links(site, ref)
    assert await show(connector, ref, API, PLAN) == {}
    assert links(site, ref) == kept | {
        "syncd:github-eng": (API.url, "acme/api#7 Ship SSO"),
        "syncd:linear": (PLAN.url, "ENG-4 Ship SSO"),
    }
    assert await show(connector, ref, API, WEB) == {}
    assert links(site, ref) == kept | {
        "syncd:github-eng": (API.url, "acme/api#7 Ship SSO"),
        "syncd:github-eng#2": (WEB.url, "acme/web#9 Ship SSO"),
    }
    assert await show(connector, ref) == {}
    assert links(site, ref) == kept


async def test_showing_the_same_again_writes_nothing(site: JiraSite) -> None:
    connector, ref = site.connect(), await site.add("Ship SSO")
    await show(connector, ref, API, PLAN)
    before = site.writes()
    await show(site.connect(), ref, API, PLAN)
    assert site.writes() == before
    renamed = Home(connection=API.connection, key=API.key, url=API.url, title="Ship single sign-on")
    await show(connector, ref, renamed, PLAN)
    assert site.writes() == [*before, "POST /rest/api/3/issue/{id}/remotelink"]
    assert links(site, ref)["syncd:github-eng"] == (API.url, "acme/api#7 Ship single sign-on")


async def test_links_home_never_show_in_the_records_fields(site: JiraSite) -> None:
    connector, ref = site.connect(), await site.add("Ship SSO")
    before = (await connector.read_many([ref]))[ref]
    await show(connector, ref, API)
    after = (await connector.read_many([ref]))[ref]
    assert isinstance(before, Record)
    assert isinstance(after, Record)
    volatile = {"updated"}
    assert {k: v for k, v in after.fields.items() if k not in volatile} == {
        k: v for k, v in before.fields.items() if k not in volatile
    }


async def test_what_failed_is_told_by_ref_and_stops_no_other(site: JiraSite) -> None:
    connector = site.connect()
    good, gone, shut = [await site.add(title) for title in ("Good", "Gone", "Shut")]
    other = await site.add("Elsewhere", project="ENG")
    await site.delete(gone)
    site.sandbox.faults.add(f"jira:403:item={shut.id}")
    items = [Homes(ref=ref, homes=(API,)) for ref in (gone, good, shut, other)]
    failed = await cast("LinksHome", connector).show_home(items)
    assert {ref: type(error) for ref, error in failed.items()} == {gone: NotFoundError, shut: ForbiddenError}
    assert str(failed[gone].where).startswith(str(gone))
    assert list(links(site, good)) == list(links(site, other)) == ["syncd:github-eng"]


async def test_a_lost_answer_is_made_good_by_sending_again(site: JiraSite) -> None:
    connector, ref = site.connect(), await site.add("Ship SSO")
    site.sandbox.faults.add("jira:reset-after-commit:kind=write:count=1")
    assert list(await show(connector, ref, API, PLAN)) == [ref]
    assert await show(connector, ref, API, PLAN) == {}
    assert list(links(site, ref)) == ["syncd:github-eng", "syncd:linear"]


async def test_versions_have_no_such_links_and_nothing_is_asked(site: JiraSite) -> None:
    connector, ref = site.connect(), await site.add("9.9", "version")
    requests = len(site.sandbox.log.entries())
    assert await show(connector, ref, API) == {}
    assert len(site.sandbox.log.entries()) == requests


def test_a_title_fits_one_line_and_a_counterpart_without_address_is_left_out() -> None:
    long = Home(connection=LINEAR, key="ENG-5", url="https://linear.example/5", title="Two\nlines " + "x" * 400)
    nowhere = Home(connection=GITHUB, key="#1", url="", title="Nowhere")
    [link] = make_links([long, nowhere]).values()
    shown = cast("dict[str, str]", link["object"])
    assert shown["title"].startswith("ENG-5 Two lines xxx")
    assert len(shown["title"]) == 255
