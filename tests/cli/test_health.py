"""A container's health check: right by its exit code, and so cheap that it may be asked twice a minute."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from syncd.cli.health import DEFAULTS, own_url
from syncd.settings.listen import Listen

NOWHERE = "http://127.0.0.1:1/healthz"
PROGRAM = """
import sys
from syncd.cli import main
code = main(sys.argv[1:])
print(sorted({"httpx", "pydantic", "sqlalchemy", "structlog", "fastapi", "typer"} & set(sys.modules)))
sys.exit(code)
"""


def ask(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `syncd` with *words* and these variables, and a proxy that is not to be asked."""
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "http_proxy": "http://127.0.0.1:1", "NO_COLOR": "1", **variables},
    )


class _Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def daemon(status: int) -> Iterator[str]:
    """Answer /healthz with *status*."""
    handler = type("Handler", (_Health,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/healthz"
        server.shutdown()


def test_who_is_well_gives_0() -> None:
    with daemon(200) as url:
        ran = ask("health", "--url", url)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "healthy\n[]\n", "")


def test_who_answers_that_it_is_not_gives_1() -> None:
    with daemon(503) as url:
        ran = ask("health", "--url", url)
    assert (ran.returncode, ran.stdout) == (1, "[]\n")
    assert ran.stderr == f"error: {url}: it answered 503\n  fix: look at what syncd run logs, and at syncd status\n"


@pytest.mark.parametrize("url", [NOWHERE, "ftp://127.0.0.1/healthz", "nonsense"])
def test_who_does_not_answer_gives_1(url: str) -> None:
    ran = ask("health", "--url", url)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"error: {url}: no answer (")
    assert "\n  fix: see whether syncd run runs" in ran.stderr


def test_a_variable_names_the_address_too() -> None:
    with daemon(200) as url:
        assert ask("health", SYNCD_HEALTH=url).stdout == "healthy\n[]\n"
    assert NOWHERE in ask("health", SYNCD_HEALTH=NOWHERE).stderr


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (None, "127.0.0.1:8080"),
        ("version: 1\n", "127.0.0.1:8080"),
        ("listen: {hooks: '0.0.0.0:9090', admin: off}\n", "127.0.0.1:9090"),
        (
            'listen:\n  # {hooks: "1.2.3.4:1"}\n\n  admin: 127.0.0.1:1\n  hooks: "[::]:9090"  # outward\nstore: x\n',
            "[::1]:9090",
        ),
        ("listen:\n  hooks: off\n", "127.0.0.1:8081"),
        ("listen: {hooks: off, admin: 10.0.0.1:7}\nportfolios: {hooks: 1.1.1.1:1}\n", "10.0.0.1:7"),
        ("notify:\n  hooks: 1.1.1.1:1\n", "127.0.0.1:8080"),
    ],
)
def test_the_configuration_says_where_to_ask(
    text: str | None, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCD_CONFIG", str(tmp_path))
    if text is not None:
        (tmp_path / "syncd.yaml").write_text(text)
    assert own_url() == f"http://{asked}/healthz"


def test_the_defaults_are_those_of_the_configuration() -> None:
    listen = Listen()
    assert {"hooks": str(listen.hooks), "admin": str(listen.admin)} == DEFAULTS


def test_a_daemon_on_another_port_is_found_by_its_configuration(tmp_path: Path) -> None:
    with daemon(200) as url:
        address = url.removeprefix("http://").removesuffix("/healthz")
        (tmp_path / "syncd.yaml").write_text(f"listen: {{hooks: '{address}'}}\n")
        for words in (["health"], ["health", "--"]):
            assert ask(*words, SYNCD_CONFIG=str(tmp_path), SYNCD_HEALTH="").returncode == 0


def test_however_else_it_is_written_it_says_the_same() -> None:
    """The parser of arguments knows more ways to write it than the short cut does."""
    with daemon(200) as url:
        assert ask("health", f"--url={url}").returncode == 0
    assert ask("health", "--url").returncode == 2
    assert ask("health", "--help").stdout.startswith("Usage: syncd health ")


def test_asking_takes_less_than_a_third_of_a_second_of_work() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times = []
    for _ in range(3):
        before = spent()
        ask("health", "--url", NOWHERE)
        times.append(spent() - before)
    assert min(times) < 0.3
