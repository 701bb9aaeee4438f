"""Whether a worker is healthy."""

from imagemill.worker.pulse import PATIENCE_SECONDS, Pulse


def test_a_loop_that_stands_still_or_a_silent_postgres_is_a_complaint() -> None:
    pulse = Pulse(turned_at=100, answered_at=100)
    assert pulse.complaint(now=100 + PATIENCE_SECONDS) is None
    late = 101 + PATIENCE_SECONDS
    assert "loop" in str(pulse.complaint(late))
    pulse.turned_at = late
    assert "PostgreSQL" in str(pulse.complaint(late))
    pulse.answered_at = late
    assert pulse.complaint(late) is None
