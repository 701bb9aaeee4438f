import asyncio
import os
import signal
import time
from dataclasses import dataclass, field

import pytest

from imagemill.embedded.child import Ending
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.supervision import Pace, Past, keep_running, kept_running

BAD_START = Ending.of(1)
AT_ONCE = Pace(first_delay_seconds=0, longest_delay_seconds=0)
LIVES_AT_ONCE = Pace(first_delay_seconds=0, longest_delay_seconds=0, life_seconds=0)


@dataclass
class Mortal:
    """A service that dies as often as it is told, and then lives on."""

    deaths: int
    failed_starts: int = 0
    ending: Ending = BAD_START
    name: str = "mortal"
    starts: int = 0
    lives_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        self.starts += 1
        if self.failed_starts:
            self.failed_starts -= 1
            raise EmbeddedError("mortal could not start")

    async def wait(self) -> Ending:
        if self.deaths:
            self.deaths -= 1
            return self.ending
        self.lives_on.set()
        await asyncio.Event().wait()
        raise AssertionError("it lives for ever")


async def test_a_service_that_dies_is_started_again() -> None:
    service = Mortal(deaths=3)
    async with kept_running([service], AT_ONCE):
        await service.lives_on.wait()
    assert service.starts == 3


async def test_a_start_that_fails_is_tried_again() -> None:
    service = Mortal(deaths=1, failed_starts=2)
    async with kept_running([service], LIVES_AT_ONCE):
        await service.lives_on.wait()
    assert service.starts == 3


async def test_a_service_whose_settings_are_wrong_is_not_started_again() -> None:
    service = Mortal(deaths=99, ending=Ending.of(os.EX_CONFIG))
    with pytest.raises(EmbeddedError, match="mortal cannot start: see above"):
        await keep_running(service, AT_ONCE)
    assert service.starts == 0


async def test_a_service_that_never_comes_to_life_is_given_up() -> None:
    service = Mortal(deaths=99)
    with pytest.raises(EmbeddedError, match=r"mortal died 5 times .* at last ended with status 1"):
        await keep_running(service, AT_ONCE)
    assert service.starts == 4


async def test_the_block_ends_with_a_service_that_is_given_up() -> None:
    with pytest.raises(EmbeddedError, match="mortal died 5 times"):
        async with kept_running([Mortal(deaths=0), Mortal(deaths=99)], AT_ONCE):
            await asyncio.Event().wait()


def test_a_service_that_has_lived_is_never_given_up() -> None:
    past = Past().after_death(BAD_START, lived_seconds=60, pace=Pace())
    for _ in range(50):
        past = past.after_death(BAD_START, lived_seconds=0.1, pace=Pace())
    assert not past.is_hopeless(Pace())


def test_a_service_that_others_kill_is_never_given_up() -> None:
    past = Past()
    for _ in range(50):
        past = past.after_death(Ending.of(-signal.SIGKILL), lived_seconds=0.1, pace=Pace())
    assert not past.is_hopeless(Pace())


def test_a_service_that_crashes_at_each_start_is_given_up() -> None:
    past = Past()
    for _ in range(5):
        past = past.after_death(Ending.of(-signal.SIGSEGV), lived_seconds=0.1, pace=Pace())
    assert past.is_hopeless(Pace())


def test_a_life_makes_the_deaths_before_it_forgotten() -> None:
    past = Past(deaths=4).after_death(BAD_START, lived_seconds=60, pace=Pace())
    assert past == Past(deaths=1, has_lived=True)


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with kept_running([Mortal(deaths=0)], AT_ONCE):
            raise ZeroDivisionError


async def test_nothing_is_started_again_after_the_block() -> None:
    service = Mortal(deaths=1)
    began = time.monotonic()
    async with kept_running([service], Pace(first_delay_seconds=600)):
        await asyncio.sleep(0)
    assert service.starts == 0
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("deaths", "seconds"), [(1, 0.1), (2, 0.2), (5, 1.6), (20, 30), (5000, 30)]
)
def test_each_death_doubles_the_wait_up_to_a_limit(deaths: int, seconds: float) -> None:
    assert Pace().delay_seconds(deaths) == pytest.approx(seconds)
