"""A collector of traces: a server of OTLP over HTTP that keeps the spans it receives."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it arrived; ids in hexadecimal, times in nanoseconds."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    started: int
    ended: int
    attributes: dict[str, Any]
    has_failed: bool


class Collector:
    """The spans received so far. `url` is what OTEL_EXPORTER_OTLP_ENDPOINT is to name."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[ReceivedSpan] = []

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["Collector"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        collector = cls(f"http://127.0.0.1:{server.server_port}")
        server.collector = collector  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def named(self, name: str) -> list[ReceivedSpan]:
        """Return the spans of this name, in the order of their beginnings."""
        return sorted((s for s in self.spans if s.name == name), key=lambda span: span.started)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        assert self.headers["Content-Type"] == "application/x-protobuf"
        collector: Collector = self.server.collector  # type: ignore[attr-defined]
        collector.spans += parse_spans(ExportTraceServiceRequest.FromString(body))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


def parse_spans(request: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for resource in request.resource_spans:
        service = values(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield ReceivedSpan(
                    service=service,
                    name=span.name,
                    kind=SentSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    started=span.start_time_unix_nano,
                    ended=span.end_time_unix_nano,
                    attributes=values(span.attributes),
                    has_failed=span.status.code == Status.STATUS_CODE_ERROR,
                )


def values(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 - protobuf's repeated field
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
