"""Supervision of services: restart with backoff, and give up on a crash loop at the start."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Never, Protocol

import structlog

from imagemill.embedded.child import ChildExit
from imagemill.embedded.errors import EmbeddedError

log = structlog.get_logger()


class Service(Protocol):
    """A service that can be supervised: EmbeddedServer and ServiceProcess."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Start the service. Raises EmbeddedError."""

    async def wait(self) -> ChildExit:
        """Wait until the service has exited."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The delay before a restart, and the number of failures after which there is none."""

    first_delay_seconds: float = 0.1
    max_delay_seconds: float = 30.0
    stable_after_seconds: float = 10.0
    """After so long the service is known to work, and earlier failures no longer count."""
    max_failures_at_start: int = 5

    def delay_seconds(self, failures: int) -> float:
        """Return the delay after so many failures in a row (from 1): exponential backoff."""
        return min(self.max_delay_seconds, self.first_delay_seconds * 2.0 ** min(failures - 1, 30))


DEFAULT_POLICY: Final = RestartPolicy()


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """The failures of a service so far."""

    failures: int = 0
    """In a row, without a stable run between them."""
    was_stable: bool = False

    def after_exit(
        self, ended: ChildExit, uptime_seconds: float, policy: RestartPolicy
    ) -> "RestartHistory":
        if uptime_seconds >= policy.stable_after_seconds:
            return RestartHistory(failures=1, was_stable=True)
        # A service that had to be killed was running: no reason to give up.
        return RestartHistory(self.failures + 1, self.was_stable or ended.was_killed)

    def is_crash_loop(self, policy: RestartPolicy) -> bool:
        return not self.was_stable and self.failures >= policy.max_failures_at_start


@asynccontextmanager
async def supervise(
    services: Sequence[Service], policy: RestartPolicy = DEFAULT_POLICY
) -> AsyncIterator[None]:
    """Restart the services, all of them started already, while the block runs.

    When one of them is in a crash loop, the block is canceled and EmbeddedError raised.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keep_running(service, policy)) for service in services]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def keep_running(service: Service, policy: RestartPolicy = DEFAULT_POLICY) -> Never:
    """Restart the service whenever it exits. Raises EmbeddedError when it is in a crash loop."""
    history = RestartHistory()
    started = time.monotonic()
    ended = await service.wait()
    while True:
        if ended.is_configuration_error and not history.was_stable:
            raise EmbeddedError(f"{service.name} cannot start: its output above says why.")
        history = history.after_exit(ended, time.monotonic() - started, policy)
        if history.is_crash_loop(policy):
            raise EmbeddedError(
                f"{service.name} failed {history.failures} times in a row at its start"
                f" ({ended}): its output above says why."
            )
        delay = policy.delay_seconds(history.failures)
        log.warning(
            "service.exited", service=service.name, reason=str(ended), restart_in_seconds=delay
        )
        await asyncio.sleep(delay)
        started = time.monotonic()
        ended = await _restart(service)


async def _restart(service: Service) -> ChildExit:
    """Start the service and wait until it has exited."""
    try:
        await service.start()
    except EmbeddedError as error:
        return ChildExit(str(error))
    log.info("service.restarted", service=service.name)
    return await service.wait()
