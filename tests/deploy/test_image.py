"""
The Dockerfile's steps, carried out in a clean folder, and what they make: run as an unprivileged user.

No container engine is needed. What an engine adds is not shown here: the base image, the user's number, the mounts.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from syncd.sandbox.serve import background
from tests.deploy.ground import PATIENCE_S, Ground, install_from_here, python_for_others
from tests.deploy.steps import build

GRACE_S = 15
"""What compose.yaml and syncd.service give it to end in."""


@pytest.fixture
def clean() -> Iterator[Path]:
    """Lend a folder that others may enter, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="syncd-deploy-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["/bin/chmod", "-R", "u+w", folder], check=False)  # noqa: S603
    shutil.rmtree(folder)


def _try_out(below: Path, code: Path) -> None:
    with background(["jira", "github"], items=6) as server:
        ground = Ground(below, code, server.sandbox, server.url)
        before = ground.outside()
        for words, codes in (("check", [0]), ("plan", [0, 3]), ("store check", [0])):
            ran = ground.run(*words.split())
            assert ran[0] in codes, ran[1]
        _try_the_daemon(ground)
        assert ground.outside() == before, "something was written outside the state"
        assert (ground.state / "syncd.db").is_file()


def _try_the_daemon(ground: Ground) -> None:
    with ground.daemon() as daemon:
        assert daemon.stdout is not None
        lines: list[str] = []
        while not ((url := _url(lines)) and any("cycle_finished" in line for line in lines)):
            lines.append(daemon.stdout.readline())
            assert lines[-1], "".join(lines)
        with urlopen(f"{url}/healthz", timeout=PATIENCE_S) as answer:  # noqa: S310 - our own
            assert answer.status == 200
        assert ground.run("health", "--url", f"{url}/healthz") == (0, "healthy\n")

        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        lines += daemon.stdout
        assert daemon.wait(PATIENCE_S) == 0, "".join(lines)
    assert time.monotonic() - began < GRACE_S
    assert any("Stopped in order" in line for line in lines), "".join(lines)
    assert not [line for line in lines if "Traceback" in line]


def _url(lines: list[str]) -> str | None:
    found = re.search(r"Webhooks are taken at (http://\S+?)/hooks", "".join(lines))
    return found and found[1]


def test_the_steps_of_the_image_make_a_syncd_that_runs_unprivileged_from_read_only_code(clean: Path) -> None:
    """Without an index: what is locked is copied from where the tests run; all other steps are the Dockerfile's."""
    _try_out(clean, build(clean, python_for_others(), install_from_here))


@pytest.mark.slow
def test_so_do_the_steps_with_every_dependency_fetched_by_its_hash(clean: Path) -> None:
    _try_out(clean, build(clean, python_for_others()))
