"""The configuration `syncd init` writes: every setting a newcomer needs, with a line on each."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

FILES: Final = ("syncd.yaml", "mappings/platform.yaml", "people.csv")

VARIABLES: Final = ("JIRA_TOKEN", "GITHUB_TOKEN")
"""The environment variables its secrets are read from."""


def starter() -> Mapping[str, str]:
    """Return the text of each file, by its path in the configuration folder."""
    folder = files(__name__)
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILES}
