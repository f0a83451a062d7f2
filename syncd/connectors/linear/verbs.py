"""Changes that go by add and remove verbs of their own: labels, relations, memberships."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from syncd.connectors._fresh import read_first
from syncd.connectors.linear.api import Api
from syncd.connectors.linear.catalog import Catalog, FoundLabel
from syncd.connectors.linear.edits import DEPENDS_ON, LABELS, PARENT, Input, ref_id
from syncd.connectors.linear.families import INITIATIVE, ISSUE, PROJECT
from syncd.connectors.linear.identity import derived_id
from syncd.connectors.linear.payloads import LabelNode
from syncd.connectors.linear.records import BLOCKS
from syncd.connectors.linear.ties import membership_ids, relation_ids
from syncd.connectors.protocol import set_delta
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError
from syncd.model.native import Choices, Native
from syncd.model.refs import Ref


class Verbs:
    """Carries out what the one mutation of a change cannot."""

    def __init__(self, api: Api, catalog: Catalog) -> None:
        self._api = api
        self._catalog = catalog

    async def label_delta(self, team: str, before: Native, after: Native) -> Input:
        """
        Return what an issue's labels add to its input; labels that do not exist in the team are made.

        Raises:
            ReadTooOldError: some were made; the issue is to be read again before it is written.
        """
        added, removed = await self._delta(ISSUE, team, before, after)
        if any(label.is_new for label in added):
            raise read_first("a label", f"{self._api.name} {team}")
        said: Input = {}
        if added:
            said["addedLabelIds"] = [label.id for label in added]
        if removed:
            said["removedLabelIds"] = removed
        return said

    async def all_labels(self, kind: str, team: str, labels: Native) -> Input:
        """Return what a new record's labels add to its input."""
        added, _ = await self._delta(kind, team, None, labels)
        return {"labelIds": [label.id for label in added]} if added else {}

    async def carry_out(self, kind: str, node_id: str, team: str, key: str, before: Native, after: Native) -> None:
        """
        Take one field of an existing record from *before* to *after*.

        Raises:
            OutcomeUnknownError: part of it may have been carried out.
            RemoteError: some of it was refused.
        """
        if kind == PROJECT and key == LABELS:
            await self._project_labels(node_id, team, before, after)
        elif kind == PROJECT and key == PARENT:
            await self._memberships(node_id, before, after)
        elif kind == ISSUE and key == DEPENDS_ON:
            await self._relations(node_id, before, after)
        else:
            raise AssertionError(key)  # `edits` names no others

    async def _delta(self, kind: str, team: str, before: Native, after: Native) -> tuple[list[FoundLabel], list[str]]:
        """Return the labels to add, and the ids of those to remove; case does not tell labels apart."""
        old, new = _names(before), _names(after)
        added = [await self._catalog.label(kind, new[key], team) for key in sorted(new.keys() - old.keys())]
        gone = sorted(old.keys() - new.keys())
        known = await self._catalog.labels(kind) if gone else {}
        return added, [each for name in gone for each in _carried(known, name, team)]

    async def _project_labels(self, node_id: str, team: str, before: Native, after: Native) -> None:
        added, removed = await self._delta(PROJECT, team, before, after)
        where = f"{self._api.name}:{PROJECT}:{node_id} {LABELS}"
        for name, ids in (("projectAddLabel", [label.id for label in added]), ("projectRemoveLabel", removed)):
            for label in ids:
                await self._api.change(name, {"id": node_id, "labelId": label}, where=where)

    async def _relations(self, issue: str, before: Native, after: Native) -> None:
        where = f"{self._api.name}:{ISSUE}:{issue} {DEPENDS_ON}"

        def said(blocker: str) -> Input:
            return {
                "id": derived_id(BLOCKS, blocker, issue),
                "issueId": blocker,
                "relatedIssueId": issue,
                "type": BLOCKS,
            }

        added, removed = set_delta(before, after)
        await self._tie("issueRelation", added, ISSUE, said, lambda: relation_ids(self._api, issue), where)
        await self._untie("issueRelation", removed, lambda: relation_ids(self._api, issue), where)

    async def _memberships(self, project: str, before: Native, after: Native) -> None:
        where = f"{self._api.name}:{PROJECT}:{project} {PARENT}"

        def said(initiative: str) -> Input:
            return {
                "id": derived_id("membership", project, initiative),
                "initiativeId": initiative,
                "projectId": project,
            }

        added, removed = set_delta(before, after)
        name = "initiativeToProject"
        await self._tie(name, added, INITIATIVE, said, lambda: membership_ids(self._api, project), where)
        await self._untie(name, removed, lambda: membership_ids(self._api, project), where)

    async def _tie(
        self,
        name: str,
        added: Collection[Ref],
        kind: str,
        said: Callable[[str], Input],
        there: Callable[[], Awaitable[Mapping[str, str]]],
        where: str,
    ) -> None:
        """Tie a record to each of *added*; what is tied already, by us or by somebody, is as good."""
        for ref in sorted(added):
            other = ref_id(ref, kind, where) or ""
            try:
                await self._api.change(f"{name}Create", {"input": said(other)}, where=where)
            except (OutcomeUnknownError, RejectedError):
                if other not in await there():
                    raise

    async def _untie(
        self, name: str, removed: Collection[Ref], there: Callable[[], Awaitable[Mapping[str, str]]], where: str
    ) -> None:
        """Untie a record from each of *removed*; what is gone already is as good."""
        ties = await there() if removed else {}
        for ref in sorted(removed):
            if ref.id not in ties:
                continue
            try:
                await self._api.change(f"{name}Delete", {"id": ties[ref.id]}, where=where)
            except (OutcomeUnknownError, NotFoundError):
                if ref.id in await there():
                    raise


def _names(labels: Native) -> dict[str, str]:
    """Return label names by their folded form."""
    return {choice.id.casefold(): choice.id for choice in labels.members} if isinstance(labels, Choices) else {}


def _carried(labels: Mapping[str, LabelNode], name: str, team: str) -> list[str]:
    """Return the ids a record of *team* may carry that label under: the team's or the workspace's, else a parent's."""
    named = [label for label in labels.values() if label.name.casefold() == name]
    near = [label.id for label in named if label.team is None or label.team.key == team]
    return near or [label.id for label in named]
