"""Starts again whatever ends, and knows when that is in vain."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Never, Protocol

import structlog

from imagemill.embedded.child import Ending
from imagemill.embedded.errors import EmbeddedError

log = structlog.get_logger()


class Service(Protocol):
    """What can be kept running: Server and Program."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Start it. Raises EmbeddedError."""

    async def wait(self) -> Ending:
        """Wait for its end and return how it came."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon a service is started again, and how often it may die before it has ever lived."""

    first_delay_seconds: float = 0.1
    longest_delay_seconds: float = 30.0
    life_seconds: float = 10.0
    """Having run for so long, it is known to work; the deaths before are forgotten."""
    deaths_at_start: int = 5

    def delay_seconds(self, deaths: int) -> float:
        """Return how long to wait after so many deaths in a row (from 1)."""
        return min(
            self.longest_delay_seconds, self.first_delay_seconds * 2.0 ** min(deaths - 1, 30)
        )


PACE: Final = Pace()


@dataclass(frozen=True, slots=True)
class Past:
    """How a service has fared so far."""

    deaths: int = 0
    """In a row, without a life between them."""
    has_lived: bool = False

    def after_death(self, ending: Ending, lived_seconds: float, pace: Pace) -> "Past":
        if lived_seconds >= pace.life_seconds:
            return Past(deaths=1, has_lived=True)
        # What somebody had to kill was alive: it is no reason to give up.
        return Past(self.deaths + 1, self.has_lived or ending.came_from_outside)

    def is_hopeless(self, pace: Pace) -> bool:
        return not self.has_lived and self.deaths >= pace.deaths_at_start


@asynccontextmanager
async def kept_running(services: Sequence[Service], pace: Pace = PACE) -> AsyncIterator[None]:
    """Keep the services running, all of them started already, while the block lasts.

    Should one of them never come to life, the block is cancelled and EmbeddedError raised.
    """
    try:
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(keep_running(service, pace)) for service in services]
            yield
            for keeper in keepers:
                keeper.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def keep_running(service: Service, pace: Pace = PACE) -> Never:
    """Start the service again whenever it ends. Raises EmbeddedError when it never came to life."""
    past = Past()
    started = time.monotonic()
    ending = await service.wait()
    while True:
        if ending.would_come_again and not past.has_lived:
            raise EmbeddedError(f"{service.name} cannot start: see above for what it said.")
        past = past.after_death(ending, time.monotonic() - started, pace)
        if past.is_hopeless(pace):
            raise EmbeddedError(
                f"{service.name} died {past.deaths} times in a row at its start"
                f" and at last {ending}: see above for what it said."
            )
        delay = pace.delay_seconds(past.deaths)
        log.warning(
            "service.died", service=service.name, reason=str(ending), again_in_seconds=delay
        )
        await asyncio.sleep(delay)
        started = time.monotonic()
        ending = await _live_again(service)


async def _live_again(service: Service) -> Ending:
    """Start the service, wait for its end, and return how it came."""
    try:
        await service.start()
    except EmbeddedError as error:
        return Ending(str(error))
    log.info("service.restarted", service=service.name)
    return await service.wait()
