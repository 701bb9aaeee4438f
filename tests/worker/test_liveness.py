"""Whether a worker is healthy."""

from imagemill.worker.liveness import PROGRESS_TIMEOUT_SECONDS, Liveness


def test_a_loop_that_does_not_run_or_a_silent_postgres_is_a_failure() -> None:
    liveness = Liveness(loop_ran_at=100, postgres_answered_at=100)
    assert liveness.failure(now=100 + PROGRESS_TIMEOUT_SECONDS) is None
    late = 101 + PROGRESS_TIMEOUT_SECONDS
    assert "loop" in str(liveness.failure(late))
    liveness.loop_ran_at = late
    assert "PostgreSQL" in str(liveness.failure(late))
    liveness.postgres_answered_at = late
    assert liveness.failure(late) is None
