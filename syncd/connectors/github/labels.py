"""Labels by name: GitHub wants their ids, and wants them to exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import ValidationError

from syncd.connectors.github.api import Api
from syncd.connectors.github.payloads import LabelNode
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.queries import LABELS_PATH
from syncd.connectors.github.rest_payloads import RestLabel
from syncd.errors import OutcomeUnknownError, RejectedError

COLOUR: Final = "ededed"
"""The grey GitHub gives to labels made by naming them."""


class Labels(NamedTuple):
    """Labels of one repository."""

    ids: Mapping[str, str]
    """By name in lower case."""
    made: Sequence[str]
    """Names of those that did not exist before."""


async def labels_of(
    api: Api, project: ProjectCache, repository: str, *, needed: Iterable[str], going: Iterable[str]
) -> Labels:
    """
    Return the labels of these names, making those of *needed* that do not exist.

    Of *going* only those that still exist are in the answer.
    """
    wanted = {name.lower(): name for name in needed}
    leaving = {name.lower() for name in going}
    known = await project.labels(repository)
    if (wanted.keys() | leaving) - known.keys():
        known = await project.labels(repository, fresh=True)
    made = sorted(wanted.keys() - known.keys())
    for key in made:
        known[key] = await _make(api, project, repository, wanted[key])
    ids = {key: known[key].id for key in wanted.keys() | leaving if key in known}
    return Labels(ids, [wanted[key] for key in made])


async def _make(api: Api, project: ProjectCache, repository: str, name: str) -> LabelNode:
    """
    Make one label; a name is unique in its repository, so a lost answer is settled by looking.

    Raises:
        RemoteError: GitHub refuses the name, or the label is not there after a lost answer.
    """
    where = f"{api.name} {repository} label {name!r}"
    path = LABELS_PATH.format(repository=repository)
    try:
        response = await api.change("POST", path, {"name": name, "color": COLOUR}, creates=True, where=where)
    except (OutcomeUnknownError, RejectedError) as exc:
        found = (await project.labels(repository, fresh=True)).get(name.lower())
        if found is None:
            raise RejectedError(f"no label {name!r} could be made: {exc.what}", where=where, fix=exc.fix) from exc
        return found
    try:
        made = RestLabel.model_validate_json(response.content)
    except ValidationError as exc:
        raise RejectedError("GitHub's answer holds no label", where=where, fix="tell the maintainers") from exc
    return LabelNode(id=made.node_id, name=made.name)
