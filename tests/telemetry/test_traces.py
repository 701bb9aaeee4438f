"""What is taken for a traceparent, and what is done without any collector."""

from datetime import timedelta

import pytest

from imagemill.telemetry.traces import current, span, told, valid, webhook

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
    with webhook("https", "example.com", TRACEPARENT) as tried:
        assert tried.headers == {"traceparent": TRACEPARENT}
    waited = told("job.wait", timedelta(seconds=1), parent=TRACEPARENT, attributes={})
    assert waited.traceparent == TRACEPARENT
