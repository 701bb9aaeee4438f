"""When frames are shown, in formats that count differently."""

import pytest

from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.formats import GIF, PNG, WEBP


@pytest.mark.parametrize("delay", [16, 17, 25, 33, 41, 100])
def test_frames_of_a_gif_end_within_half_a_tick(delay: int) -> None:
    counted = Timing((max(delay, 20),) * 50, 0).round_to(GIF)
    for shown in range(1, 51):
        assert abs(sum(counted.delays[:shown]) - shown * max(delay, 20)) <= 5
    assert all(delay % 10 == 0 for delay in counted.delays)


def test_thirty_frames_a_second_last_a_second_in_a_gif_too() -> None:
    assert Timing((33, 33, 34) * 10, 0).round_to(GIF).duration == 1000


@pytest.mark.parametrize("delay", [11, 14, 16])
def test_no_delay_becomes_so_brief_that_browsers_lengthen_it(delay: int) -> None:
    assert Timing((delay,) * 3, 0).round_to(GIF).delays == (20, 20, 20)


@pytest.mark.parametrize("delay", [0, 10, 20, 70, 655_350])
def test_delays_of_a_gif_stay_the_same_in_a_gif(delay: int) -> None:
    assert Timing((delay, 50), 0).round_to(GIF).delays == (delay, 50)


def test_a_delay_is_limited_to_the_longest_of_a_gif() -> None:
    assert Timing((1_000_000, 50), 0).round_to(GIF).delays == (655_350, 50)


def test_a_webp_has_brief_delays_as_browsers_show_them() -> None:
    assert Timing((0, 1, 10, 11, 33), 0).round_to(WEBP).delays == (100, 100, 100, 11, 33)


@pytest.mark.parametrize(("plays", "counted"), [(0, 0), (1, 1), (65_535, 65_535), (65_536, 65_535)])
def test_a_webp_counts_plays_in_sixteen_bits(plays: int, counted: int) -> None:
    assert Timing((50, 50), plays).round_to(WEBP).plays == counted


@pytest.mark.parametrize("plays", [0, 1, 2, 65_536])
def test_a_gif_counts_one_play_more(plays: int) -> None:
    assert Timing((50, 50), plays).round_to(GIF).plays == plays


def test_a_still_format_leaves_the_timing() -> None:
    assert Timing((7, 3), 9).round_to(PNG) == Timing((7, 3), 9)
