"""
`python -m tests.mutation [SAMPLE] [SEED]`: break the code in small ways and count how often a test notices.

Runs in an environment of its own (see Makefile), on a copy below `.cache`: mutmut writes every mutant of what
pyproject.toml names, finds out which tests reach which function, and lets those judge it, the quick ones first.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import get_mutant_name

ROOT: Final = Path(__file__).resolve().parents[2]
COPY: Final = ROOT / ".cache" / "mutation" / "copy"
RUN: Final = ("run", "--max-children", "1")
NEEDED: Final = 0.85
"""The least share of mutants that tests must notice."""
Z_95: Final = 1.96
NOTICED: Final = ("killed", "timeout", "segfault")


def main(sample: str = "400", seed: str = "1") -> int:
    """Judge *sample* mutants drawn by *seed*, or `all`; return 1 when too few are noticed."""
    started = time.monotonic()
    shutil.rmtree(COPY, ignore_errors=True)
    for folder in ("syncd", "tests"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", COPY)
    os.chdir(COPY)
    names = mutants()
    drawn = names if sample == "all" else sorted(draw(names, int(sample), int(seed)))
    told = subprocess.run([str(Path(sys.executable).with_name("mutmut")), *RUN, *drawn], check=False)  # noqa: S603 - our own command line
    found = {name: status for name, status in judged().items() if name in set(drawn)}
    if told.returncode != 0 or len(found) < len(drawn):
        print("the run broke off: the tests must pass before mutants are judged", file=sys.stderr)
        return 2
    show([name for name in drawn if found[name] not in NOTICED])
    return tell(Counter(found.values()), len(names), seed, time.monotonic() - started)


def draw(names: Sequence[str], sample: int, seed: int) -> list[str]:
    """Draw without regard to where a mutant is."""
    return random.Random(seed).sample(names, min(sample, len(names)))  # noqa: S311 - not for secrets


def mutants() -> list[str]:
    """Return the names of all mutants there are."""
    patterns = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]["only_mutate"]
    files = sorted({path for pattern in patterns for path in Path().glob(pattern)})
    return [
        get_mutant_name(path, name)
        for path in files
        for name in mutate_file_contents(str(path), path.read_text()).mutant_names
    ]


def judged() -> dict[str, str]:
    """Return what became of each mutant that was judged."""
    found = {}
    for path in Path("mutants").rglob("*.meta"):
        codes = json.loads(path.read_text())["exit_code_by_key"]
        found.update({name: status_by_exit_code[code] for name, code in codes.items() if code is not None})
    return found


def show(names: Sequence[str]) -> None:
    """Print what each of these mutants changes."""
    for name in names:
        path = Path(*name.split(".")[:-1]).with_suffix(".py")
        lines = [line for line in get_diff_for_mutant(name, path=path).splitlines() if line[:1] in "+-"]
        print(f"{name}", *(f"    {line}" for line in lines if line[:3] not in ("+++", "---")), sep="\n")


def tell(found: Counter[str], there_are: int, seed: str, took_s: float) -> int:
    """Print the line of figures; return 1 when too few mutants were noticed."""
    judged_, noticed = found.total(), sum(found[status] for status in NOTICED)
    score = noticed / judged_
    low, high = interval(noticed, judged_)
    drawn = f" (95 % interval {low:.1%} to {high:.1%}; drawn by seed {seed})" if judged_ < there_are else ""
    print(
        f"mutation: {judged_} of {there_are} mutants, {found['killed'] + found['segfault']} killed, "
        f"{judged_ - noticed} survived ({found['no tests']} of them reached by no test), {found['timeout']} timeouts, "
        f"score {score:.1%}{drawn}, needed {NEEDED:.0%}, {took_s:.0f} s"
    )
    return 0 if score >= NEEDED else 1


def interval(noticed: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    share, weight = noticed / of, Z_95**2 / of
    middle = (share + weight / 2) / (1 + weight)
    reach = Z_95 * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return middle - reach, middle + reach


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
