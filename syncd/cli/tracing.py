"""
OpenTelemetry traces, where the environment names somebody to send them to.

Switched on by the variables that every OpenTelemetry program goes by
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, ...); nothing of the library is imported before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Final

from syncd.cli.streams import say

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
LAST_S: Final = 3.0
"""How long the end of a command waits for the last spans to be taken."""


def wanted_by(environ: Mapping[str, str]) -> str | None:
    """Return the variable by which traces are switched on; `None` when they are not."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    return next((name for name in ENDPOINTS if environ.get(name)), None)


@contextmanager
def tracing() -> Iterator[None]:
    """Send the spans of the block to whom the environment names, if it does; say so when that cannot be done."""
    variable = wanted_by(os.environ)
    provider = None if variable is None else _provider(variable)
    if provider is None:
        yield
        return
    from syncd.engine.traces import traced_by

    tracer = provider.get_tracer("syncd")
    try:
        with traced_by(
            lambda name: tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)
        ):
            yield
    finally:
        ending = Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(LAST_S)


def _provider(variable: str) -> TracerProvider | None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        say(
            f"warning: {variable} asks for traces, and OpenTelemetry is not installed; there are none\n"
            f'  fix: pip install "syncd[otel]", or unset {variable}'
        )
        return None
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(
        resource=Resource.create({} if named else {"service.name": "syncd"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
