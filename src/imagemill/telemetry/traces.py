"""Traces: one from a job's upload through its wait to the image process and the webhook.

They go to a collector where the environment names one, as OpenTelemetry has it (`OTEL_*`), and
need the extra `otel`. Without them nothing is recorded and next to nothing is done; a trace that a
client began is handed on all the same (W3C Trace Context, 4).
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

import structlog

log = structlog.get_logger()

Kind = Literal["internal", "server", "client"]
Value = str | int | float | bool
Attributes = Mapping[str, Value]

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

# Later versions may add fields behind these four (W3C Trace Context, 3.2.4).
TRACEPARENT: Final = re.compile(
    r"(?:00|(?!ff)[0-9a-f]{2}(?=.{53}(?:-|$)))"
    r"-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)


class Span:
    """A piece of work that a trace tells of. This one is not told, only handed on.

    `traceparent` is what work below it is given, here or in another process.
    """

    def __init__(self, traceparent: str | None = None) -> None:
        self.traceparent = traceparent

    @property
    def headers(self) -> dict[str, str]:
        """What a request that is sent on behalf of this work carries."""
        return {"traceparent": self.traceparent} if self.traceparent else {}

    def set(self, name: str, value: Value) -> None:
        """Note something that was learned on the way."""

    def rename(self, name: str) -> None:
        """Call it something better than at its beginning."""

    def fail(self, reason: str) -> None:
        """Note that it came to a bad end; the reason is a code, not a sentence."""

    def end(self) -> None:
        """Let it be over."""


class SpanRecorder(Protocol):
    """Makes spans that are recorded: telemetry/otel.py has the one there is."""

    def start(
        self, name: str, kind: Kind, parent: Span, attributes: Attributes, before: timedelta
    ) -> Span: ...

    def close(self) -> None: ...


class _Traces:
    recorder: SpanRecorder | None = None


_traces: Final = _Traces()
_current: ContextVar[Span | None] = ContextVar("span", default=None)


@contextmanager
def tracing(service: str) -> Iterator[None]:
    """Record spans while the block runs, if the environment names a collector for them."""
    _traces.recorder = _recorder(service)
    try:
        yield
    finally:
        if _traces.recorder:
            _traces.recorder.close()
            _traces.recorder = None


def current() -> Span:
    """Return the innermost span that is under way here; without any, one of no trace."""
    return _current.get() or Span()


@contextmanager
def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: str | None = None,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """Tell of the work in the block; whatever it raises is its failure.

    `parent` is a traceparent from elsewhere, instead of the span that is under way here.
    """
    above = Span(parent) if parent else current()
    recorder = _traces.recorder
    made = recorder.start(name, kind, above, attributes or {}, timedelta(0)) if recorder else above
    token = _current.set(made)
    try:
        yield made
    except BaseException as error:
        made.fail(type(error).__name__)
        raise
    finally:
        _current.reset(token)
        if made is not above:
            made.end()


def told(name: str, lasted: timedelta, *, parent: str | None, attributes: Attributes) -> Span:
    """Tell of something that ends this moment and began so long before."""
    above = Span(parent)
    if _traces.recorder is None:
        return above
    made = _traces.recorder.start(name, "internal", above, attributes, lasted)
    made.end()
    return made


@contextmanager
def webhook(url: str, parent: str | None) -> Iterator[Span]:
    """Tell of one try to deliver a webhook; its `headers` go into the request.

    `parent` is the traceparent of the job. Path and query of the URL may be secrets: left out.
    """
    parts = urlsplit(url)
    attributes = {
        "http.request.method": "POST",
        "url.scheme": parts.scheme,
        "server.address": parts.hostname or "",
    }
    with span("POST webhook", "client", parent=parent, attributes=attributes) as tried:
        yield tried


def valid(traceparent: str | None) -> str | None:
    """Return the header as version 00 writes it, or None if it is no traceparent."""
    found = TRACEPARENT.match(traceparent or "")
    if found is None or (found.string.startswith("00") and found.end() != len(found.string)):
        return None
    return "00-{trace}-{span}-{flags}".format(**found.groupdict())


def _recorder(service: str) -> SpanRecorder | None:
    if not _is_wanted(os.environ):
        return None
    try:
        from imagemill.telemetry.otel import OtelRecorder  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        advice = "pip install 'imagemill[otel]'"
        log.warning("traces.not_recorded", missing=error.name, advice=advice)
        return None
    return OtelRecorder.open(service)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    return (
        any(environment.get(name) for name in ENDPOINTS)
        and environment.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"
        and environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "none"
    )
