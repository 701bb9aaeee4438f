"""Events that clients receive as jobs change, from real gateways and a real worker."""

import socket
import time
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import httpx
import psutil
import pytest

from conftest import Gateway
from support.client import client_of, upload
from support.events import Event, stream
from support.pictures import picture
from support.process import free_port, running_api, running_worker

WAIT = {"Prefer": "wait=30"}
# The gateway's own patience with what it has begun is thirty seconds.
PROMPTLY_SECONDS = 15


def statuses(events: list[Event]) -> list[str]:
    return [event.status for event in events]


def test_a_client_receives_all_changes_of_a_job_and_the_stream_ends_with_it(
    gateway: Gateway, tmp_path: Path, exit_stack: ExitStack
) -> None:
    client = exit_stack.enter_context(client_of(str(gateway.client.base_url), timeout=60))
    job_id = upload(client, picture())
    received_events = exit_stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    first = next(received_events)
    exit_stack.enter_context(
        running_worker(gateway.environment, tmp_path / "worker.log", "--concurrency", "1")
    )
    events = [first, *received_events]
    assert statuses(events) == ["PENDING", "PROCESSING", "COMPLETED"]
    assert {event.kind for event in events} == {"job"}
    history = client.get(f"/jobs/{job_id}/history").json()["events"]
    assert [event.id for event in events] == [str(event["id"]) for event in history]
    whole = client.get(f"/jobs/{job_id}").json()
    assert events[-1].data == {name: whole[name] for name in whole if name != "pipeline"}
    answer = client.post("/upload", files={"file": picture()}, headers=WAIT)
    assert (answer.status_code, answer.json()["status"]) == (httpx.codes.OK, "COMPLETED")
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"


def test_a_stream_goes_on_without_a_hole_at_another_gateway(
    environment: dict[str, str], tmp_path: Path, exit_stack: ExitStack
) -> None:
    gateway, url = exit_stack.enter_context(running_api(environment, tmp_path / "api.log"))
    _, other = exit_stack.enter_context(
        running_api(environment | {"REDIS_PORT": str(free_port())}, tmp_path / "other.log")
    )
    first = exit_stack.enter_context(client_of(url, timeout=60))
    second = exit_stack.enter_context(client_of(other, timeout=60))
    with stream(first, "/events") as received_events:
        ids = [upload(second, picture())]  # by a gateway that publishes nothing: the poll finds it
        seen = [next(received_events)]
        gateway.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            list(received_events)
    ids += [upload(second, picture()) for _ in range(4)]
    second.post(f"/jobs/{ids[0]}/cancel")
    with stream(second, "/events", last=seen[-1].id) as received_events:
        seen += list(islice(received_events, 5))
    assert [event.data["id"] for event in seen] == [*ids, ids[0]]
    assert statuses(seen) == ["PENDING"] * 5 + ["CANCELED"]
    numbers = [int(event.id or 0) for event in seen]
    assert numbers == sorted(set(numbers))


def test_a_gateway_that_gets_sigterm_ends_its_streams_and_exits_at_once(
    environment: dict[str, str], tmp_path: Path, exit_stack: ExitStack
) -> None:
    gateway, url = exit_stack.enter_context(running_api(environment, tmp_path / "api.log"))
    client = exit_stack.enter_context(client_of(url, timeout=60))
    job_id = upload(client, picture())
    one = exit_stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    everything = exit_stack.enter_context(stream(client, "/events"))
    assert next(one).status == "PENDING"
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < PROMPTLY_SECONDS
    for received_events in (one, everything):
        (farewell,) = received_events
        assert farewell.retry is not None
        assert 1000 <= farewell.retry <= 5000


STREAMS = 1000
MOST_MEBIBYTES = 60


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_a_thousand_streams_take_less_than_sixty_mebibytes(
    environment: dict[str, str], tmp_path: Path, exit_stack: ExitStack
) -> None:
    gateway, url = exit_stack.enter_context(running_api(environment, tmp_path / "api.log"))
    with client_of(url, timeout=60) as client:
        job_id = upload(client, picture())
    address, paths = ("127.0.0.1", httpx.URL(url).port or 0), [f"/jobs/{job_id}/events", "/events"]
    memory = psutil.Process(gateway.pid).memory_info
    before = memory().rss
    sockets = []
    for number in range(STREAMS):
        sockets.append(exit_stack.enter_context(socket.create_connection(address, timeout=60)))
        sockets[-1].sendall(request(paths[number % 2]))
    for one in sockets:
        received = b""
        while b"\n\n" not in received:  # the first event of a job, or the first comment
            received += one.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 ")
    assert memory().rss - before < MOST_MEBIBYTES * 2**20
