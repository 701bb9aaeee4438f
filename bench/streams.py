"""What waiting clients cost: memory per stream, slower uploads, and the delay of notifications.

    make bench-streams

All on one machine, clients included, with a real gateway, PostgreSQL and Valkey. Instead of a
worker this script ends the jobs, in batches and by the statement that workers use, and measures
the time from the end of each commit.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.servers import address_of_postgres, address_of_valkey
from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import ServiceCommands, Stack, run_stack
from imagemill.image_files import InputImage, OutputFile
from imagemill.imaging.drawing import draw_picture
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Claim, Completed, InputFacts, Job, NewJob
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.storage.keys import output_key
from imagemill.telemetry.logs import configure_logs

CLIENTS: Final = 1000
UPLOADS: Final = 200
# Two hundred pictures a second, as a handful of machines makes them, sixteen recorded at once.
BATCH: Final = 16
BATCH_SECONDS: Final = 0.08
IDLE_WORKER: Final = (sys.executable, "-c", "import signal; signal.pause()")


@dataclass(frozen=True, slots=True)
class WaitMeasurement:
    """Seconds from each end to its response; ends a second; the gateway's CPU time per response."""

    delays: list[float]
    rate: float
    cpu: float


@dataclass
class Client(asyncio.Protocol):
    """One connection with one request; records when the last bytes were received."""

    request: bytes
    received: asyncio.Event = field(default_factory=asyncio.Event)
    received_at: float = 0.0
    response: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop has a class of its own
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received_at = time.perf_counter()
        self.response = data
        self.received.set()


class ClientFactory:
    """Connects many clients, each with its own request."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self.host, self.port = address.hostname, address.port

    async def connect(self, paths: Sequence[str], header: str = "Accept: */*") -> list[Client]:
        """Send a request for each path."""
        loop = asyncio.get_running_loop()
        clients = []
        for path in paths:
            request = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{header}\r\n\r\n".encode()
            _, client = await loop.create_connection(partial(Client, request), self.host, self.port)
            clients.append(client)
        return clients


async def accept_jobs(job_store: JobStore, count: int) -> list[Job]:
    """Record jobs as a gateway does."""
    facts = InputFacts("cat.jpg", "image/jpeg", 100_000, "ab" * 32)
    pipeline = {"outputs": [{"name": "thumb", "width": 320, "format": "webp"}]}
    return [
        await job_store.accept(NewJob(new_job_id(), "inputs/abc/cat.jpg", facts, pipeline))
        for _ in range(count)
    ]


def complete(claim: Claim) -> Completed:
    path = output_key(claim.id, claim.fence, "thumb.webp")
    output = OutputFile("thumb", path, "image/webp", 5000, 320, 240, 1, "cd" * 32)
    return Completed(claim, InputImage(640, 480, 1), (output,))


async def measure_uploads(url: str, photo: Path) -> list[float]:
    """Return the seconds that each of several sequential uploads took."""
    content, times = photo.read_bytes(), []
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        for _ in range(UPLOADS):
            began = time.perf_counter()
            response = await client.post(
                "/upload", content=content, headers={"Content-Type": "image/jpeg"}
            )
            response.raise_for_status()
            times.append(time.perf_counter() - began)
    return times[UPLOADS // 10 :]  # the first ones open connections


async def measure_waits(
    stack: Stack, job_store: JobStore, leases: JobLeases, pause: float
) -> WaitMeasurement:
    """Measure clients that wait for jobs, which end in batches with this pause between them."""
    jobs = await accept_jobs(job_store, CLIENTS)
    claims = [
        claim
        for start in range(0, CLIENTS, BATCH)
        for claim in await leases.claim([job.id for job in jobs[start : start + BATCH]])
    ]
    clients = await ClientFactory(stack.url).connect(
        [f"/jobs/{claim.id}" for claim in claims], "Prefer: wait=60"
    )
    await wait_until_idle(stack)
    assert not any(client.received.is_set() for client in clients)
    ended_at: list[float] = []
    began, used = time.perf_counter(), cpu_seconds(stack)
    for start in range(0, CLIENTS, BATCH):
        batch = claims[start : start + BATCH]
        assert not await leases.finish([complete(claim) for claim in batch])
        ended_at += [time.perf_counter()] * len(batch)
        await asyncio.sleep(pause)
    took = time.perf_counter() - began
    await asyncio.gather(*(client.received.wait() for client in clients))
    assert all(b'"status":"COMPLETED"' in client.response for client in clients)
    delays = [client.received_at - at for client, at in zip(clients, ended_at, strict=True)]
    for client in clients:
        client.transport.close()
    return WaitMeasurement(delays, CLIENTS / took, (cpu_seconds(stack) - used) / CLIENTS)


def cpu_seconds(stack: Stack) -> float:
    return sum(psutil.Process(stack.api.pid).cpu_times()[:2])


async def wait_until_idle(stack: Stack) -> None:
    """Return once the gateway uses no CPU time."""
    used = -1.0
    while cpu_seconds(stack) - used > 0.05:
        used = cpu_seconds(stack)
        await asyncio.sleep(1)


def rss_mebibytes(stack: Stack) -> float:
    return float(psutil.Process(stack.api.pid).memory_info().rss) / 2**20


def percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


def format_milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


async def main() -> None:
    configure_logs("error", None)
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        photo = folder / "landscape.jpg"
        draw_picture(photo)
        port = find_free_port()
        commands = ServiceCommands(ServiceCommands.for_address("127.0.0.1", port).api, IDLE_WORKER)
        quiet = {"LOG_LEVEL": "error"}
        stack = await opened.enter_async_context(
            run_stack(folder / "data", "127.0.0.1", port, quiet, commands=commands)
        )
        pg, valkey = stack.postgres, stack.valkey
        notifications = await opened.enter_async_context(
            JobNotifications.open(address_of_valkey(valkey))
        )
        pool = await opened.enter_async_context(Postgres.open(address_of_postgres(pg), 4))
        job_store = JobStore(pool, publish=notifications.publish)
        leases = JobLeases(pool, uuid4(), timedelta(seconds=600), notifications.publish)
        await print_report(stack, job_store, leases, photo)


async def print_report(stack: Stack, job_store: JobStore, leases: JobLeases, photo: Path) -> None:
    table = Table(title=f"{CLIENTS} waiting clients on this machine, in one run")
    for heading in ("", "measured", "allowed"):
        table.add_column(heading, justify="right" if heading else "left")
    baseline = await measure_uploads(stack.url, photo)
    before = rss_mebibytes(stack)
    jobs = await accept_jobs(job_store, CLIENTS)
    for what, paths in (
        ("of a job each", [f"/jobs/{job.id}/events" for job in jobs]),
        ("of all jobs", ["/events"] * CLIENTS),
    ):
        clients = await ClientFactory(stack.url).connect(paths)
        await asyncio.gather(*(client.received.wait() for client in clients))
        await wait_until_idle(stack)
        table.add_row(
            f"additional RSS with streams {what}",
            f"{rss_mebibytes(stack) - before:.1f} MiB",
            "60 MiB",
        )
        during = await measure_uploads(stack.url, photo)
        for name, share in (("median", 50), ("p95", 95)):
            ratio = percentile(during, share) / percentile(baseline, share)
            table.add_row(
                f"uploads during streams {what}, {name}",
                f"{format_milliseconds(percentile(during, share))}, {ratio:.2f} times the baseline",
                "2 times",
            )
        for client in clients:
            client.transport.close()
        await wait_until_idle(stack)
    for pause, allowed in ((BATCH_SECONDS, "100 ms"), (0.0, "")):
        waited = await measure_waits(stack, job_store, leases, pause)
        for share in (50, 95, 99):
            table.add_row(
                f"from an end to its response, {waited.rate:.0f} ends a second, p{share}",
                format_milliseconds(percentile(waited.delays, share)),
                allowed if share == 95 else "",
            )
        table.add_row("the gateway's CPU time per response", format_milliseconds(waited.cpu), "")
    Console(width=110).print(table)


if __name__ == "__main__":
    uvloop.run(main())
