"""What a tool told of itself is kept for a while, and asked for anew as soon as a record speaks against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.connectors.protocol import Description
from syncd.engine.cycle import sync
from syncd.engine.desk import Desk
from syncd.engine.doubt import contradicts, offered
from syncd.engine.open import TRUSTED_S, refresh
from syncd.errors import UnavailableError
from syncd.model.native import Choice, Choices, Native, NativeField, NativeType, Person, Record, RecordState, Text
from syncd.model.refs import ConnectionName, Ref, Revision
from tests.engine import contact
from tests.engine.bench import Bench, make_bench
from tests.engine.hand import JIRA, OTHER, TASK, agreed, github_of, item_of, jira_of, shown

TODO, DOING = Choice("1", "To do"), Choice("2", "Doing")
TOLD = Description(
    fields=(
        NativeField(key="status", label="Status", type=NativeType.CHOICE, options=(TODO,), containers=frozenset("A")),
        NativeField(key="status", label="Status", type=NativeType.CHOICE, options=(DOING,), containers=frozenset("B")),
        NativeField(key="teams", label="Teams", type=NativeType.CHOICES, options=(TODO, DOING)),
        NativeField(key="labels", label="Labels", type=NativeType.CHOICES, options=(TODO,), free=True),
    ),
    containers=(),
    account=Person("1"),
)


def record(**fields: Native) -> Record:
    ref = Ref(ConnectionName("jira-pmo"), "issue", "1")
    return Record(
        ref=ref,
        type="Task",
        container="A",
        key="A-1",
        url="",
        state=RecordState.LIVE,
        revision=Revision("1"),
        fields=fields,
    )


BOTH = Choices(frozenset({TODO, DOING}))


@pytest.mark.parametrize(
    ("before", "after", "is_doubtful"),
    [
        (None, record(status=TODO), False),
        (None, record(status=Choice("3", "New")), True),
        (None, record(teams=Choices(frozenset({Choice("3", "New")}))), True),
        (None, record(labels=Choices(frozenset({Choice("3", "New")}))), False),
        (record(status=TODO), record(status=DOING), False),
        (record(status=TODO), record(status=None), True),
        (record(status=None), record(status=TODO), False),
        (record(teams=BOTH), record(teams=Choices(frozenset({TODO}))), True),
        (record(labels=BOTH), record(labels=Choices(frozenset())), False),
        (record(title=Text("one")), record(title=Text("two")), False),
        (record(title=Text("one")), record(title=Text("one"), size=None), True),
        (record(title=Text("one"), size=None), record(title=Text("one")), True),
    ],
)
def test_a_strange_option_an_emptied_field_and_other_fields_speak_against_it(
    before: Record | None,
    after: Record,
    is_doubtful: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    assert contradicts(after, before, offered(TOLD)) is is_doubtful


async def teamed(folder: Path) -> Bench:
    """Return an installation past its first contact whose initiatives have a team, an option of a select in Jira."""
    bench = make_bench(folder, items=2)
    bench.mapping = bench.mapping.replace("people:", "  initiative.team: {jira-pmo: Team}\npeople:")
    return await contact.agreed(bench)


async def cycle(bench: Bench, desk: Desk) -> list[str]:
    """Run one more cycle of the daemon; return what was asked of the tools."""
    mark = bench.sandbox.log.mark()
    bench.clock.pass_(60)
    await refresh(desk)
    await sync(desk, command="run")
    return sorted(f"{entry.tool} {entry.operation}" for entry in bench.sandbox.log.since(mark))


async def test_a_daemon_asks_a_tool_what_it_offers_every_ten_minutes_only(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        quiet = await cycle(bench, desk)
        assert not any("createmeta" in each for each in quiet)
        assert await cycle(bench, desk) == quiet
        bench.clock.pass_(TRUSTED_S)
        assert any("createmeta" in each for each in await cycle(bench, desk))
        assert await cycle(bench, desk) == quiet


async def test_an_option_deleted_under_a_running_daemon_clears_nothing(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    before = [shown(bench, "jira", key)["status"] for key in ("PMO-1", TASK[0], OTHER[0])]
    async with bench.desk() as desk:
        await cycle(bench, desk)
        github_of(bench).delete_option("Status", "In Progress")
        for key in (TASK[1], OTHER[1]):  # GitHub does not tell of the emptied items by itself
            github_of(bench).set(key, "title", f"Read anew: {key}", by="ben")
        for _ in range(3):
            await cycle(bench, desk)
    assert [shown(bench, "jira", key)["status"] for key in ("PMO-1", TASK[0], OTHER[0])] == before
    assert shown(bench, "jira", TASK[0])["summary"] == f"Read anew: {TASK[1]}"


async def test_an_option_of_a_jira_select_deleted_under_a_running_daemon_clears_nothing(tmp_path: Path) -> None:
    bench = await teamed(tmp_path)
    was = (await item_of(bench, "PMO-1")).entity.values["team"]
    assert was is not None
    async with bench.desk() as desk:
        await cycle(bench, desk)
        jira_of(bench).site.drop_option("customfield_10021", str(shown(bench, "jira", "PMO-1")["Team"]))
        jira_of(bench).set("PMO-1", "summary", "Read anew", by="ada")
        for _ in range(3):
            bench.clock.pass_(120)
            await cycle(bench, desk)
    now = (await item_of(bench, "PMO-1")).entity.values
    assert (now["title"], now["team"]) == ("Read anew", was)


async def test_a_tool_that_failed_is_asked_anew_what_it_offers(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        quiet = await cycle(bench, desk)
        desk.accounts[JIRA].error = UnavailableError("no answer", where="jira-pmo")
        asked = await cycle(bench, desk)
        assert any("createmeta" in each for each in asked)
        assert [each for each in asked if each.startswith("github")] == [e for e in quiet if e.startswith("github")]
        assert await cycle(bench, desk) == quiet


async def test_while_a_tool_cannot_be_asked_anew_nothing_is_decided_about_the_record_in_doubt(tmp_path: Path) -> None:
    bench = await teamed(tmp_path)
    was = (await item_of(bench, "PMO-1")).entity.values["team"]
    async with bench.desk() as desk:
        await cycle(bench, desk)
        jira_of(bench).site.drop_option("customfield_10021", str(shown(bench, "jira", "PMO-1")["Team"]))
        jira_of(bench).set("PMO-1", "summary", "Read anew", by="ada")
        bench.clock.pass_(120)
        connector = desk.accounts[JIRA].connector
        describe = connector.describe

        async def unavailable() -> Description:
            raise UnavailableError("no answer", where="jira-pmo")

        connector.describe = unavailable  # type: ignore[method-assign]
        await cycle(bench, desk)
        held = await item_of(bench, "PMO-1")
        assert held.entity.values["title"] != "Read anew"
        connector.describe = describe  # type: ignore[method-assign]
        await cycle(bench, desk)
    now = (await item_of(bench, "PMO-1")).entity.values
    assert (now["title"], now["team"]) == ("Read anew", was)
