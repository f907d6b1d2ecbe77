"""Traces for OpenTelemetry, where its packages are installed; without them nothing.

Which, how to install them, and where traces go: docs/operations.md, "Traces". Each process starts them for itself,
after it has been forked, because what sends them is a thread.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from common.request_ids import RequestNote
from heapadmin.log_lines import hide_secrets

try:
    from opentelemetry import trace
    from opentelemetry.instrumentation.auto_instrumentation import initialize
except ImportError:
    trace = initialize = None

ID = "heapadmin.request_id"
PATHS = ("http.target", "url.path")  # as older and newer conventions call it
WITH_QUERIES = ("http.url", "url.full", "url.query")


def start() -> bool:
    """Start all instrumentations that are installed, unless `opentelemetry-instrument` has. OTEL_… configures them."""
    if trace is None or type(trace.get_tracer_provider()).__name__ != "ProxyTracerProvider":
        return False
    initialize()
    return True


def note_page(note: RequestNote, path: str) -> None:
    """The span of a page gets the request's id, and no link that lets somebody in: those are in paths and queries."""
    if trace is None:
        return
    span = trace.get_current_span()
    if not span.is_recording():
        return
    span.set_attribute(ID, note.id)
    told = getattr(span, "attributes", None) or {}
    for name in set(told) & {*PATHS, *WITH_QUERIES}:
        span.set_attribute(name, hide_secrets(path) if name in PATHS else "")


def job(name: str, request_id: str) -> AbstractContextManager[Any]:
    """A span around a job."""
    if trace is None:
        return nullcontext()
    span: AbstractContextManager[Any] = trace.get_tracer(__name__).start_as_current_span(
        f"job {name}", attributes={ID: request_id}
    )
    return span
