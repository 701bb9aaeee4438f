"""What follows an attempt, by its outcome and by those before it."""

from datetime import timedelta
from uuid import UUID

import pytest

from imagemill.errors import Unavailable
from imagemill.jobs.job import Claim, ErrorCode, Failed, JobError, JobId
from imagemill.storage.errors import StorageUnavailable
from imagemill.worker.decide import Decision, Release, Retry, decide
from support.jobs import completed

FINAL = (
    ErrorCode.INVALID_IMAGE,
    ErrorCode.UNSUPPORTED_FORMAT,
    ErrorCode.TOO_LARGE,
    ErrorCode.DOES_NOT_FIT,
)
SUSPECT = (ErrorCode.TIMED_OUT, ErrorCode.DECODER_CRASHED, ErrorCode.OUT_OF_MEMORY)
PASSING = (ErrorCode.INTERNAL, ErrorCode.WORKER_LOST)


def claim(attempt: int, previous: ErrorCode | None = None, max_attempts: int = 3) -> Claim:
    return Claim(
        id=JobId(UUID(int=1)),
        fence=attempt,
        attempt=attempt,
        max_attempts=max_attempts,
        input_path="inputs/x",
        pipeline={},
        previous_error=previous,
    )


def decide_on_error(claim: Claim, code: ErrorCode, draw: float = 0.5) -> Decision:
    return decide(claim, JobError(code, "It went wrong."), draw)


def test_a_completed_attempt_completes_its_job() -> None:
    result = completed(claim(3, ErrorCode.INTERNAL))
    assert decide(result.claim, result, draw=0.5) == result


@pytest.mark.parametrize("error", [StorageUnavailable("It is full."), Unavailable("It is full.")])
@pytest.mark.parametrize("attempt", [1, 3])
def test_an_attempt_that_met_an_unavailable_service_is_released_even_if_it_was_the_last(
    error: Unavailable, attempt: int
) -> None:
    released = Release(claim(attempt), "It is full.", timedelta(seconds=5))
    assert decide(claim(attempt), error, draw=0.9) == released


@pytest.mark.parametrize(
    ("code", "attempt", "previous", "is_final"),
    [
        *((code, 1, None, True) for code in FINAL),
        *((code, 1, None, False) for code in (*SUSPECT, *PASSING)),
        *((code, 2, previous, True) for code in SUSPECT for previous in SUSPECT),
        *((code, 2, previous, False) for code in SUSPECT for previous in PASSING),
        *((code, 2, previous, False) for code in PASSING for previous in (*SUSPECT, *PASSING)),
        *((code, 3, previous, True) for code in ErrorCode for previous in PASSING),
    ],
)
def test_a_failed_attempt_fails_its_job_or_is_followed_by_another(
    code: ErrorCode, attempt: int, previous: ErrorCode | None, *, is_final: bool
) -> None:
    failed = claim(attempt, previous)
    error = JobError(code, "It went wrong.")
    delay = timedelta(seconds=2**attempt)
    decision = decide(failed, error, draw=0.5)
    assert decision == (Failed(failed, error) if is_final else Retry(failed, error, delay))


@pytest.mark.parametrize("code", ErrorCode)
def test_no_error_exceeds_the_number_of_attempts(code: ErrorCode) -> None:
    only = claim(1, max_attempts=1)
    assert decide_on_error(only, code) == Failed(only, JobError(code, "It went wrong."))


@pytest.mark.parametrize(
    ("attempt", "draw", "seconds"),
    [(1, 0.0, 1), (1, 0.5, 2), (2, 0.5, 4), (2, 0.75, 5), (5, 0.5, 32), (6, 0.5, 60), (99, 0, 30)],
)
def test_the_delay_doubles_up_to_a_minute_times_a_random_half_to_one_and_a_half(
    attempt: int, draw: float, seconds: float
) -> None:
    decision = decide_on_error(claim(attempt, max_attempts=100), ErrorCode.INTERNAL, draw)
    assert isinstance(decision, Retry)
    assert decision.delay == timedelta(seconds=seconds)
