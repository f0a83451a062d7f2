"""A tool that repeats our credential in its answers makes nobody else repeat it."""

from __future__ import annotations

import base64
import json
import re
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_long_running import syncd
from tests.cli.test_secrets import ask


class Echo(BaseHTTPRequestHandler):
    """Answers with all that it was sent, in every place where a tool puts words."""

    status = 400

    def do_GET(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind, _, credential = self.headers.get("Authorization", "").partition(" ")
        plain = base64.b64decode(credential).decode() if kind == "Basic" else ""
        said = " ".join([*(f"{name}: {value}" for name, value in self.headers.items()), plain, asked])
        told = {"message": said, "errorMessages": [said], "errors": [{"message": said}], "error": said}
        body = json.dumps(told).encode()
        self.send_response(self.status, said.replace("\n", " ")[:200])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815 - the names the server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "status", [400, *(pytest.param(each, marks=pytest.mark.slow) for each in (401, 403, 422, 500))]
)
def test_a_credential_that_a_tool_repeats_is_shown_nowhere(
    cli: Cli, echo: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.agree()
    monkeypatch.setattr(Echo, "status", status)
    main = cli.folder / "syncd.yaml"
    main.write_text(main.read_text().replace(cli.server.url, echo))
    tokens = [path.read_text().strip() for path in (cli.folder / "state").glob("*-token")]
    email = cli.server.sandbox.tools["jira"].credentials()["email"]
    secrets = [*tokens, *(base64.b64encode(f"{email}:{token}".encode()).decode() for token in tokens)]
    told = []
    for command in (["sync"], ["status"], ["status", "--json"], ["plan"], ["verify"], ["check", "--online"]):
        done = cli(*command)
        told += [done.out, done.err]
    with syncd(cli.folder, "run", "-vv", "-c", str(cli.folder)) as daemon:
        inner = daemon.wait_for("Metrics, health").split()[-1].rstrip(".")
        daemon.wait_for("connector_unavailable")
        told += [ask(f"{inner}{path}") for path in ("/metrics", "/readyz", "/healthz")]
        assert daemon.end(signal.SIGTERM) == 0
        told += daemon.lines
    told.append(cli("status").out)
    assert status != 400 or any("Authorization: ***" in line for line in told), "it was to repeat them"
    assert [(secret, line) for line in told for secret in secrets if secret in line] == []
    kept = [path.read_bytes() for path in cli.folder.rglob("*.db*")]
    assert [secret for content in kept for secret in secrets if secret.encode() in content] == []


def test_a_databases_password_is_shown_nowhere(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "canary-of-the-database-4444"
    monkeypatch.setenv("STORE_URL", f"postgresql://ada:{secret}@127.0.0.1:1/plans?sslmode=disable")
    main = cli.folder / "syncd.yaml"
    main.write_text(re.sub(r"^store: .*$", "store: {env: STORE_URL}", main.read_text(), flags=re.MULTILINE))
    told = []
    for command in (["status"], ["sync", "-vv"], ["run", "-vv"], ["store", "check"], ["plan"]):
        done = cli(*command)
        assert done.code != 0
        told += [done.out, done.err]
    assert any("127.0.0.1" in each for each in told), "where it is has to be said"
    assert [each for each in told if secret in each] == []
