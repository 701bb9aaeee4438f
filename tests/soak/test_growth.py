"""What counts as growth: a rise that goes on, and not a peak, a step or a tremble."""

import random

import pytest

from soak.growth import Resource, Trend

DESCRIPTORS = Resource("descriptors", tolerance=6)


def trend(values: list[float]) -> Trend:
    return Trend.of(DESCRIPTORS, values, jobs=300)


@pytest.mark.parametrize("every", [5, 20])
def test_what_is_never_given_back_grows(every: int) -> None:
    assert trend([20 + job // every + job % 3 for job in range(300)]).grows


def test_what_trembles_does_not_grow() -> None:
    rng = random.Random(1)
    assert not trend([20 + rng.randrange(30) for _ in range(300)]).grows


def test_what_rises_once_does_not_grow() -> None:
    assert not trend([20.0] * 80 + [30.0] * 220).grows
    assert not trend([20.0] * 220 + [30.0] * 80).grows


def test_a_line_has_start_end_and_growth_for_a_thousand_jobs() -> None:
    grown = trend([20.0] * 100 + [24.0] * 100 + [30.0] * 100).line()
    assert " ".join(grown.split()) == "descriptors 20.0 → 30.0 +50.0 per 1,000 jobs GROWS"
