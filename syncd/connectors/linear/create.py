"""Making new records, each under an id of our own: one request makes it, then the ties it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from syncd.connectors.linear.api import Api
from syncd.connectors.linear.catalog import Catalog
from syncd.connectors.linear.edits import LABELS, Edits, Input, misfit, plan_edits
from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, MILESTONE, PROJECT
from syncd.connectors.linear.identity import marked_id
from syncd.connectors.linear.placing import milestone_project
from syncd.connectors.linear.read import Reader
from syncd.connectors.linear.verbs import Verbs
from syncd.connectors.protocol import Create
from syncd.errors import OutcomeUnknownError, RejectedError, RemoteError
from syncd.model.native import Native, Record
from syncd.model.refs import Ref

MUTATIONS: Final[Mapping[str, str]] = {
    ISSUE: "issueCreate",
    PROJECT: "projectCreate",
    INITIATIVE: "initiativeCreate",
    MILESTONE: "projectMilestoneCreate",
    COMMENT: "commentCreate",
}
_COMMENTED: Final[Mapping[str, str]] = {ISSUE: "issueId", PROJECT: "projectId", INITIATIVE: "initiativeId"}
_TITLES: Final = ("title", "name", "body")

log = structlog.get_logger()


class Creator:
    """Makes new records."""

    def __init__(self, api: Api, catalog: Catalog, reader: Reader, verbs: Verbs) -> None:
        self._api = api
        self._catalog = catalog
        self._reader = reader
        self._verbs = verbs

    async def create(self, write: Create) -> Ref:
        """
        Make one record, and return its ref once it surely exists.

        What fails after that (a relation, say) is not raised: the record read
        back shows it. When Linear refuses, a read by id has the last word: an
        earlier request of ours may have made it.

        Raises:
            OutcomeUnknownError: it may have been made; read its id.
            RemoteError: it was not made.
        """
        where = f"{self._api.name} {write.container} new {write.type}"
        if write.type not in MUTATIONS:
            raise misfit(f'Linear makes no "{write.type}"', where, "name a type it has in the create rule")
        ref = Ref(self._api.name, write.type, marked_id(write.marker, f"{write.type} {write.container}"))
        fields = {key: value for key, value in write.fields.items() if not (write.type == COMMENT and key == "parent")}
        edits = plan_edits(write.type, fields, where=where)
        for error in edits.refused.values():
            raise error
        said = await self._input(write, edits, where) | {"id": ref.id}
        try:
            await self._api.change(MUTATIONS[write.type], {"input": said}, where=where)
        except OutcomeUnknownError:
            raise
        except RemoteError as exc:
            if not isinstance(exc, RejectedError) or not await self._is_there(ref):
                raise
        await self._finish(ref, write, edits)
        return ref

    async def _is_there(self, ref: Ref) -> bool:
        return isinstance((await self._reader.read_many([ref]))[ref], Record)

    async def _input(self, write: Create, edits: Edits, where: str) -> Input:
        if not any(edits.inputs.get(key) for key in _TITLES):
            raise misfit("nothing can be created without a title", where, "map its title")
        said = {key: value for key, value in edits.merged().items() if value not in (None, "", [])}
        place = await self._place(write, where)
        if LABELS in edits.apart:
            said |= await self._verbs.all_labels(write.type, write.container, edits.apart[LABELS])
        if write.type == ISSUE and "projectMilestoneId" in said and "projectId" not in said:
            said |= await milestone_project(self._reader, write.fields["projectMilestone"], None, where=where)
        return place | said

    async def _place(self, write: Create, where: str) -> Input:
        """Return what says where it is made: team, teams, project, or what is commented on."""
        around = await self._catalog.around()
        match write.type:
            case "initiative":
                if write.container != around.workspace:
                    raise misfit(
                        f"an initiative belongs to the workspace, not to {write.container}",
                        where,
                        f"create initiatives in {around.workspace}",
                    )
                return {}
            case "milestone":
                return {"projectId": (await self._catalog.place_named(write.container)).id}
            case "comment":
                return self._commented(write.fields.get("parent"), where)
        team = around.teams.get(write.container)
        if team is None:
            raise misfit(
                f'"{write.container}" is no team in scope', where, f"create it in one of {', '.join(around.teams)}"
            )
        return {"teamId": team.id} if write.type == ISSUE else {"teamIds": [team.id]}

    @staticmethod
    def _commented(parent: Native, where: str) -> Input:
        if not isinstance(parent, Ref) or parent.kind not in _COMMENTED:
            raise misfit("a comment needs what it is on: an issue, project or initiative", where, "link that first")
        return {_COMMENTED[parent.kind]: parent.id, "doNotSubscribeToIssue": True}

    async def _finish(self, ref: Ref, write: Create, edits: Edits) -> None:
        """Tie the new record to others."""
        for key, value in edits.apart.items():
            if key == LABELS:
                continue
            try:
                await self._verbs.carry_out(ref.kind, ref.id, write.container, key, None, value)
            except RemoteError as exc:
                log.warning("field_refused", op=write.op, field=key, error=str(exc))
