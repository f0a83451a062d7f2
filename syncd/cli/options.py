"""The options that commands share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from syncd.cli.folder import DEFAULT_FOLDER, FOLDER_VARIABLE

Folder: TypeAlias = Annotated[
    Path, typer.Option("--config", "-c", envvar=FOLDER_VARIABLE, metavar="DIR", help="The configuration folder.")
]
PortfolioName: TypeAlias = Annotated[
    str | None, typer.Option("--portfolio", "-p", metavar="NAME", help="Which portfolio, where there are several.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the same facts as one JSON object.")]
Verbose: TypeAlias = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, show_default=False, help="Log more: -v what changed, -vv requests."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every command was told."""

    folder: Path = DEFAULT_FOLDER
    portfolio: str | None = None
    json: bool = False
    verbose: int = 0

    def command(self, text: str) -> str:
        """Return a syncd command as it has to be typed to mean this configuration and portfolio."""
        folder = ""
        if self.folder != Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER):
            folder = f" -c {self.folder}"
        return f"syncd {text}{folder}{f' -p {self.portfolio}' if self.portfolio else ''}"
