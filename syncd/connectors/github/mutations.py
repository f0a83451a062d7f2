"""GraphQL texts of GitHub's mutations; checked as `queries` are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

INPUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "createIssue": "issue { id projectItems(first: 5) { nodes { id project { id } } } }",
        "updateIssue": "issue { id }",
        "updateIssueComment": "issueComment { id }",
        "updateIssueIssueType": "issue { id }",
        "closeIssue": "issue { id }",
        "reopenIssue": "issue { id }",
        "addLabelsToLabelable": "clientMutationId",
        "removeLabelsFromLabelable": "clientMutationId",
        "addAssigneesToAssignable": "clientMutationId",
        "removeAssigneesFromAssignable": "clientMutationId",
        "addSubIssue": "issue { id }",
        "removeSubIssue": "issue { id }",
        "addBlockedBy": "issue { id }",
        "addComment": "commentEdge { node { id } }",
        "removeBlockedBy": "issue { id }",
        "addProjectV2ItemById": "item { id }",
        "addProjectV2DraftIssue": "projectItem { id }",
        "updateProjectV2DraftIssue": "draftIssue { id }",
        "updateProjectV2ItemFieldValue": "projectV2Item { id }",
        "clearProjectV2ItemFieldValue": "projectV2Item { id }",
        "archiveProjectV2Item": "item { id }",
    }
)
"""Every mutation we use, with what we ask back. Each takes one input, named after it."""


def document(names: Sequence[str]) -> str:
    """Return one document that runs these mutations in order: alias `m0` with variable `$i0`, and so on."""
    heads = ", ".join(f"$i{index}: {name[0].upper()}{name[1:]}Input!" for index, name in enumerate(names))
    lines = "\n".join(f"  m{index}: {name}(input: $i{index}) {{ {INPUTS[name]} }}" for index, name in enumerate(names))
    return f"mutation write({heads}) {{\n{lines}\n}}"
