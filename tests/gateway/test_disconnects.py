"""Clients that disconnect without notice, seen from inside a gateway in the test's process."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn

from imagemill.gateway.app import create_app, open_services
from imagemill.gateway.service import GatewayServer
from imagemill.gateway.services import Services
from imagemill.settings import read_settings
from support.jobs import new_job
from support.pictures import picture
from support.process import free_port

IN_TIME = 60


@pytest.fixture
async def services(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with open_services(read_settings(), is_local=True) as services:
        yield services


@pytest.fixture
async def port(services: Services) -> AsyncIterator[int]:
    """Where a gateway with these services listens."""
    port = free_port()
    config = uvicorn.Config(create_app(services), port=port, lifespan="off", log_config=None)
    server = GatewayServer(services.waiters, config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield port
    server.should_exit = True
    await serving


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(IN_TIME):
        while not holds():  # noqa: ASYNC110 - no event signals it
            await asyncio.sleep(0.01)


def sent(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}"
    head = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", length, *headers))
    return f"{head}\r\n\r\n".encode() + body


async def test_clients_that_disconnect_leave_nothing(services: Services, port: int) -> None:
    job = await services.job_store.accept(new_job())
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
    await until(lambda: services.waiters.waiter_count == len(writers))
    for writer in writers:
        writer.transport.abort()
    await until(lambda: services.waiters.waiter_count == 0)
    assert not services.waiters._subscriptions
    assert not services.waiters.event_feed._sleepers
    assert services.waiters.event_feed.position is None
