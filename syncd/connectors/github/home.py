"""Links home: a line of links at the end of a body, kept by every write of it and shown in no field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api, parse
from syncd.connectors.github.fields import DRAFT, MILESTONE
from syncd.connectors.github.footers import Footers
from syncd.connectors.github.marker import BODY_LIMIT, join_body, make_footer, split_body
from syncd.connectors.github.milestones import patch_milestone
from syncd.connectors.github.payloads import BodyNode
from syncd.connectors.github.records import ISSUE
from syncd.connectors.github.run import Job, Runner
from syncd.connectors.github.steps import Step
from syncd.connectors.protocol import Homes
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError, RemoteError
from syncd.model.refs import Ref

SHOWN_ON: Final = frozenset({ISSUE, DRAFT, MILESTONE})
"""Comments and iterations show nothing: the one is found by its issue, the other has no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One record as it is, and what it should show."""

    ref: Ref
    node: BodyNode
    footer: str

    @property
    def body(self) -> str:
        """The body to write; raises `RejectedError` when the links do not fit."""
        body = split_body(self.node.text)
        whole = join_body(body.text, body.marker, self.footer)
        if self.footer not in whole or len(whole) > BODY_LIMIT:
            raise RejectedError(
                f"no room for links: the text takes all but {BODY_LIMIT - len(whole)} of {BODY_LIMIT} characters",
                where=f"{self.ref} links home",
                fix="shorten the text on GitHub",
            )
        return whole


class HomeKeeper:
    """Shows links home for one connection."""

    def __init__(self, api: Api, runner: Runner, footers: Footers, *, batch: int) -> None:
        self._api = api
        self._runner = runner
        self._footers = footers
        self._batch = batch

    async def show(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """Make each body end with exactly these links; what shows them already is not written."""
        failed: dict[Ref, RemoteError] = {}
        wanted = [item for item in items if item.ref.kind in SHOWN_ON]
        for start in range(0, len(wanted), self._batch):
            some = wanted[start : start + self._batch]
            nodes = await self._bodies([item.ref.id for item in some])
            due: list[_Shown] = []
            for item in some:
                node = nodes.get(item.ref.id)
                footer = make_footer(item.homes)
                if node is None:
                    failed[item.ref] = NotFoundError("it is gone or hidden", where=str(item.ref), fix="nothing to do")
                elif not _shows(node.text, footer):
                    due.append(_Shown(ref=item.ref, node=node, footer=footer))
                else:
                    self._footers.note(item.ref.id, footer)
            failed |= await self._write(due)
        return failed

    async def look(self, ids: Sequence[str]) -> None:
        """Read what stands below these bodies, as far as that is not known."""
        unknown = [node_id for node_id in ids if self._footers.get(node_id) is None]
        for start in range(0, len(unknown), self._batch):
            for node_id, node in (await self._bodies(unknown[start : start + self._batch])).items():
                self._footers.note(node_id, split_body(node.text).footer)

    def footer(self, node_id: str) -> str:
        """Return what stands below a body that was looked at; empty for nothing."""
        return self._footers.get(node_id) or ""

    async def _bodies(self, ids: Sequence[str]) -> Mapping[str, BodyNode]:
        where = f"{self._api.name} bodies"
        answer = await self._api.query(queries.BODIES, {"ids": list(ids)}, where=where)
        nodes = answer.data.get("nodes")
        found: dict[str, BodyNode] = {}
        for node_id, node in zip(ids, nodes if isinstance(nodes, list) else (), strict=False):
            content = node.get("content", node) if isinstance(node, Mapping) else None
            if isinstance(content, Mapping) and content.get("id"):
                found[node_id] = parse(BodyNode, content, where)
        return found

    async def _write(self, due: Sequence[_Shown]) -> Mapping[Ref, RemoteError]:
        failed: dict[Ref, RemoteError] = {}
        jobs: dict[Ref, Job] = {}
        for shown in due:
            try:
                if shown.ref.kind == MILESTONE:
                    await patch_milestone(self._api, shown.node, {"description": shown.body}, where=str(shown.ref))
                    self._footers.note(shown.ref.id, shown.footer)
                else:
                    jobs[shown.ref] = Job(steps=[_step(shown)])
            except RemoteError as exc:
                failed[shown.ref] = exc
        await self._runner.run(jobs.values())
        footers = {shown.ref: shown.footer for shown in due}
        for ref, job in jobs.items():
            error = job.unknown or next(iter(job.errors.values()), None)
            if error is None and not job.carried_out:
                error = OutcomeUnknownError("GitHub says nothing of it", where=str(ref))
            if error is None:
                self._footers.note(ref.id, footers[ref])
            else:
                failed[ref] = error
        return failed


def _step(shown: _Shown) -> Step:
    where, fields = f"{shown.ref} links home", frozenset({"body"})
    if shown.node.typename == "DraftIssue":
        said = {"draftIssueId": shown.node.id, "body": shown.body}
        return Step(mutation="updateProjectV2DraftIssue", input=said, fields=fields, where=where)
    return Step(mutation="updateIssue", input={"id": shown.node.id, "body": shown.body}, fields=fields, where=where)


def _shows(text: str | None, footer: str) -> bool:
    """Tell whether a body shows exactly that footer, once."""
    bare = text or ""
    return split_body(bare).footer == footer and bare.count("<!-- syncd:links -->") == int(bool(footer))
