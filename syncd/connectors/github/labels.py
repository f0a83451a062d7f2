"""Labels by name: GitHub wants their ids, and wants them to exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import ValidationError

from syncd.connectors.github.api import Api
from syncd.connectors.github.payloads import LabelNode
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.queries import LABELS_PATH
from syncd.connectors.github.rest_payloads import RestLabel
from syncd.errors import OutcomeUnknownError, RejectedError

COLOUR: Final = "ededed"
"""The grey GitHub gives to labels made by naming them."""


async def label_ids(
    api: Api, project: ProjectCache, repository: str, *, needed: Iterable[str], going: Iterable[str]
) -> Mapping[str, str]:
    """
    Return the id of each label by its name in lower case, making those of *needed* that do not exist.

    Of *going* only those that still exist are in the answer.
    """
    wanted = {name.lower(): name for name in needed}
    leaving = {name.lower() for name in going}
    known = await project.labels(repository)
    if (wanted.keys() | leaving) - known.keys():
        known = await project.labels(repository, fresh=True)
    for key in sorted(wanted.keys() - known.keys()):
        known[key] = await _make(api, project, repository, wanted[key])
    return {key: known[key].id for key in wanted.keys() | leaving if key in known}


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
