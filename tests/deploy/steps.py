"""The Dockerfile's own steps, carried out below another root."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


@dataclass(frozen=True)
class Step:
    """One instruction: its name and what stands behind it."""

    name: str
    text: str


def stages() -> list[list[Step]]:
    """Return the steps of each stage; the first of each is its FROM."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    found: list[list[Step]] = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found += [[]] if name == "FROM" else []
            found[-1].append(Step(name, rest.strip()))
    return found


def environment() -> dict[str, str]:
    """Return what the last stage sets, but for PATH."""
    pairs = (pair.split("=", 1) for step in stages()[-1] if step.name == "ENV" for pair in shlex.split(step.text))
    return {name: value for name, value in pairs if name != "PATH"}


def build(below: Path, python: Path, instead: Callable[[list[str]], bool] = lambda _: False) -> Path:
    """
    Carry out the first stage with *below* as its root, and return the folder it makes.

    *python* stands for the image's; *instead* may do a command itself: then it returns true.
    """
    here = below
    for step in stages()[0][1:]:
        match step.name:
            case "WORKDIR":
                here = below / step.text.strip("/")
                here.mkdir(parents=True)
            case "COPY":
                *names, target = step.text.split()
                _copy(names, here / target)
            case "RUN":
                command = list(_words(step.text, below, python))
                if not instead(command):
                    subprocess.run(command, cwd=here, check=True, capture_output=True, env=_clean())  # noqa: S603
            case "ENV":
                pass
            case other:
                raise AssertionError(f"the test does not know {other}")
    return below / "opt" / "syncd"


def _words(text: str, below: Path, python: Path) -> Iterator[str]:
    assert not set(text) & set("&|;$<>"), "a step of the first stage is one plain command"
    for word in shlex.split(text):
        yield str(python) if word == "python" else f"{below}{word}" if word.startswith("/opt/") else word


def _copy(names: list[str], target: Path) -> None:
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "VIRTUAL"))}
