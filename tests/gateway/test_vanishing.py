"""Clients that go away without a word, and a gateway in this very process to look into."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn

from imagemill.gateway.app import create_app, open_parts
from imagemill.gateway.service import GatewayServer
from imagemill.gateway.services import Services
from imagemill.settings import read_settings
from support.jobs import new_job
from support.pictures import picture
from support.process import free_port

IN_TIME = 60


@pytest.fixture
async def parts(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with open_parts(read_settings(), allows_anonymous=True) as parts:
        yield parts


@pytest.fixture
async def port(parts: Services) -> AsyncIterator[int]:
    """Where a gateway with these parts listens."""
    port = free_port()
    config = uvicorn.Config(create_app(parts), port=port, lifespan="off", log_config=None)
    server = GatewayServer(parts.waiters, config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield port
    server.should_exit = True
    await serving


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(IN_TIME):
        while not holds():  # noqa: ASYNC110 - nothing tells of it, and nothing should
            await asyncio.sleep(0.01)


def sent(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}"
    head = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", length, *headers))
    return f"{head}\r\n\r\n".encode() + body


async def test_clients_that_vanish_leave_nothing(parts: Services, port: int) -> None:
    job = await parts.job_store.accept(new_job())
    requests = [
        sent("GET", f"/jobs/{job.id}/events"),
        sent("GET", "/events"),
        sent("GET", f"/jobs/{job.id}", "Prefer: wait=60"),
        sent("POST", "/upload", "Prefer: wait=60", "Content-Type: image/jpeg", body=picture()),
    ]
    writers = []
    for request in requests * 5:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writers.append(writer)
    await until(lambda: parts.waiters.waiting == len(writers))
    for writer in writers:
        writer.transport.abort()
    await until(lambda: parts.waiters.waiting == 0)
    assert not parts.waiters._watches
    assert not parts.waiters.tail._sleepers
    assert parts.waiters.tail.position is None
