import asyncio
import os
import signal
import time
from dataclasses import dataclass, field

import pytest

from imagemill.embedded.child import ChildExit
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.supervision import RestartHistory, RestartPolicy, keep_running, supervise

EXIT_1 = ChildExit.from_status(1)
AT_ONCE = RestartPolicy(first_delay_seconds=0, max_delay_seconds=0)
STABLE_AT_ONCE = RestartPolicy(first_delay_seconds=0, max_delay_seconds=0, stable_after_seconds=0)


@dataclass
class FailingService:
    """A service that exits so many times, and then stays up."""

    exits: int
    failed_starts: int = 0
    ended: ChildExit = EXIT_1
    name: str = "failing"
    starts: int = 0
    stays_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        self.starts += 1
        if self.failed_starts:
            self.failed_starts -= 1
            raise EmbeddedError("failing could not start")

    async def wait(self) -> ChildExit:
        if self.exits:
            self.exits -= 1
            return self.ended
        self.stays_up.set()
        await asyncio.Event().wait()
        raise AssertionError("it never exits")


async def test_a_service_that_exits_is_restarted() -> None:
    service = FailingService(exits=3)
    async with supervise([service], AT_ONCE):
        await service.stays_up.wait()
    assert service.starts == 3


async def test_a_failed_start_is_retried() -> None:
    service = FailingService(exits=1, failed_starts=2)
    async with supervise([service], STABLE_AT_ONCE):
        await service.stays_up.wait()
    assert service.starts == 3


async def test_a_service_with_wrong_settings_is_not_restarted() -> None:
    service = FailingService(exits=99, ended=ChildExit.from_status(os.EX_CONFIG))
    with pytest.raises(EmbeddedError, match="failing cannot start: its output above"):
        await keep_running(service, AT_ONCE)
    assert service.starts == 0


async def test_a_service_that_never_starts_is_not_restarted_for_ever() -> None:
    service = FailingService(exits=99)
    with pytest.raises(
        EmbeddedError, match=r"failing failed 5 times in a row .*\(exited with status 1\)"
    ):
        await keep_running(service, AT_ONCE)
    assert service.starts == 4


async def test_the_block_ends_when_a_service_never_starts() -> None:
    with pytest.raises(EmbeddedError, match="failing failed 5 times"):
        async with supervise([FailingService(exits=0), FailingService(exits=99)], AT_ONCE):
            await asyncio.Event().wait()


def test_a_service_that_was_stable_is_never_in_a_crash_loop() -> None:
    history = RestartHistory().after_exit(EXIT_1, uptime_seconds=60, policy=RestartPolicy())
    for _ in range(50):
        history = history.after_exit(EXIT_1, uptime_seconds=0.1, policy=RestartPolicy())
    assert not history.is_crash_loop(RestartPolicy())


def test_a_service_that_is_killed_is_never_in_a_crash_loop() -> None:
    history = RestartHistory()
    for _ in range(50):
        history = history.after_exit(
            ChildExit.from_status(-signal.SIGKILL), uptime_seconds=0.1, policy=RestartPolicy()
        )
    assert not history.is_crash_loop(RestartPolicy())


def test_a_service_that_crashes_at_each_start_is_in_a_crash_loop() -> None:
    history = RestartHistory()
    for _ in range(5):
        history = history.after_exit(
            ChildExit.from_status(-signal.SIGSEGV), uptime_seconds=0.1, policy=RestartPolicy()
        )
    assert history.is_crash_loop(RestartPolicy())


def test_a_stable_run_resets_the_failures() -> None:
    history = RestartHistory(failures=4).after_exit(
        EXIT_1, uptime_seconds=60, policy=RestartPolicy()
    )
    assert history == RestartHistory(failures=1, was_stable=True)


async def test_an_error_in_the_block_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with supervise([FailingService(exits=0)], AT_ONCE):
            raise ZeroDivisionError


async def test_nothing_is_restarted_after_the_block() -> None:
    service = FailingService(exits=1)
    began = time.monotonic()
    async with supervise([service], RestartPolicy(first_delay_seconds=600)):
        await asyncio.sleep(0)
    assert service.starts == 0
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.1), (2, 0.2), (5, 1.6), (20, 30), (5000, 30)]
)
def test_each_failure_doubles_the_delay_up_to_a_maximum(failures: int, seconds: float) -> None:
    assert RestartPolicy().delay_seconds(failures) == pytest.approx(seconds)
