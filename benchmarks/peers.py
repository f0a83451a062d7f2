"""Whom syncd is compared with: each in a virtual environment of its own, made from its lock file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.measure import CACHE, ROOT, BrokenRunError, Run, Server, run

HERE: Final = Path(__file__).parent / "peers"
FLOOR_VARIABLE: Final = "SYNCD_BENCH_FLOOR"
"""Names `floor.py`, where it is not next to the checkout."""


def floor_script() -> Path | None:
    """Return the physical floor: plain aiohttp, orjson and SQLite. It is no part of this project."""
    named = os.environ.get(FLOOR_VARIABLE)
    places = [Path(named)] if named else [ROOT.parent / "shared" / "bench" / "floor.py"]
    return next((place for place in places if place.is_file()), None)


def python_of(peer: str) -> str:
    """Return the interpreter of *peer*'s environment, made (anew) when its lock file is not the one it was made of."""
    lock, folder = HERE / f"{peer}.txt", CACHE / peer
    made_of = folder / "lock.txt"
    if not made_of.is_file() or made_of.read_text() != lock.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)  # noqa: S603 - our own command line
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        found = subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=False)  # noqa: S603 - same
        if found.returncode != 0:
            raise BrokenRunError(f"{peer} could not be installed from {lock}")
        made_of.write_text(lock.read_text())
    return str(folder / "bin" / "python")


def floor(server: Server, items: int, *, fields: str, mode: str = "serial", in_flight: int = 1) -> Run:
    """Run the floor and check that it read every item."""
    script = floor_script()
    if script is None:
        raise BrokenRunError("there is no floor to compare with")
    options = [f"fields={fields}", f"items={items}", f"parts={in_flight}"]
    return run([python_of("floor"), str(script), server.tools["jira"]["url"], mode, str(in_flight), *options])


def dlt(server: Server, folder: Path, items: int) -> Run:
    """Let dlt's REST source extract every issue, and no more."""
    done = run([python_of("dlt"), str(HERE / "dlt_extract.py"), server.tools["jira"]["url"], str(folder)])
    return _counted(done, items)


def tap(server: Server, folder: Path, items: int) -> Run:
    """Let tap-jira read every issue."""
    jira = server.tools["jira"]
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "start_date": "2000-01-01T00:00:00Z",
        "username": jira["email"],
        "password": jira["token"],
        "base_url": jira["url"],
        "user_agent": "bench",
    }
    (folder / "config.json").write_text(json.dumps(config))
    done = run([python_of("tap"), str(HERE / "tap_issues.py"), jira["url"], str(folder)])
    return _counted(done, items)


def _counted(done: Run, items: int) -> Run:
    last = done.output.rpartition("\n")[2]
    if last != str(items):
        raise BrokenRunError(f"{last} items were read, not {items}")
    return done
