"""Our marker is taken off what we made in Jira and GitHub, and nothing that people wrote goes with it."""

from __future__ import annotations

from pathlib import Path

from syncd.engine.unlink import unlink
from syncd.model.canonical import Kind
from syncd.model.native import Record
from syncd.model.refs import Ref
from tests.engine.bench import BOTH_WAYS, MAPPING, Bench, make_bench

MILESTONES = """\
  milestone:
    - {from: jira-pmo, in: [{github-eng: {repositories: [api, web]}}]}
    - {from: github-eng, in: [{jira-pmo: {project: ENG}}]}
"""


async def made(bench: Bench) -> dict[tuple[str, Kind], Record]:
    """Return one record of each kind and tool that we made."""
    found: dict[tuple[str, Kind], Record] = {}
    async with bench.desk() as desk:
        for name in desk.accounts:
            for link in await desk.store.links.by_connection(name):
                if link.created_by_us:
                    (entity,) = (await desk.store.entities.by_ids([link.entity])).values()
                    (row,) = (await desk.store.records.observed([link.ref])).values()
                    found.setdefault((name, entity.kind), row.record)
    return found


async def read(bench: Bench, ref: Ref) -> Record:
    async with bench.desk() as desk:
        answer = (await desk.accounts[ref.connection].connector.read_many([ref]))[ref]
    assert isinstance(answer, Record)
    return answer


async def test_the_marker_goes_and_the_rest_stays(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, items=6)
    bench.mapping = MAPPING.replace("people: people.csv", BOTH_WAYS + MILESTONES + "people: people.csv")
    for _ in range(3):
        plan = await bench.plan()
        await bench.apply(plan.plan_id, approve=True)
    records = await made(bench)
    assert {("github-eng", Kind.TASK), ("jira-pmo", Kind.TASK)} <= records.keys()
    for record in records.values():
        before = await read(bench, record.ref)
        assert before.marker is not None
        async with bench.desk() as desk:
            done = await unlink(desk, str(record.ref), clean=True)
        after = await read(bench, record.ref)
        assert (done.left, after.marker) == (None, None)
        changing = {"updated", "updatedAt"}
        assert {name: value for name, value in after.fields.items() if name not in changing} == {
            name: value for name, value in before.fields.items() if name not in changing
        }
    mark = bench.sandbox.log.mark()
    await bench.sync(full=True)
    assert bench.writes_since(mark) == []
