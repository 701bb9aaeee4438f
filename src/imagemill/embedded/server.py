"""A server of our own: a child on a port of 127.0.0.1 that comes back on the same port."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import structlog

from imagemill.embedded.child import ChildProcess, Ending
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.log_file import LogFile
from imagemill.embedded.persisted_state import keep_port
from imagemill.embedded.ports import is_free

log = structlog.get_logger()

HOST: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.02
SLOW_SECONDS: Final = 10.0
PORTS_TRIED: Final = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one server apart from another."""

    name: str
    launch: Callable[[int, IO[bytes]], Awaitable[ChildProcess]]
    """Start it on a port, with a file for its log."""
    is_ready: Callable[[ChildProcess, int], Awaitable[bool]]
    stop_signal: signal.Signals
    grace_seconds: float
    patience_seconds: float
    """How long it may take from its start until it is ready."""


class EmbeddedServer:
    def __init__(self, kind: Kind, folder: Path) -> None:
        self._kind = kind
        self._port_file = folder / "port"
        self._log = LogFile(folder / f"{kind.name}.log")
        self._child: ChildProcess | None = None
        self.port = keep_port(self._port_file)

    @classmethod
    @asynccontextmanager
    async def run(cls, kind: Kind, folder: Path) -> AsyncIterator["EmbeddedServer"]:
        """Run the server until the block is left. It is not restarted if it dies: see keep_running.

        Raises EmbeddedError when it does not start.
        """
        server = cls(kind, folder)
        try:
            await server._start_on_a_free_port()
            yield server
        finally:
            await server.stop()

    @property
    def name(self) -> str:
        return self._kind.name

    @property
    def pid(self) -> int:
        return self._running.pid

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises EmbeddedError when it does not come."""
        begun = time.monotonic()
        with self._log.open() as output:
            self._child = await self._kind.launch(self.port, output)
        try:
            await self._until_ready(self._child)
        except BaseException:
            await self.stop()
            raise
        seconds = round(time.monotonic() - begun, 2)
        log.debug("server.started", server=self.name, port=self.port, pid=self.pid, seconds=seconds)

    async def wait(self) -> Ending:
        """Wait for its end and return how it came."""
        return await self._running.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(self._kind.stop_signal, self._kind.grace_seconds)

    async def kill(self) -> None:
        self._running.kill()
        await self._running.wait()

    async def restart(self) -> None:
        """Stop it and start it again on the same port."""
        await self.stop()
        await self.start()

    @property
    def _running(self) -> ChildProcess:
        if self._child is None:
            raise AssertionError("the server was never started")
        return self._child

    async def _start_on_a_free_port(self) -> None:
        """Start it; should the port have been taken since we looked, on another one."""
        for _ in range(PORTS_TRIED - 1):
            try:
                return await self.start()
            except EmbeddedError:
                if is_free(HOST, self.port):
                    raise
                self.port = keep_port(self._port_file)
        return await self.start()

    async def _until_ready(self, child: ChildProcess) -> None:
        begun = said = time.monotonic()
        while not await self._kind.is_ready(child, self.port):
            if not child.is_running:
                raise EmbeddedError(
                    f"{self.name} {await child.wait()} before it was ready; its last words,"
                    f" from {self._log.path}:\n{self._log.last_words()}"
                )
            now = time.monotonic()
            if now - begun > self._kind.patience_seconds:
                raise EmbeddedError(
                    f"{self.name} was not ready after {now - begun:.0f} s: see {self._log.path}."
                )
            if now - said > SLOW_SECONDS:
                said = now
                log.info("server.still_starting", server=self.name, seconds=round(now - begun))
            await asyncio.sleep(POLL_SECONDS)
