"""What is taken for a traceparent, and what is done without any collector."""

from datetime import timedelta

import pytest

from imagemill.telemetry.traces import current, span, told, tracing, valid, webhook
from support.collector import Collector

RECEIVER = "https://example.com:8443/secret"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("given", "taken"),
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
def test_a_traceparent_is_taken_as_w3c_trace_context_says(
    given: str | None, taken: str | None
) -> None:
    assert valid(given) == taken


def test_without_a_collector_a_trace_is_handed_on_and_none_begun() -> None:
    assert current().headers == {}
    with span("request", "server", parent=TRACEPARENT), span("inner") as inner:
        assert inner.headers == {"traceparent": TRACEPARENT}
        assert current() is inner
    with span("alone") as alone:
        assert alone.headers == {}
    with webhook(RECEIVER, TRACEPARENT) as tried:
        assert tried.headers == {"traceparent": TRACEPARENT}
    waited = told("job.wait", timedelta(seconds=1), parent=TRACEPARENT, attributes={})
    assert waited.traceparent == TRACEPARENT


def test_a_webhook_is_a_span_of_its_jobs_trace_and_tells_its_receiver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Collector.running() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with tracing("imagemill-worker"), webhook(RECEIVER, TRACEPARENT) as tried:
            headers = tried.headers
            tried.set("http.response.status_code", 503)
            tried.fail("503")
    (sent,) = collector.spans
    assert (sent.name, sent.kind, sent.has_failed) == ("POST webhook", "CLIENT", True)
    assert f"00-{sent.trace_id}-{sent.parent_id}-01" == TRACEPARENT
    assert valid(headers["traceparent"]) == headers["traceparent"]
    assert headers["traceparent"].split("-")[1:3] == [sent.trace_id, sent.span_id]
    assert sent.attributes["server.address"] == "example.com"
    assert "secret" not in str(sent.attributes)
    assert sent.attributes["error.type"] == "503"


def test_a_trace_that_began_long_ago_tells_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector.running() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with tracing("imagemill-worker"):
            told("job.wait", timedelta(hours=1), parent=None, attributes={})
    (sent,) = collector.spans
    assert 3600 <= (sent.ended - sent.started) / 1e9 < 3660
    assert sent.parent_id == ""
