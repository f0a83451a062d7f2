"""Links home on issues, against the stand-in and the real thing."""

from __future__ import annotations

import pytest

from syncd.connectors.protocol import Connector, Home, Homes, LinksHome
from syncd.connectors.redmine.marks import join_links, links_in, show_links, without_links
from syncd.errors import NotFoundError, RejectedError
from syncd.model.native import RichText, TextFormat
from syncd.model.refs import ConnectionName, Ref
from tests.connectors.redmine.site import NAME, Site, read, updated

FORMS = [TextFormat.MARKDOWN, TextFormat.TEXTILE]
JIRA = Home(connection=ConnectionName("jira"), key="PMO-12", url="https://jira.example/browse/PMO-12", title="Ship")
GITHUB = Home(connection=ConnectionName("hub"), key="acme/api#7", url="https://hub.example/acme/api/7", title="Ship")


async def show(connector: Connector, ref: Ref, *homes: Home) -> dict[Ref, Exception]:
    linking: LinksHome = connector  # type: ignore[assignment]
    return dict(await linking.show_home([Homes(ref=ref, homes=homes)]))


async def raw(site: Site, ref: Ref) -> str:
    issue = (await site.call("GET", f"/issues/{ref.id}.json"))["issue"]
    return (issue["description"] or "").replace("\r\n", "\n")


@pytest.mark.parametrize("form", FORMS)
async def test_links_stand_below_the_description_and_reading_leaves_them_out(site: Site, form: TextFormat) -> None:
    ref = await site.add_issue(description="What people wrote.")
    connector, wire = site.connect(text_format=form)
    before = await read(connector, ref)

    assert await show(connector, ref, JIRA, GITHUB) == {}

    assert await raw(site, ref) == f"What people wrote.\n\n{show_links([JIRA, GITHUB], form)}"
    assert (await read(connector, ref)).fields == before.fields
    wire.requests.clear()
    assert await show(connector, ref, JIRA, GITHUB) == {}
    assert wire.asked("PUT") == []
    assert await show(connector, ref, JIRA) == {}
    assert await raw(site, ref) == f"What people wrote.\n\n{show_links([JIRA], form)}"
    assert await show(connector, ref) == {}
    assert await raw(site, ref) == "What people wrote."


@pytest.mark.parametrize("form", FORMS)
async def test_a_new_description_keeps_the_links(site: Site, form: TextFormat) -> None:
    ref = await site.add_issue()
    connector, _ = site.connect(text_format=form)
    assert await show(connector, ref, JIRA) == {}

    record = await updated(connector, ref, description=RichText(form, "New\n\ntext"))

    assert record.fields["description"] == RichText(form, "New\r\n\r\ntext")
    assert await raw(site, ref) == f"New\n\ntext\n\n{show_links([JIRA], form)}"
    assert (await updated(connector, ref, description=None)).fields["description"] is None
    assert await raw(site, ref) == show_links([JIRA], form)


async def test_a_field_of_its_own_shows_the_links_and_is_no_field_of_the_record(site: Site) -> None:
    ref = await site.add_issue(description="Text")
    connector, wire = site.connect(marker_field="Other", links_field="Upstream key")

    assert await show(connector, ref, GITHUB) == {}

    issue = (await site.call("GET", f"/issues/{ref.id}.json"))["issue"]
    assert {one["name"]: one["value"] for one in issue["custom_fields"]}["Upstream key"] == (
        "acme/api#7 (hub): https://hub.example/acme/api/7"
    )
    assert "cf_4" not in (await read(connector, ref)).fields
    assert "cf_4" not in {one.key for one in (await connector.describe()).fields}
    wire.requests.clear()
    assert await show(connector, ref, GITHUB) == {}
    assert wire.asked("PUT") == []


async def test_what_fails_is_told_by_ref(site: Site) -> None:
    gone = Ref(NAME, "issue", "99999999")
    connector, _ = site.connect()
    assert isinstance((await show(connector, gone, JIRA))[gone], NotFoundError)
    ref = await site.add_issue()
    connector, _ = site.connect(links_field="No such field")
    assert isinstance((await show(connector, ref, JIRA))[ref], RejectedError)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", ["", "a", "a\n", "a\n\nb"])
def test_links_are_taken_off_again(form: TextFormat, text: str) -> None:
    links = show_links([JIRA, GITHUB], form)
    joined = join_links(text, links)

    assert without_links(joined) == text
    assert without_links(joined.replace("\n", "\r\n")) == text.replace("\n", "\r\n")
    assert links_in(joined.replace("\n", "\r\n")) == links
    assert without_links(f"{joined}\n\nadded below") == f"{text}\n\nadded below"


def test_an_address_cannot_leave_its_link() -> None:
    home = Home(connection=ConnectionName("jira"), key='a"b]<c', url='https://x.example/a)b "c', title="")

    assert show_links([home], TextFormat.MARKDOWN).split("\n")[2] == (
        'Also in: [a"b\\]\\<c](https://x.example/a%29b%20%22c) (jira)'
    )
    assert show_links([home], TextFormat.TEXTILE).split("\n")[1] == (
        'Also in: "ab]c":https://x.example/a%29b%20%22c (jira)'
    )
    assert not show_links([Home(connection=ConnectionName("x"), key="k", url="javascript:x", title="")], FORMS[0])
