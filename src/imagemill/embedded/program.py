"""A service of imagemill's own as a child: the gateway or the worker."""

import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from imagemill.embedded.child import ChildProcess, Ending, Tie

log = structlog.get_logger()


class Program:
    """A program that writes where we write, and is told to end by SIGTERM."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        grace_seconds: float,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._grace_seconds = grace_seconds
        self._child: ChildProcess | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Program"]:
        """Start it, and stop it when the block is left."""
        try:
            await self.start()
            yield self
        finally:
            if self._child is not None:
                await self._child.stop(signal.SIGTERM, self._grace_seconds)

    async def start(self) -> None:
        """Start it; whether it gets on is for keep_running to see."""
        tie = Tie(signal.SIGTERM)
        self._child = await ChildProcess.start(self._command, self._environment, tie)
        log.debug("program.started", program=self.name, pid=self.pid)

    async def wait(self) -> Ending:
        """Wait for its end and return how it came."""
        return await self._running.wait()

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def _running(self) -> ChildProcess:
        if self._child is None:
            raise AssertionError("the program was never started")
        return self._child
