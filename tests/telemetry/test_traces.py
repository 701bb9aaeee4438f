"""Which traceparents are valid, and what happens without a collector."""

from datetime import timedelta

import pytest

from imagemill.telemetry.spans import normalize_traceparent
from imagemill.telemetry.traces import (
    current_span,
    enable_tracing,
    record_span,
    start_span,
    start_webhook_span,
)
from support.collector import Collector

RECEIVER = "https://example.com:8443/secret"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("header", "normalized"),
    [
        (TRACEPARENT, TRACEPARENT),
        (TRACEPARENT.replace("00-", "cc-", 1), TRACEPARENT),
        (TRACEPARENT.replace("00-", "cc-", 1) + "-of-the-future", TRACEPARENT),
        (TRACEPARENT + "-more", None),
        (TRACEPARENT.replace("00-", "cc-", 1) + "more", None),
        (TRACEPARENT.replace("00-", "ff-", 1), None),
        (TRACEPARENT.upper(), None),
        (TRACEPARENT[:-1], None),
        ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01", None),
        ("", None),
        (None, None),
    ],
)
def test_a_traceparent_is_parsed_as_w3c_trace_context_says(
    header: str | None, normalized: str | None
) -> None:
    assert normalize_traceparent(header) == normalized


def test_without_a_collector_a_trace_is_propagated_and_none_is_started() -> None:
    assert current_span().headers == {}
    with start_span("request", "server", parent=TRACEPARENT), start_span("inner") as inner:
        assert inner.headers == {"traceparent": TRACEPARENT}
        assert current_span() is inner
    with start_span("alone") as alone:
        assert alone.headers == {}
    with start_webhook_span(RECEIVER, TRACEPARENT) as span:
        assert span.headers == {"traceparent": TRACEPARENT}
    wait = record_span("job.wait", timedelta(seconds=1), parent=TRACEPARENT, attributes={})
    assert wait.traceparent == TRACEPARENT


@pytest.fixture
def patient_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what ends wait for its collector for longer than a machine may stall."""
    monkeypatch.setattr("imagemill.telemetry.otel.CLOSE_TIMEOUT_SECONDS", 30)


@pytest.mark.usefixtures("patient_close")
def test_a_webhook_is_a_span_of_its_jobs_trace_and_propagates_it_to_the_receiver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Collector.running() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with enable_tracing("imagemill-worker"), start_webhook_span(RECEIVER, TRACEPARENT) as span:
            headers = span.headers
            span.set_attribute("http.response.status_code", 503)
            span.fail("503")
    (sent,) = collector.spans
    assert (sent.name, sent.kind, sent.has_failed) == ("POST webhook", "CLIENT", True)
    assert f"00-{sent.trace_id}-{sent.parent_id}-01" == TRACEPARENT
    assert normalize_traceparent(headers["traceparent"]) == headers["traceparent"]
    assert headers["traceparent"].split("-")[1:3] == [sent.trace_id, sent.span_id]
    assert sent.attributes["server.address"] == "example.com"
    assert "secret" not in str(sent.attributes)
    assert sent.attributes["error.type"] == "503"


@pytest.mark.usefixtures("patient_close")
def test_a_recorded_span_starts_as_long_ago_as_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector.running() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with enable_tracing("imagemill-worker"):
            record_span("job.wait", timedelta(hours=1), parent=None, attributes={})
    (sent,) = collector.spans
    assert 3600 <= (sent.ended - sent.started) / 1e9 < 3660
    assert sent.parent_id == ""
