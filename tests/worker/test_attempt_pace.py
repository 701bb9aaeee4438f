"""How many attempts are expected to end, by the durations of those that did."""

import pytest

from imagemill.worker.attempt_pace import AttemptPace


def test_nothing_is_expected_before_the_first_attempt_has_ended() -> None:
    assert AttemptPace(concurrency=4).expected_within(60, at_most=100) == 0


@pytest.mark.parametrize(
    ("seconds", "at_most", "expected"), [(1, 100, 40), (1, 32, 32), (0.04, 100, 1), (0.01, 100, 0)]
)
def test_as_many_are_expected_as_ended_in_that_time(
    seconds: float, at_most: int, expected: int
) -> None:
    pace = AttemptPace(concurrency=4)
    for _ in range(3):
        pace.note(0.1)
    assert pace.expected_within(seconds, at_most) == expected


def test_one_long_attempt_among_short_ones_moves_the_mean_by_a_tenth() -> None:
    pace = AttemptPace(concurrency=1)
    pace.note(1.0)
    pace.note(11.0)
    assert pace.mean_seconds == pytest.approx(2.0)


def test_attempts_that_took_no_time_are_as_many_as_are_allowed() -> None:
    pace = AttemptPace(concurrency=1)
    pace.note(0.0)
    assert pace.expected_within(0.1, at_most=32) == 32
