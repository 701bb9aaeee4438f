"""A TCP proxy to a server, which a test can stall, half-close or cut."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
CHUNK_BYTES = 65536


@dataclass(frozen=True)
class Way:
    """What the proxy forwards. What it holds back goes on later, unless the connection is cut."""

    requests: bool = True
    answers: bool = True
    newcomers: bool = True


OPEN = Way()
STALLED = Way(requests=False, answers=False)
HALF_OPEN = Way(answers=False)
CLOSED = Way(newcomers=False)


def as_sent(statement: str) -> bytes:
    """Return the beginning of a statement as psycopg sends it: parameters are numbered there."""
    return statement.partition("%")[0].encode()


class Proxy:
    """Stands between clients and one server; its methods are called from the test's thread."""

    def __init__(self, host: str, port: int) -> None:
        self.struck = threading.Event()
        self._server = (host, port)
        self._way = OPEN
        self._trap: tuple[bytes, Way] | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    @contextmanager
    def to(cls, host: str, port: int) -> Iterator["Proxy"]:
        """Run a proxy to this server, in a thread of its own, while the block runs."""
        proxy, started = cls(host, port), threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(proxy._run(started)))
        thread.start()
        started.wait()
        try:
            yield proxy
        finally:
            proxy._do(proxy._stopping.set)
            thread.join()

    def become(self, way: Way) -> None:
        """Let this much through from now on; CLOSED also cuts what is open."""
        self._do(lambda: self._become(way))

    def cut(self) -> None:
        """Close every connection, at both ends; what was held back is lost."""
        self._do(self._cut)

    def become_when_asked(self, needle: bytes, way: Way) -> None:
        """Become this the moment a client sends these bytes, and before they go on."""
        self.struck.clear()
        self._trap = (needle, way)

    def _do(self, action: Callable[[], None]) -> None:
        done = threading.Event()

        def act() -> None:
            action()
            done.set()

        self._loop.call_soon_threadsafe(act)
        done.wait()

    async def _run(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._change = asyncio.Event(), asyncio.Event()
        listening = await asyncio.start_server(self._serve, HOST)
        self.port = int(listening.sockets[0].getsockname()[1])
        started.set()
        await self._stopping.wait()
        listening.close()
        self._cut()

    def _become(self, way: Way) -> None:
        self._way = way
        if not way.newcomers:
            self._cut()
        self._change.set()
        self._change = asyncio.Event()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._way.newcomers:
            writer.transport.abort()
            return
        there_reader, there = await asyncio.open_connection(*self._server)
        self._writers |= {writer, there}
        try:
            await asyncio.gather(
                self._pump(reader, there, lambda: self._way.requests, self._spring_trap),
                self._pump(there_reader, writer, lambda: self._way.answers),
            )
        finally:
            self._writers -= {writer, there}

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        may_pass: Callable[[], bool],
        look_at: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                look_at(chunk)
                await self._until(may_pass)
                writer.write(chunk)
                await writer.drain()
        await self._until(may_pass)
        writer.close()

    def _spring_trap(self, chunk: bytes) -> None:
        if self._trap and self._trap[0] in chunk:
            self._become(self._trap[1])
            self._trap = None
            self.struck.set()

    async def _until(self, may_pass: Callable[[], bool]) -> None:
        while not may_pass():
            await self._change.wait()
