"""Whether a worker is healthy."""

from imagemill.worker.liveness import PATIENCE_SECONDS, Liveness


def test_a_loop_that_stands_still_or_a_silent_postgres_is_a_complaint() -> None:
    liveness = Liveness(turned_at=100, answered_at=100)
    assert liveness.complaint(now=100 + PATIENCE_SECONDS) is None
    late = 101 + PATIENCE_SECONDS
    assert "loop" in str(liveness.complaint(late))
    liveness.turned_at = late
    assert "PostgreSQL" in str(liveness.complaint(late))
    liveness.answered_at = late
    assert liveness.complaint(late) is None
