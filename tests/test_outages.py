"""One log line when a server goes away, and one when it is back."""

import pytest
import structlog

from imagemill import outages
from imagemill.outages import Outage

UNAVAILABLE, AVAILABLE = "disk.unavailable", "disk.available"


@pytest.fixture
def outage() -> Outage:
    return Outage(UNAVAILABLE, AVAILABLE)


def test_many_failures_are_one_line(outage: Outage) -> None:
    with structlog.testing.capture_logs() as logged:
        outage.note_failure("It is full.")
        outage.note_failure("It is gone.")
    assert logged == [{"event": UNAVAILABLE, "log_level": "warning", "reason": "It is full."}]


def test_a_refusal_after_other_failures_is_a_line_of_its_own(outage: Outage) -> None:
    with structlog.testing.capture_logs() as logged:
        outage.note_failure("It does not answer.")
        outage.note_failure("The password is wrong.", is_refusal=True)
        outage.note_failure("The password is wrong.", is_refusal=True)
    assert [line["reason"] for line in logged] == ["It does not answer.", "The password is wrong."]


def test_a_success_at_the_same_time_as_a_failure_ends_nothing(outage: Outage) -> None:
    with structlog.testing.capture_logs() as logged:
        outage.note_failure("It is full.")
        outage.note_success()
        outage.note_failure("It is full.")
    assert [line["event"] for line in logged] == [UNAVAILABLE]


def test_a_success_after_a_while_ends_the_outage_once(
    outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "QUIET_SECONDS", 0)
    with structlog.testing.capture_logs() as logged:
        outage.note_failure("It is full.")
        outage.note_success()
        outage.note_success()
        outage.note_failure("It is full.")
    assert [line["event"] for line in logged] == [UNAVAILABLE, AVAILABLE, UNAVAILABLE]


def test_a_server_without_an_outage_is_not_spoken_of(outage: Outage) -> None:
    with structlog.testing.capture_logs() as logged:
        outage.note_success()
        outage.note_failure("It is full.")
        outage.forget()
        outage.note_success()
    assert [line["event"] for line in logged] == [UNAVAILABLE]
