"""Clients that are told of jobs as they change, by real gateways and a real worker."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import httpx
import psutil
import pytest

from support.client import status_history, upload
from support.events import Event, stream
from support.pictures import picture
from support.process import free_port, running_api, running_worker
from support.proxy import CLOSED, OPEN, STALLED, Proxy, Way

WAIT = {"Prefer": "wait=30"}
# The gateway's own patience with what it has begun is thirty seconds.
PROMPTLY_SECONDS = 15


def statuses(events: list[Event]) -> list[str]:
    return [event.status for event in events]


def of(job_id: str, events: Iterator[Event]) -> Iterator[Event]:
    return (event for event in events if event.data["id"] == job_id)


def test_a_client_is_told_of_a_jobs_whole_life_and_the_stream_ends_with_it(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
    job_id = upload(client, picture())
    told = stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    first = next(told)
    stack.enter_context(running_worker(environment, tmp_path / "worker.log"))
    events = [first, *told]
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


@pytest.mark.parametrize("way", [CLOSED, STALLED], ids=["closed", "stalled"])
def test_while_redis_is_away_changes_are_told_a_little_later(
    environment: dict[str, str], to_redis: Proxy, tmp_path: Path, stack: ExitStack, way: Way
) -> None:
    disturbed = environment | {"REDIS_PORT": str(to_redis.port)}
    _, url = stack.enter_context(running_api(disturbed, tmp_path / "api.log"))
    stack.enter_context(running_worker(disturbed, tmp_path / "worker.log"))
    client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
    everything = stack.enter_context(stream(client, "/events"))
    to_redis.become(way)
    answer = client.post("/upload", files={"file": picture()}, headers=WAIT)
    assert answer.json()["status"] == "COMPLETED"
    job_id = upload(client, picture())
    with stream(client, f"/jobs/{job_id}/events", last=0) as told:
        assert statuses(list(told)) == ["PENDING", "PROCESSING", "COMPLETED"]
    assert statuses(list(islice(of(job_id, everything), 3))) == status_history(client, job_id)


def test_a_stream_goes_on_without_a_hole_at_another_gateway(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    gateway, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    _, other = stack.enter_context(
        running_api(environment | {"REDIS_PORT": str(free_port())}, tmp_path / "other.log")
    )
    first = stack.enter_context(httpx.Client(base_url=url, timeout=60))
    second = stack.enter_context(httpx.Client(base_url=other, timeout=60))
    with stream(first, "/events") as told:
        ids = [upload(second, picture())]  # a gateway that tells nobody: the poll finds it
        seen = [next(told)]
        gateway.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            list(told)
    ids += [upload(second, picture()) for _ in range(4)]
    second.post(f"/jobs/{ids[0]}/cancel")
    with stream(second, "/events", last=seen[-1].id) as told:
        seen += list(islice(told, 5))
    assert [event.data["id"] for event in seen] == [*ids, ids[0]]
    assert statuses(seen) == ["PENDING"] * 5 + ["CANCELED"]
    numbers = [int(event.id or 0) for event in seen]
    assert numbers == sorted(set(numbers))


def test_a_gateway_that_is_told_to_stop_sends_its_clients_away_and_leaves_at_once(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    gateway, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
    job_id = upload(client, picture())
    one = stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    everything = stack.enter_context(stream(client, "/events"))
    assert next(one).status == "PENDING"
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < PROMPTLY_SECONDS
    for told in (one, everything):
        (farewell,) = told
        assert farewell.retry is not None
        assert 1000 <= farewell.retry <= 5000


def test_without_postgres_a_wait_goes_on_and_is_answered_when_it_is_back(
    environment: dict[str, str], to_postgres: Proxy, tmp_path: Path, stack: ExitStack
) -> None:
    disturbed = environment | {"PG_PORT": str(to_postgres.port)}
    _, url = stack.enter_context(running_api(disturbed, tmp_path / "api.log"))
    _, undisturbed = stack.enter_context(running_api(environment, tmp_path / "other.log"))
    client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
    other = stack.enter_context(httpx.Client(base_url=undisturbed))
    job_id = upload(other, picture())
    told = stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    assert next(told).status == "PENDING"
    to_postgres.become(CLOSED)
    other.post(f"/jobs/{job_id}/cancel")
    unread = client.get(f"/jobs/{job_id}", headers={"Prefer": "wait=1"})
    assert unread.status_code == httpx.codes.SERVICE_UNAVAILABLE
    to_postgres.become(OPEN)
    assert statuses(list(told)) == ["CANCELED"]


STREAMS = 1000
MOST_MEBIBYTES = 60


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_a_thousand_streams_take_less_than_sixty_mebibytes(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    gateway, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    with httpx.Client(base_url=url, timeout=60) as client:
        job_id = upload(client, picture())
    address, paths = ("127.0.0.1", httpx.URL(url).port or 0), [f"/jobs/{job_id}/events", "/events"]
    memory = psutil.Process(gateway.pid).memory_info
    before = memory().rss
    sockets = []
    for number in range(STREAMS):
        sockets.append(stack.enter_context(socket.create_connection(address, timeout=60)))
        sockets[-1].sendall(request(paths[number % 2]))
    for one in sockets:
        received = b""
        while b"\n\n" not in received:  # the first event of a job, or the first comment
            received += one.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 ")
    assert memory().rss - before < MOST_MEBIBYTES * 2**20
