"""Whether a worker is healthy, and the port where it says so."""

import asyncio
import time

import pytest

from imagemill.imaging.confine.level import Level
from imagemill.worker.pulse import PATIENCE_SECONDS, Pulse, serve_health
from support.process import free_port

LEVEL = Level("partial", ("seccomp", "rlimits"), ("Landlock (Linux 5.13)",))


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def test_a_loop_that_stands_still_or_a_silent_postgres_is_a_complaint() -> None:
    pulse = Pulse(turned_at=100, answered_at=100)
    assert pulse.complaint(now=100 + PATIENCE_SECONDS) is None
    late = 101 + PATIENCE_SECONDS
    assert "loop" in str(pulse.complaint(late))
    pulse.turned_at = late
    assert "PostgreSQL" in str(pulse.complaint(late))
    pulse.answered_at = late
    assert pulse.complaint(late) is None


@pytest.mark.parametrize(
    ("request_line", "age", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 0, b"200"),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 1000, b"503"),
        (b"GET / HTTP/1.1\r\n\r\n", 0, b"404"),
        (b"\r\n", 0, b"404"),
    ],
)
async def test_the_health_port_tells_whether_the_worker_makes_progress(
    request_line: bytes, age: float, status: bytes
) -> None:
    port = free_port()
    pulse = Pulse(turned_at=time.monotonic() - age)
    async with serve_health(pulse, LEVEL, port):
        answer = await ask(port, request_line)
    assert answer.startswith(b"HTTP/1.1 " + status)


async def test_the_health_port_tells_how_far_image_processes_are_confined() -> None:
    port = free_port()
    async with serve_health(Pulse(), LEVEL, port):
        answer = await ask(port, b"GET /healthz HTTP/1.1\r\n\r\n")
    assert answer.endswith(
        b"\r\n\r\nok, sandbox partial: seccomp, rlimits; lacks Landlock (Linux 5.13)\n"
    )


async def test_without_a_port_nothing_listens() -> None:
    async with serve_health(Pulse(), LEVEL, None):
        pass
