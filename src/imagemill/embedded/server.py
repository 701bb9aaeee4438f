"""Embedded server: a child process on a port of 127.0.0.1 that stays the same over restarts."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import structlog

from imagemill.embedded.child import ChildExit, ChildProcess
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.log_file import LogFile
from imagemill.embedded.persisted_state import load_or_choose_port
from imagemill.embedded.ports import is_free

log = structlog.get_logger()

HOST: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.02
REPORT_INTERVAL_SECONDS: Final = 10.0
MAX_PORT_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """What differs between PostgreSQL and Valkey."""

    name: str
    launch: Callable[[int, IO[bytes]], Awaitable[ChildProcess]]
    """Start the server on a port; its log goes to the file."""
    is_ready: Callable[[ChildProcess, int], Awaitable[bool]]
    stop_signal: signal.Signals
    grace_seconds: float
    start_timeout_seconds: float
    """The maximum time from the start until the server is ready."""


class EmbeddedServer:
    def __init__(self, spec: ServerSpec, folder: Path) -> None:
        self._spec = spec
        self._port_file = folder / "port"
        self._log = LogFile(folder / f"{spec.name}.log")
        self._child: ChildProcess | None = None
        self.port = load_or_choose_port(self._port_file)

    @classmethod
    @asynccontextmanager
    async def run(cls, spec: ServerSpec, folder: Path) -> AsyncIterator["EmbeddedServer"]:
        """Run the server during the block. To restart it when it exits, use keep_running.

        Raises EmbeddedError when it does not start.
        """
        server = cls(spec, folder)
        try:
            await server._start_on_free_port()
            yield server
        finally:
            await server.stop()

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def pid(self) -> int:
        return self._running.pid

    async def start(self) -> None:
        """Start the server and wait until it is ready. Raises EmbeddedError."""
        started = time.monotonic()
        with self._log.open() as output:
            self._child = await self._spec.launch(self.port, output)
        try:
            await self._wait_until_ready(self._child)
        except BaseException:
            await self.stop()
            raise
        seconds = round(time.monotonic() - started, 2)
        log.debug("server.started", server=self.name, port=self.port, pid=self.pid, seconds=seconds)

    async def wait(self) -> ChildExit:
        """Wait until the server has exited."""
        return await self._running.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(self._spec.stop_signal, self._spec.grace_seconds)

    async def kill(self) -> None:
        self._running.kill()
        await self._running.wait()

    async def restart(self) -> None:
        """Restart the server on the same port."""
        await self.stop()
        await self.start()

    @property
    def _running(self) -> ChildProcess:
        if self._child is None:
            raise AssertionError("the server was never started")
        return self._child

    async def _start_on_free_port(self) -> None:
        """Start the server; choose another port if this one has been taken meanwhile."""
        for _ in range(MAX_PORT_TRIES - 1):
            try:
                return await self.start()
            except EmbeddedError:
                if is_free(HOST, self.port):
                    raise
                self.port = load_or_choose_port(self._port_file)
        return await self.start()

    async def _wait_until_ready(self, child: ChildProcess) -> None:
        started = reported = time.monotonic()
        while not await self._spec.is_ready(child, self.port):
            if not child.is_running:
                raise EmbeddedError(
                    f"{self.name} {await child.wait()} before it was ready; the end of"
                    f" {self._log.path}:\n{self._log.read_end()}"
                )
            now = time.monotonic()
            if now - started > self._spec.start_timeout_seconds:
                raise EmbeddedError(
                    f"{self.name} was not ready after {now - started:.0f} s: see {self._log.path}."
                )
            if now - reported > REPORT_INTERVAL_SECONDS:
                reported = now
                log.info("server.still_starting", server=self.name, seconds=round(now - started))
            await asyncio.sleep(POLL_SECONDS)
