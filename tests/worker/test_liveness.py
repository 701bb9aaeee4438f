"""Whether a worker is healthy, and whether a restart could help."""

import time

import psycopg
import pytest

from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.worker.liveness import FETCHING, LEASES, PROGRESS_TIMEOUT_SECONDS, Liveness


def test_a_loop_that_does_not_run_asks_for_a_restart() -> None:
    liveness = Liveness(loop_ran_at=100, postgres_answered_at=100)
    assert liveness.failure(now=100 + PROGRESS_TIMEOUT_SECONDS) is None
    assert "loop" in str(liveness.failure(101 + PROGRESS_TIMEOUT_SECONDS))


def test_a_silent_postgres_is_told_and_asks_for_no_restart() -> None:
    late = 101 + PROGRESS_TIMEOUT_SECONDS
    liveness = Liveness(loop_ran_at=late, postgres_answered_at=100)
    assert liveness.failure(late) is None
    assert liveness.complaints(late) == ["PostgreSQL has not answered for 61 s."]
    liveness.postgres_answered_at = late
    assert liveness.complaints(late) == []


@pytest.mark.parametrize(
    ("part", "error", "asks"),
    [
        (FETCHING, RuntimeError("a bug"), True),
        (LEASES, RuntimeError("a bug"), True),
        ("janitor", RuntimeError("a bug"), False),
        (FETCHING, psycopg.errors.UndefinedColumn("no column"), False),
        (FETCHING, DatabaseUnavailable("PostgreSQL is read-only"), False),
    ],
)
def test_what_fails_is_told_and_only_our_own_state_asks_for_a_restart(
    part: str,
    error: Exception,
    asks: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    late = time.monotonic() + PROGRESS_TIMEOUT_SECONDS + 1
    liveness = Liveness(loop_ran_at=late, postgres_answered_at=late)
    liveness.note_run(part, error)
    assert liveness.failure(time.monotonic()) is None
    (complaint,) = liveness.complaints(late)
    assert part in complaint
    assert str(error) in complaint
    assert (liveness.failure(late) is not None) == asks
    liveness.note_run(part, None)
    assert liveness.complaints(late) == []
    assert liveness.failure(late) is None
