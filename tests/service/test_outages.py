"""The log of an outage: a line when a server goes away, a line when it is back, and no more."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.client import plain_client
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until
from support.proxy import CLOSED, OPEN, Proxy
from support.uploads import RAW

OUTAGE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Stack:
    """A gateway and a worker that reach PostgreSQL and Redis through a proxy each."""

    proxies: dict[str, Proxy]
    services: tuple[Service, Service]
    client: httpx.Client


@pytest.fixture
def stack(environment: dict[str, str], tmp_path: Path) -> Iterator[Stack]:
    host = environment["PG_HOST"]
    with (
        Proxy.to(host, int(environment["PG_PORT"])) as to_postgres,
        Proxy.to(environment["REDIS_HOST"], int(environment["REDIS_PORT"])) as to_redis,
    ):
        environment |= {"PG_PORT": str(to_postgres.port), "REDIS_PORT": str(to_redis.port)}
        with (
            running_api(environment, tmp_path / "api.log") as (gateway, url),
            running_worker(environment, tmp_path / "worker.log") as worker,
            plain_client(url, timeout=60) as client,
        ):
            proxies = {"postgres": to_postgres, "redis": to_redis}
            yield Stack(proxies, (gateway, worker), client)


def events(service: Service, since: int) -> list[str]:
    """Return the events that were logged above `debug`, but those of requests and jobs."""
    whole = service.logged(since).rpartition("\n")[0]
    found = [json.loads(line)["event"] for line in whole.splitlines()]
    return [event for event in found if not event.startswith(("request.", "job.", "jobs."))]


@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_an_outage_is_one_line_and_its_end_another(server: str, stack: Stack) -> None:
    proxy, client = stack.proxies[server], stack.client
    assert client.post("/upload", content=picture(), headers=RAW).is_success
    since = [service.log_size() for service in stack.services]
    with client.stream("GET", "/events"):  # a gateway that serves nobody asks for nothing
        proxy.become(CLOSED)
        until = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < until:
            client.post("/upload", content=picture(), headers=RAW)
            client.get("/jobs")
            time.sleep(0.1)
        proxy.become(OPEN)

    def has_ended(service: Service, size: int) -> bool:
        client.post("/upload", content=picture(), headers=RAW)
        return f"{server}.available" in events(service, size)

    for service, size in zip(stack.services, since, strict=True):
        wait_until(lambda: has_ended(service, size), "it is back", service.logged)  # noqa: B023 - called at once
        assert events(service, size) == [f"{server}.unavailable", f"{server}.available"]


def test_in_json_the_event_comes_first(stack: Stack) -> None:
    for service in stack.services:
        lines = service.logged().splitlines()
        assert lines
        assert all(line.startswith('{"event": "') for line in lines)
