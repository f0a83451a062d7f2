"""Traces are sent where the environment says, and it is told when they cannot be."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from syncd.cli.tracing import tracing, wanted_by
from syncd.engine.traces import span


class _Collector(BaseHTTPRequestHandler):
    taken: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.taken.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_spans_go_to_the_endpoint_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, bytes]] = []
    handler = type("Handler", (_Collector,), {"taken": taken})
    monkeypatch.setenv("no_proxy", "*")
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        with tracing(), span("cycle", portfolio="platform"):
            pass
        server.shutdown()
    ((path, body),) = taken
    assert path == "/v1/traces"
    assert b"syncd.cycle" in body
    assert b"service.name" in body


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, None),
    ],
)
def test_what_switches_them_on(environ: dict[str, str], wanted: str | None) -> None:
    assert wanted_by(environ) == wanted


def test_without_the_extra_it_is_said_and_all_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with tracing(), span("cycle"):
        pass
    told = capsys.readouterr().err
    assert "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and OpenTelemetry is not installed" in told
    assert 'fix: pip install "syncd[otel]"' in told


def test_switched_off_it_costs_no_import() -> None:
    code = (
        "import sys\nfrom syncd.cli.tracing import tracing\nfrom syncd.engine.traces import span\n"
        "with tracing(), span('cycle'):\n    pass\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout == "[]\n"
