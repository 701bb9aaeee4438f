"""Spans recorded by OpenTelemetry and sent in batches by a thread of their own, over OTLP/HTTP.

Loaded only when traces are wanted. Everything but the service's name is configured as the SDK reads
it from the environment: sampler, resource, limits, headers, time-outs.
"""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Final, Self

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OpenTelemetrySpan

from imagemill.telemetry.traces import TRACEPARENT, Attributes, Kind, Span, Value

log = structlog.get_logger()

KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
}
# How long the end of a process waits for a collector that does not answer.
LAST_EXPORT_SECONDS: Final = 2.0


class RecordedSpan(Span):
    """A span that goes to the collector, if its trace is sampled."""

    def __init__(self, recorded: OpenTelemetrySpan) -> None:
        context = recorded.get_span_context()
        super().__init__(
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        )
        self.recorded = recorded

    def set(self, name: str, value: Value) -> None:
        self.recorded.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self.recorded.update_name(name)

    def fail(self, reason: str) -> None:
        self.recorded.set_attribute("error.type", reason)
        self.recorded.set_status(StatusCode.ERROR)

    def end(self) -> None:
        self.recorded.end()


class OtelRecorder:
    """Makes spans of one service."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("imagemill", version("imagemill"))

    @classmethod
    def open(cls, service: str) -> Self:
        """Begin to export. `service` is its name unless the environment gives another."""
        own = Resource.create({"service.name": service, "service.version": version("imagemill")})
        provider = TracerProvider(
            resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        provider.add_span_processor(BatchSpanProcessor(_Exporter(OTLPSpanExporter())))
        return cls(provider)

    def start(
        self, name: str, kind: Kind, parent: Span, attributes: Attributes, before: timedelta
    ) -> Span:
        """Begin a span, or one that began so long before."""
        above = parent.recorded if isinstance(parent, RecordedSpan) else _remote(parent)
        return RecordedSpan(
            self._tracer.start_span(
                name,
                None if above is None else set_span_in_context(above),
                KINDS[kind],
                attributes,
                start_time=time.time_ns() - before // timedelta(microseconds=1) * 1000,
            )
        )

    def close(self) -> None:
        """Export what is left, for a short while."""
        # In a thread that nobody waits for: the SDK would wait for half a minute.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(LAST_EXPORT_SECONDS)


class _Exporter(SpanExporter):
    """Exports over HTTP, and logs once that the collector is away, and once that it is back."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter = exporter
        self._is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            log.warning("traces.collector_away", instead="spans are dropped")
        elif self._is_away and not is_away:
            log.info("traces.collector_back")
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _remote(parent: Span) -> OpenTelemetrySpan | None:
    """Return the span of another process that a traceparent speaks of."""
    found = TRACEPARENT.match(parent.traceparent or "")
    if found is None:
        return None
    return NonRecordingSpan(
        SpanContext(
            trace_id=int(found["trace"], 16),
            span_id=int(found["span"], 16),
            is_remote=True,
            trace_flags=TraceFlags(int(found["flags"], 16)),
        )
    )
