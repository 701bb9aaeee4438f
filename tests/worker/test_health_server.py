"""Liveness and metrics of a worker over HTTP."""

import asyncio
import re
import time

import psycopg
import pytest

from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.worker.health_server import MAX_HEAD_BYTES, HealthServer
from imagemill.worker.liveness import Liveness
from support.process import free_port

LEVEL = ConfinementLevel("partial", ("seccomp", "rlimits"), ("Landlock (Linux 5.13)",))


async def send(request: bytes, liveness: Liveness | None = None) -> bytes:
    port = free_port()
    async with HealthServer(liveness or Liveness(), LEVEL).open(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join((line, "Host: worker", *headers, "", "")).encode()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head("GET /healthz HTTP/1.1"), b"200"),
        (head("GET /healthz?now HTTP/1.1"), b"200"),
        (head("GET /metrics HTTP/1.1"), b"200"),
        (head("GET / HTTP/1.1"), b"404"),
        (head("POST /metrics HTTP/1.1"), b"405"),
        (b"\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\n", b"400"),
        (head("GET /healthz HTTP/1.1", "X: " + "x" * 4 * MAX_HEAD_BYTES), b"400"),
    ],
)
async def test_every_request_gets_a_response_with_its_status(
    request_head: bytes, status: bytes
) -> None:
    assert (await send(request_head)).startswith(b"HTTP/1.1 " + status)


async def test_a_worker_without_progress_answers_503() -> None:
    answer = await send(
        head("GET /healthz HTTP/1.1"), Liveness(loop_ran_at=time.monotonic() - 1000)
    )
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"loop" in answer


async def test_a_worker_whose_server_refuses_it_lives_and_says_what_does_not_work() -> None:
    liveness = Liveness()
    liveness.note_run("reaping", psycopg.errors.UndefinedTable('relation "jobs" does not exist'))
    answer = await send(head("GET /healthz HTTP/1.1"), liveness)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert re.search(rb"reaping: failing for \d+ s", answer)
    assert b'relation "jobs" does not exist' in answer


async def test_the_health_response_says_how_far_image_processes_are_confined() -> None:
    answer = await send(head("GET /healthz HTTP/1.1"))
    assert answer.endswith(
        b"\r\n\r\nok, sandbox partial: seccomp, rlimits; lacks Landlock (Linux 5.13)\n"
    )


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
async def test_a_head_request_gets_the_headers_alone(path: str) -> None:
    answer = await send(head(f"HEAD {path} HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert answer.count(b"\r\n\r\n") == 1
    assert b"Content-Length: 0\r\n" not in answer


async def test_the_metrics_of_a_worker_come_in_the_format_that_is_accepted() -> None:
    plain = await send(head("GET /metrics HTTP/1.1"))
    assert b"Content-Type: text/plain; version=0.0.4" in plain
    assert b"# TYPE imagemill_claims_total counter" in plain
    accept = "Accept: application/openmetrics-text; version=1.0.0"
    openmetrics = await send(head("GET /metrics HTTP/1.1", accept))
    assert b"Content-Type: application/openmetrics-text; version=1.0.0" in openmetrics
    assert openmetrics.endswith(b"# EOF\n")


async def test_a_method_that_is_not_allowed_gets_the_allowed_ones() -> None:
    assert b"\r\nAllow: GET, HEAD\r\n" in await send(head("DELETE /healthz HTTP/1.1"))


async def test_without_a_port_nothing_listens() -> None:
    async with HealthServer(Liveness(), LEVEL).open(None):
        pass
