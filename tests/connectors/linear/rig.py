"""A connector before the stand-in, with every request and answer judged by Linear's own schema on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from syncd.connectors.linear.connector import LinearConnector
from syncd.connectors.linear.settings import LinearSettings
from syncd.connectors.protocol import Create, Done, Outcome, Update
from syncd.model.native import Native, Record
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref, Revision
from syncd.sandbox.app import Sandbox
from syncd.sandbox.linear import LinearStandIn
from syncd.sandbox.portfolio import make_portfolio
from tests.connectors.sending import sent
from tests.connectors.virtual import Clock, make_world
from tests.contracts import graphql

NAME = ConnectionName("linear-road")
MARKER = EntityId("0123456789abcdef")
PREFIX = "/linear"


def has_contract() -> bool:
    """Tell whether Linear's published schema is there."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("SYNCD_CONTRACTS", root.parent / "shared" / "contracts"))
    return (folder / graphql.LINEAR / "schema.graphql").exists()


class Judged(httpx.AsyncBaseTransport):
    """Passes requests on, fails on whatever Linear's schema forbids, and keeps what was asked."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._is_known = has_contract()
        self.asked: list[str] = []
        """`query look`, `mutation issueUpdate`, in order."""
        self.inputs: list[Mapping[str, object]] = []
        """The variables of every mutation, in order."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        text, variables = body["query"], body["variables"]
        head, second = text.splitlines()[:2]
        self.asked.append(f"mutation {second.split('(')[0].strip()}" if head.startswith("mutation") else _name(head))
        if head.startswith("mutation"):
            self.inputs.append(variables)
        if self._is_known:
            assert graphql.check_document(text, variables, vendor=graphql.LINEAR) == []
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if self._is_known and response.status_code == httpx.codes.OK and response.content.endswith(b"}"):
            assert graphql.check_answer(text, json.loads(response.content).get("data"), vendor=graphql.LINEAR) == []
        return response


def _name(head: str) -> str:
    return " ".join(head.replace("(", " ").split()[:2])


class Rig:
    """One connection to one stand-in: teams API, WEB and a third one, and *items* tasks with what is above them."""

    def __init__(self, *, items: int = 0, **settings: object) -> None:
        self.clock = Clock()
        self.world = make_world(self.clock)
        self.tool = LinearStandIn(self.world, make_portfolio(items, self.clock.now().date()))
        self.sandbox = Sandbox({"linear": self.tool}, self.world)
        self.judged = Judged(self.sandbox.transport())
        self.client = httpx.AsyncClient(transport=self.judged)
        self.connector = self.connect(**settings)
        self.cursor: Cursor | None = None
        self.ops = 0

    def connect(self, **settings: object) -> LinearConnector:
        """Return another connector, with these settings put over the usual ones."""
        given: dict[str, object] = {
            "url": f"http://sandbox{PREFIX}",
            "auth": {"api_key": self.tool.token},
            "scope": {"teams": ["API", "WEB"]},
            "options": {"share": 1.0},
        }
        model = LinearSettings.model_validate(given | settings)
        return LinearConnector(NAME, model, self.client, self.world)

    @property
    def asked(self) -> list[str]:
        """What was asked since the last time somebody looked."""
        found, self.judged.asked = self.judged.asked, []
        return found

    @property
    def sent(self) -> list[Mapping[str, object]]:
        """The variables of the mutations since the last time somebody looked."""
        found, self.judged.inputs = self.judged.inputs, []
        return found

    def fault(self, text: str) -> None:
        """Inject one."""
        self.sandbox.faults.add(text)

    def add(self, kind: str, container: str, **fields: object) -> Ref:
        """Let somebody make an item in Linear."""
        return Ref(NAME, kind, str(self.tool.add(kind, container, fields)["id"]))

    async def read(self, ref: Ref) -> Record:
        """Read one record that must be readable."""
        found = (await self.connector.read_many([ref]))[ref]
        assert isinstance(found, Record), found
        return found

    def op(self) -> OpId:
        """Return a fresh op."""
        self.ops += 1
        return OpId(f"op{self.ops}")

    async def outcome(self, ref: Ref, **fields: Native) -> Outcome:
        """Write some fields of a record as it is now."""
        return await sent(self.connector, Update(op=self.op(), pre=await self.read(ref), fields=fields))

    async def write(self, ref: Ref, **fields: Native) -> Record:
        """Write some fields of a record, which must succeed."""
        found = await self.outcome(ref, **fields)
        assert isinstance(found, Done), found
        return found.record

    async def create(self, kind: str, container: str, marker: EntityId = MARKER, **fields: Native) -> Record:
        """Create one record, which must succeed."""
        [found] = await self.connector.write(
            [Create(op=self.op(), type=kind, container=container, marker=marker, fields=fields)]
        )
        assert isinstance(found, Done), found
        return found.record

    async def changes(self, known: Mapping[Ref, Revision] | None = None, since: Cursor | None = None) -> list[Record]:
        """Return everything `changes` yields, and remember the cursor."""
        held = dict(known or {})

        async def look_up(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
            return {ref: held[ref] for ref in refs if ref in held}

        records: list[Record] = []
        async for page in self.connector.changes(since, look_up):
            records += page.records
            self.cursor = page.resume
        return records


def known_of(records: Sequence[Record]) -> dict[Ref, Revision]:
    """Return the revisions a caller that kept these holds."""
    return {record.ref: record.revision for record in records}


async def nothing_known(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
    """Hold nothing yet."""
    del refs
    return {}
