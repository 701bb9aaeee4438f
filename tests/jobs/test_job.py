from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from imagemill.jobs.job import (
    NEVER_RETRIED,
    RETRIED_ONCE,
    Claim,
    ErrorCode,
    JobId,
    backoff,
    is_final,
)


def claim(attempt: int, previous: ErrorCode | None = None, max_attempts: int = 3) -> Claim:
    return Claim(
        id=JobId(uuid4()),
        fence=attempt,
        attempt=attempt,
        max_attempts=max_attempts,
        input_path="inputs/x",
        pipeline={},
        previous_error=previous,
    )


@pytest.mark.parametrize("code", sorted(NEVER_RETRIED))
def test_an_invalid_image_is_not_retried(code: ErrorCode) -> None:
    assert is_final(claim(1), code)


@pytest.mark.parametrize("code", sorted(RETRIED_ONCE))
def test_a_job_whose_process_failed_is_retried_once(code: ErrorCode) -> None:
    assert not is_final(claim(1), code)


@pytest.mark.parametrize(
    ("code", "previous"), list(product(sorted(RETRIED_ONCE), sorted(RETRIED_ONCE)))
)
def test_the_second_failure_of_its_process_is_final(code: ErrorCode, previous: ErrorCode) -> None:
    assert is_final(claim(2, previous), code)


def test_a_crash_after_a_lost_worker_is_retried_once() -> None:
    assert not is_final(claim(2, ErrorCode.WORKER_LOST), ErrorCode.DECODER_CRASHED)


@pytest.mark.parametrize("code", [ErrorCode.WORKER_LOST, ErrorCode.INTERNAL])
def test_other_errors_are_retried_until_the_attempts_are_used_up(code: ErrorCode) -> None:
    assert [is_final(claim(attempt, code), code) for attempt in (1, 2, 3)] == [False, False, True]


@pytest.mark.parametrize("code", list(ErrorCode))
def test_no_code_exceeds_the_maximum_of_attempts(code: ErrorCode) -> None:
    assert is_final(claim(1, max_attempts=1), code)


@pytest.mark.parametrize(
    ("attempt", "draw", "seconds"),
    [(1, 0.0, 1), (1, 0.5, 2), (2, 0.5, 4), (5, 0.5, 32), (6, 0.5, 60), (5000, 0.0, 30)],
)
def test_the_backoff_doubles_up_to_a_minute_with_jitter_of_half(
    attempt: int, draw: float, seconds: float
) -> None:
    assert backoff(attempt, draw) == timedelta(seconds=seconds)


def test_only_a_retried_job_needs_isolation() -> None:
    assert [claim(attempt).needs_isolation for attempt in (1, 2, 3)] == [False, True, True]
