"""Tracing of a job: one trace from the upload to the image process and the webhooks.

Spans are exported when the environment names a collector in OpenTelemetry's variables (`OTEL_*`)
and the extra `otel` is installed. Otherwise nothing is recorded, and the trace that a client began
is still propagated (W3C Trace Context, 4).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import structlog

from imagemill.extras import install_command
from imagemill.telemetry.spans import Attributes, Span, SpanKind, SpanRecorder

log = structlog.get_logger()

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class _Tracing:
    recorder: SpanRecorder | None = None


_tracing: Final = _Tracing()
_current: ContextVar[Span | None] = ContextVar("span", default=None)


@contextmanager
def enable_tracing(service: str) -> Iterator[None]:
    """Record spans while the block runs, if the environment names a collector for them."""
    _tracing.recorder = _open_recorder(service)
    try:
        yield
    finally:
        if _tracing.recorder:
            _tracing.recorder.close()
            _tracing.recorder = None


def is_recording() -> bool:
    """Return whether spans are recorded at all."""
    return _tracing.recorder is not None


def current_span() -> Span:
    """Return the innermost active span; without any, one that belongs to no trace."""
    return _current.get() or Span()


@contextmanager
def start_span(
    name: str,
    kind: SpanKind = "internal",
    *,
    parent: str | None = None,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """Run the block in a new active span; an exception that leaves the block marks it as failed.

    `parent` is the traceparent of another process, instead of the active span.
    """
    above = Span(parent) if parent else current_span()
    recorder = _tracing.recorder
    span = recorder.start(name, kind, above, attributes or {}, timedelta(0)) if recorder else above
    token = _current.set(span)
    try:
        yield span
    except BaseException as error:
        span.fail(type(error).__name__)
        raise
    finally:
        _current.reset(token)
        if span is not above:
            span.end()


def record_span(
    name: str, elapsed: timedelta, *, parent: str | None, attributes: Attributes
) -> Span:
    """Record a span that ends now and began `elapsed` ago, below the traceparent `parent`."""
    above = Span(parent)
    if _tracing.recorder is None:
        return above
    span = _tracing.recorder.start(name, "internal", above, attributes, elapsed)
    span.end()
    return span


@contextmanager
def start_webhook_span(url: str, parent: str | None) -> Iterator[Span]:
    """Run one try to deliver a webhook in a span; its `headers` belong into the request.

    `parent` is the traceparent of the job. Path and query of the URL may be secrets and are left
    out.
    """
    parts = urlsplit(url)
    attributes = {
        "http.request.method": "POST",
        "url.scheme": parts.scheme,
        "server.address": parts.hostname or "",
    }
    with start_span("POST webhook", "client", parent=parent, attributes=attributes) as span:
        yield span


def _open_recorder(service: str) -> SpanRecorder | None:
    if not _is_wanted(os.environ):
        return None
    try:
        from imagemill.telemetry.otel import OtelRecorder  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        log.warning("traces.not_recorded", missing=error.name, advice=install_command("otel"))
        return None
    return OtelRecorder.open(service)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    return (
        any(environment.get(name) for name in ENDPOINTS)
        and environment.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"
        and environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "none"
    )
