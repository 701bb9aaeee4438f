"""A gateway with a worker that the tests of a module share, and both clients as one."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from client.blocking import Blocking
from imagemill.client import AsyncClient, Client
from support.client import NO_CERTIFICATES
from support.server import Server

ClientOf = Callable[..., Client]


@pytest.fixture(scope="module")
def server(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def frozen_worker(server: Server) -> Iterator[None]:
    """No job is processed during the test."""
    server.worker.process.send_signal(signal.SIGSTOP)
    yield
    server.worker.process.send_signal(signal.SIGCONT)


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def client_of(request: pytest.FixtureRequest) -> Iterator[ClientOf]:
    """Make clients of either kind, which tests call alike."""
    with ExitStack() as exit_stack:
        runner = exit_stack.enter_context(asyncio.Runner())

        def make(url: str, *arguments: Any, **options: Any) -> Client:  # noqa: ANN401 - as the clients
            made = request.param(url, *arguments, verify=NO_CERTIFICATES, **options)
            blocking: Any = made if isinstance(made, Client) else Blocking(made, runner)
            client: Client = exit_stack.enter_context(blocking)
            return client

        yield make


@pytest.fixture
def client(server: Server, client_of: ClientOf) -> Client:
    return client_of(server.url)
