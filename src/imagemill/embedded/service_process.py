"""Gateway or worker as a child process."""

import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from imagemill.embedded.child import ChildExit, ChildProcess, LaunchOptions

log = structlog.get_logger()


class ServiceProcess:
    """A service that shares this process' standard streams and is stopped by SIGTERM."""

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
    async def run(self) -> AsyncIterator["ServiceProcess"]:
        """Start the service, and stop it at the end of the block."""
        try:
            await self.start()
            yield self
        finally:
            if self._child is not None:
                await self._child.stop(signal.SIGTERM, self._grace_seconds)

    async def start(self) -> None:
        """Start the service; keep_running watches whether it stays."""
        options = LaunchOptions(signal.SIGTERM)
        self._child = await ChildProcess.start(self._command, self._environment, options)
        log.debug("service.started", service=self.name, pid=self.pid)

    async def wait(self) -> ChildExit:
        """Wait until the service has exited."""
        return await self._running.wait()

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def _running(self) -> ChildProcess:
        if self._child is None:
            raise AssertionError("the service was never started")
        return self._child
