"""Items that look alike are asked about, never linked by guess; what a person says is one becomes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.engine.find import find_item
from syncd.engine.matching import accept_match, find_proposal, reject_match
from syncd.engine.paired import pair_up, read_table
from syncd.engine.unite import unite
from syncd.errors import ConfigError, ConfigProblems
from syncd.model.refs import EntityId
from syncd.store.rows import MatchProposalRow, ProposalState
from tests.engine.bench import MAPPING, Bench, make_bench
from tests.engine.hand import CREATE, GITHUB, JIRA, agreed, all_is_well, census, item_of, shown

SIMILAR = MAPPING.replace("task: title}", "task: [title, {similar: 80}]}")
NEW = "Rotate the signing keys"
ALIKE = "Rotate signing keys"


async def two_alike(folder: Path, *, mapping: str = SIMILAR) -> Bench:
    """Return an agreed installation in which each tool got an item that is probably the other's."""
    bench = await agreed(folder)
    bench.mapping = mapping + CREATE
    bench.sandbox.tools["jira"].add("Task", "ENG", {"title": NEW})
    bench.sandbox.tools["github"].add("Task", "acme/api", {"title": ALIKE})
    bench.clock.pass_(600)
    await bench.sync()
    return bench


async def proposals(bench: Bench, state: ProposalState = ProposalState.OPEN) -> list[MatchProposalRow]:
    async with bench.desk() as desk:
        return await desk.store.proposals.by_portfolio("platform", state)


async def titles(bench: Bench) -> dict[str, EntityId]:
    async with bench.desk() as desk:
        held = await desk.store.entities.values_of("platform", ("title",))
        return {str(values["title"]): one for one, values in held.items()}


async def test_what_looks_alike_is_asked_with_confidence_and_reasons(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path)
    (asked,) = await proposals(bench)
    assert asked.confidence is not None
    assert asked.confidence >= 80
    assert asked.reason.startswith("titles are ")
    assert {ref.connection for ref in asked.refs} == {JIRA, GITHUB}


async def test_nothing_is_created_while_it_is_asked_and_it_is_once_it_was_rejected(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path)
    plan = await bench.plan()
    await bench.apply(plan.plan_id, approve=True)
    await bench.sync()
    assert census(bench)["github", NEW] == 0
    (asked,) = await proposals(bench)
    async with bench.desk() as desk:
        await reject_match(desk, asked)
    plan = await bench.plan()
    await bench.apply(plan.plan_id, approve=True)
    await bench.settle()
    assert census(bench)["github", NEW] == 1
    assert await proposals(bench) == []
    await bench.sync(full=True)
    assert await proposals(bench) == []


async def test_accepting_makes_one_item_whose_differences_are_first_contact(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path)
    (asked,) = await proposals(bench)
    mark = bench.sandbox.log.mark()
    async with bench.desk() as desk:
        one = await accept_match(desk, await find_proposal(desk, asked.id), ())
    assert bench.writes_since(mark) == []
    item = await item_of(bench, asked_key(bench, "jira", NEW))
    assert item.entity.id == one
    assert {side.connection for side in item.sides} == {JIRA, GITHUB}
    plan = await bench.plan()
    await bench.apply(plan.plan_id, approve=True)
    assert census(bench)["github", NEW] == 0
    assert await proposals(bench) == []
    assert [row.id for row in await proposals(bench, ProposalState.ACCEPTED)] == [asked.id]


def asked_key(bench: Bench, tool: str, title: str) -> str:
    rows = bench.sandbox.tools[tool].show()
    assert isinstance(rows, list)
    return next(str(row["key"]) for row in rows if row["title"] == title)


async def test_a_united_item_flows_both_ways_afterwards(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path)
    jira, github = asked_key(bench, "jira", NEW), asked_key(bench, "github", ALIKE)
    (asked,) = await proposals(bench)
    async with bench.desk() as desk:
        await accept_match(desk, asked, ())
    bench.sandbox.tools["github"].set(github, "title", NEW, by="ben")  # the people agree on a title
    plan = await bench.plan()
    await bench.apply(plan.plan_id, approve=True)
    bench.clock.pass_(600)
    await bench.settle()
    bench.sandbox.tools["jira"].set(jira, "summary", "Rotate all keys", by="ada")
    bench.clock.pass_(600)
    await bench.settle()
    assert shown(bench, "github", github)["title"] == "Rotate all keys"
    await all_is_well(bench)


async def test_a_parent_united_with_another_keeps_its_children_in_place(tmp_path: Path) -> None:
    """What pointed at the entity that goes points at the one that stays, in values and in bases alike."""
    bench = await agreed(tmp_path)
    bench.sandbox.tools["jira"].add("Epic", "ENG", {"title": "Enterprise login, whole"})
    bench.sandbox.tools["github"].add("Epic", "acme/api", {"title": "Enterprise login (whole)"})
    bench.clock.pass_(600)
    await bench.settle()
    epic = asked_key(bench, "jira", "Enterprise login, whole")
    other = asked_key(bench, "github", "Enterprise login (whole)")
    bench.sandbox.tools["jira"].set("ENG-3", "parent", epic, by="ada")
    bench.clock.pass_(600)
    await bench.sync()
    async with bench.desk() as desk:
        sides = [(await find_item(desk, key)).sides[0].link.ref for key in (epic, other)]
        one = await unite(desk, sides)
        child = await find_item(desk, "ENG-3")
    assert child.entity.values["parent"] == one
    plan = await bench.plan()
    await bench.apply(plan.plan_id, approve=True)
    bench.clock.pass_(600)
    await bench.settle()
    assert shown(bench, "jira", "ENG-3")["parent"] == epic
    assert shown(bench, "github", "acme/web#1")["parent"] == other


async def test_what_cannot_be_one_is_refused(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        first, second = [(await find_item(desk, key)).sides for key in ("ENG-3", "ENG-4")]
        with pytest.raises(ConfigError, match="live in the same place"):
            await unite(desk, [first[0].link.ref, second[0].link.ref])
        milestone = next(link.ref for link in await desk.store.links.by_connection(JIRA) if link.ref.kind == "version")
        with pytest.raises(ConfigError, match="only things of one kind can be one item"):
            await unite(desk, [first[0].link.ref, milestone])


async def test_a_proposal_goes_when_one_side_goes(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path)
    assert len(await proposals(bench)) == 1
    async with bench.desk() as desk:
        (asked,) = await desk.store.proposals.by_portfolio("platform")
        await unite(desk, asked.refs)
    await bench.sync()
    assert await proposals(bench) == []


async def test_a_table_links_what_it_names_by_key_or_url(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path, mapping=MAPPING)
    jira, github = asked_key(bench, "jira", NEW), asked_key(bench, "github", ALIKE)
    async with bench.desk() as desk:
        url = (await find_item(desk, github)).sides[0].link.url
        rows = read_table(f"jira-pmo,github-eng\n{jira},{url}\nENG-3,acme/web#1\n", "pairs.csv", tuple(desk.accounts))
        dry = await pair_up(desk, rows, "pairs.csv", dry_run=True)
        assert (len(dry.united), dry.already) == (1, 1)
        assert len((await find_item(desk, jira)).sides) == 1
        told = await pair_up(desk, rows, "pairs.csv")
        assert (len(told.united), told.already) == (1, 1)
        assert {side.link.key for side in (await find_item(desk, jira)).sides} == {jira, github}


async def test_a_table_with_a_mistake_links_nothing_and_names_every_line(tmp_path: Path) -> None:
    bench = await two_alike(tmp_path, mapping=MAPPING)
    jira, github = asked_key(bench, "jira", NEW), asked_key(bench, "github", ALIKE)
    text = f"jira-pmo,github-eng\n{jira},{github}\nENG-99,acme/web#1\nENG-3,acme/web#2\n"
    async with bench.desk() as desk:
        rows = read_table(text, "pairs.csv", tuple(desk.accounts))
        with pytest.raises(ConfigProblems) as caught:
            await pair_up(desk, rows, "pairs.csv")
        assert [str(each.where) for each in caught.value.problems] == ["pairs.csv:3 (jira-pmo)", "pairs.csv:4"]
        assert len((await find_item(desk, jira)).sides) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the first line names fewer than two connections, or one twice"),
        ("jira-pmo,jira-pmo\na,b\n", "the first line names fewer than two connections, or one twice"),
        ("jira-pmo,jra\na,b\n", '"jra" is not a connection of this portfolio'),
        ("jira-pmo,github-eng\na,b,c\n", "it has more cells than the first line has names"),
        ("jira-pmo,github-eng\na\n", "it names a alone"),
        ('jira-pmo,github-eng\n"a\n', "it names a alone"),
    ],
)
def test_a_table_that_is_not_one_is_refused_with_its_line(text: str, what: str) -> None:
    with pytest.raises(ConfigProblems) as caught:
        read_table(text, "pairs.csv", (JIRA, GITHUB))
    assert [each.what for each in caught.value.problems] == [what]
    assert all(str(each.where).startswith("pairs.csv:") for each in caught.value.problems)


async def test_first_contact_of_many_asks_only_about_what_no_rule_matched(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, items=12)
    bench.mapping = SIMILAR
    await bench.sync()
    assert all(row.confidence for row in await proposals(bench))
