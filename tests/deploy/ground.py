"""What the image's file system and user are to the daemon: code nobody may change, and one folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

import pytest

from syncd.cli.demo_setup import write_config
from syncd.sandbox.app import Sandbox
from tests.deploy.steps import ROOT, environment

NOBODY: Final = 65534
PATIENCE_S: Final = 90
VERSION: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
LISTEN: Final = 'listen: {hooks: "127.0.0.1:0", admin: "127.0.0.1:0"}\n'


def unprivileged() -> dict[str, Any]:
    """Return how to start a process as nobody; whoever runs the tests without being root is that already."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def python_for_others() -> Path:
    """
    Return a Python that nobody may execute, of the version that runs the tests; skip where there is none.

    One below the home of root is none, and what is compiled for the tests fits no other version.
    """
    names = (f"/usr/local/bin/python{VERSION}", f"/usr/bin/python{VERSION}", "/usr/bin/python3", sys.executable)
    program = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for path in map(Path, names):
        try:
            ran = subprocess.run(  # noqa: S603
                [path, "-I", "-c", program], capture_output=True, text=True, check=False, cwd="/", **unprivileged()
            )
        except OSError:
            continue
        if (ran.returncode, ran.stdout.strip()) == (0, VERSION):
            return path
    pytest.skip(f"no Python {VERSION} with venv that an unprivileged user may execute: none of {', '.join(names)}")


def install_from_here(command: list[str]) -> bool:
    """
    Do the step that installs what is locked without an index: link to the environment the tests run in.

    Only what `requirements.lock` names is linked, so what is not in the lock is missed here as it is in an image.
    Where others may not read that environment, it is copied.
    """
    if "--require-hashes" not in command:
        return False
    made = Path(command[0]).parents[1] / "lib" / f"python{VERSION}" / "site-packages"
    here = sysconfig.get_path("purelib")
    may_read = subprocess.run(["/usr/bin/test", "-x", here], check=False, **unprivileged()).returncode == 0  # noqa: S603
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if found := re.match(r"([\w.-]+)==([^\s;]+)(.*)", line):
            for path in _parts(*found.groups()):
                _put(path, made / path.name, link=may_read)
    return True


def _parts(name: str, version: str, condition: str) -> set[Path]:
    """Return the modules and packages that this line of the lock stands for; none if it is for other machines."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        assert ";" in condition, f"{name} is locked and not installed"
        return set()
    assert found.version == version, f"{name} {version} is locked, {found.version} is installed: make test installs it"
    tops = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}
    return {Path(str(found.locate_file(top))) for top in tops}


def _put(path: Path, target: Path, *, link: bool) -> None:
    if target.exists():  # parts of one name space
        return
    if link:
        target.symlink_to(path)
    elif path.is_dir():
        shutil.copytree(path, target)
    else:
        shutil.copy2(path, target)


class Ground:
    """An image's file system: read-only code and configuration, a state folder, and a user who owns only that."""

    def __init__(self, below: Path, code: Path, sandbox: Sandbox, url: str) -> None:
        self.below, self.code = below, code
        self.config, self.state = below / "config", below / "state"
        self.state.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self.state, NOBODY, NOBODY)
        write_config(self.config, sandbox, url)
        main = self.config / "syncd.yaml"
        text = main.read_text().replace("sqlite:///state/syncd.db", f"sqlite:///{self.state}/syncd.db")
        main.write_text(re.sub(r"(?m)^listen:.*\n", "", text) + LISTEN)
        subprocess.run(["/bin/chmod", "-R", "a+rX,a-w", self.config, code.parent], check=True)  # noqa: S603
        self.env = {
            **environment(),
            "SYNCD_CONFIG": str(self.config),
            "SQLITE_TMPDIR": str(self.state),
            "PATH": f"{code}/bin:/usr/bin:/bin",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start syncd as the image does."""
        return subprocess.Popen(  # noqa: S603
            [self.code / "bin" / "syncd", *arguments],
            cwd=self.state,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **unprivileged(),
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end."""
        process = self.start(*arguments)
        out, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[str]]:
        """Start the image's own command; whatever comes, it is killed in the end, or once it takes too long."""
        with self.start("run", "-v") as process:
            timer = threading.Timer(PATIENCE_S, process.kill)
            timer.start()
            try:
                yield process
            finally:
                timer.cancel()
                process.kill()

    def outside(self) -> list[Path]:
        """Return every file and folder but those of the state."""
        return sorted(path for path in self.below.rglob("*") if not path.is_relative_to(self.state))
