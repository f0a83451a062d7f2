"""Canaries: a daemon that is asked, lied to and failed at its most talkative shows no secret anywhere."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping

import pytest
import structlog
from pydantic import SecretStr

from syncd.cli import main
from syncd.cli.logs import _secrets, configure_logs, never_show
from tests.cli.conftest import Cli
from tests.cli.test_long_running import syncd

CANARIES = {
    "CANARY_HOOK": "canary-of-the-webhook-secret-1",
    "CANARY_PATH": "canary-of-the-secret-path-22",
    "CANARY_API": "canary-of-the-api-token-333",
    "CANARY_MAIL": "canary-of-the-mail-password-4",
}


def ask(url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> str:
    """Return status and body of an answer, and its headers."""
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return f"{answer.status} {answer.headers} {answer.read().decode()}"
    except urllib.error.HTTPError as exc:
        with exc:
            return f"{exc.code} {exc.headers} {exc.read().decode()}"


def test_a_daemon_shows_no_secret_in_logs_answers_metrics_or_store(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    main = cli.folder / "syncd.yaml"
    text = main.read_text()
    text = re.sub(r"(  jira-pmo:\n)", r"\1    webhook: {token: {env: CANARY_PATH}}\n", text, count=1)
    text = re.sub(r"(  github-eng:\n)", r"\1    webhook: {secret: {env: CANARY_HOOK}}\n", text, count=1)
    text = text.replace("admin: 127.0.0.1:0}", "admin: 127.0.0.1:0, token: {env: CANARY_API}}")
    main.write_text(text)
    secrets = [*CANARIES.values(), *(path.read_text().strip() for path in (cli.folder / "state").glob("*-token"))]
    assert len(secrets) == 6
    cli.agree()
    told = []
    with syncd(cli.folder, "run", "-vv", "-c", str(cli.folder)) as daemon:
        inner = daemon.wait_for("Metrics, health").split()[-1].rstrip(".")
        outer = daemon.wait_for("Webhooks are taken at").split()[-1].removesuffix("/hooks/CONNECTION.")
        told.append(ask(f"{outer}/hooks/jira-pmo/{CANARIES['CANARY_PATH']}", body=b"no json"))
        told.append(ask(f"{outer}/hooks/jira-pmo/{CANARIES['CANARY_PATH']}/", body=b"{}"))
        told.append(ask(f"{outer}/hooks/github-eng", body=b"{}", headers={"X-Hub-Signature-256": "sha256=00"}))
        assert [each[:3] for each in told] == ["400", "404", "401"]
        daemon.wait_for("cycle_finished")
        bearer = {"Authorization": f"Bearer {CANARIES['CANARY_API']}"}
        cli.server.sandbox.faults.add("github:401")
        told += [
            ask(f"{inner}/api/sync/platform", body=b"", headers=bearer),
            ask(f"{inner}/api/status", headers=bearer),
        ]
        daemon.wait_for("connector_unavailable")
        told += [ask(f"{inner}{path}") for path in ("/metrics", "/readyz", "/healthz", "/api/status")]
        assert [each[:3] for each in told[-6:]] == ["202", "200", "200", "503", "200", "401"]
        told += [cli("status", "--json").out, cli("status").out]
        assert daemon.end(signal.SIGTERM) == 0
        told += daemon.lines
    cli.server.sandbox.faults.clear()
    assert any('"webhook' in line or "webhook_" in line for line in daemon.lines)
    asked = [json.loads(line) for line in daemon.lines if "request_answered" in line]
    assert any(line.get("run") and line.get("portfolio") == "platform" for line in asked)
    assert [(secret, line) for line in told for secret in secrets if secret in line] == []
    kept = [path.read_bytes() for path in cli.folder.rglob("*.db*")]
    assert kept
    assert [secret for content in kept for secret in secrets if secret.encode() in content] == []


def test_a_traceback_that_was_asked_for_shows_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = CANARIES["CANARY_MAIL"]

    def fail(_file: object) -> None:
        raise ValueError(f"no such address: https://ada:{secret}@mail.acme.example")

    monkeypatch.setattr("syncd.cli.setup.print_schema", fail)
    monkeypatch.setenv("SYNCD_DEBUG", "1")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    never_show([secret])
    try:
        with pytest.raises(ValueError, match="no such address") as caught:
            main(["config", "schema"])
        sys.excepthook(caught.type, caught.value, caught.tb)
    finally:
        _secrets.discard(secret)
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "no such address: https://ada:***@" in told
    assert secret not in told


def test_a_secret_is_hidden_whatever_it_is_part_of(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    secret = CANARIES["CANARY_MAIL"]
    try:
        configure_logs(2)
        never_show([secret, "ab"])
        log = structlog.get_logger()
        try:
            int(f"535 bad password {secret}")
        except ValueError as exc:
            log.exception("mail_refused", reason=str(exc), answer={"said": [f"no {secret}"]}, error=exc, ab="absent")
        assert logging.lastResort is not None
        record = logging.makeLogRecord({"msg": f"Task exception was never retrieved: {secret}"})
        assert logging.lastResort.format(record) == "Task exception was never retrieved: ***"
        log.warning("typed", password="canary-plain", value=SecretStr(secret))
        told = capsys.readouterr().err
    finally:
        structlog.configure(**before)
        _secrets.discard(secret)
    assert "canary" not in told
    lines = [json.loads(line) for line in told.splitlines()]
    assert "535 bad password ***" in lines[0]["reason"]
    assert "535 bad password ***" in lines[0]["exception"]
    assert lines[0]["ab"] == "absent", "what is too short to be a secret is no secret"
