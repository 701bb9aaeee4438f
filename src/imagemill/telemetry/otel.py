"""SpanRecorder for OpenTelemetry: a background thread exports spans in batches over OTLP/HTTP.

Imported only when tracing is enabled. The SDK reads its configuration from the environment
(sampler, resource, limits, headers, time-outs); only the service's name has a default of ours.
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
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind as OtelSpanKind

from imagemill.telemetry.spans import TRACEPARENT, Attributes, AttributeValue, Span, SpanKind

log = structlog.get_logger()

KINDS: Final = {
    "internal": OtelSpanKind.INTERNAL,
    "server": OtelSpanKind.SERVER,
    "client": OtelSpanKind.CLIENT,
}
# How long a process waits at its end for a collector that does not answer.
CLOSE_TIMEOUT_SECONDS: Final = 2.0


class RecordedSpan(Span):
    """A span that is exported to the collector, if its trace is sampled."""

    def __init__(self, recorded: OtelSpan) -> None:
        context = recorded.get_span_context()
        super().__init__(
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        )
        self.recorded = recorded

    def set_attribute(self, name: str, value: AttributeValue) -> None:
        self.recorded.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self.recorded.update_name(name)

    def fail(self, reason: str) -> None:
        self.recorded.set_attribute("error.type", reason)
        self.recorded.set_status(StatusCode.ERROR)

    def end(self) -> None:
        self.recorded.end()


class OtelRecorder:
    """Starts and exports the spans of one service."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("imagemill", version("imagemill"))

    @classmethod
    def open(cls, service: str) -> Self:
        """Start to export. `service` is its name unless the environment sets OTEL_SERVICE_NAME."""
        own = Resource.create({"service.name": service, "service.version": version("imagemill")})
        provider = TracerProvider(
            resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        provider.add_span_processor(BatchSpanProcessor(_Exporter(OTLPSpanExporter())))
        return cls(provider)

    def start(
        self,
        name: str,
        kind: SpanKind,
        parent: Span,
        attributes: Attributes,
        elapsed: timedelta,
    ) -> Span:
        """Start a span that began `elapsed` ago."""
        above = parent.recorded if isinstance(parent, RecordedSpan) else _remote_span(parent)
        return RecordedSpan(
            self._tracer.start_span(
                name,
                None if above is None else set_span_in_context(above),
                KINDS[kind],
                attributes,
                start_time=time.time_ns() - elapsed // timedelta(microseconds=1) * 1000,
            )
        )

    def close(self) -> None:
        """Export the remaining spans, within CLOSE_TIMEOUT_SECONDS."""
        # In a thread that may be abandoned: the SDK itself would wait for half a minute.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT_SECONDS)


class _Exporter(SpanExporter):
    """Logs once when the collector becomes unavailable and once when it is available again."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter = exporter
        self._is_unavailable = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        is_unavailable = result is not SpanExportResult.SUCCESS
        if is_unavailable and not self._is_unavailable:
            log.warning("traces.collector_unavailable", instead="spans are dropped")
        elif self._is_unavailable and not is_unavailable:
            log.info("traces.collector_available")
        self._is_unavailable = is_unavailable
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _remote_span(parent: Span) -> OtelSpan | None:
    """Return the span of another process that the traceparent names."""
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
