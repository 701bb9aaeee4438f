"""What waiting clients cost: memory a stream, uploads beside them, and how soon they are told.

    make bench-streams

All of it on one machine, clients included, against a real gateway, PostgreSQL and Valkey. There is
no worker: this script ends the jobs itself, in batches and by the statement that workers use, and
takes the time from the moment at which each commit returned.
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

from imagemill.embedded.ports import free_port
from imagemill.embedded.stack import Commands, Stack, run_stack
from imagemill.image_files import InputImage, OutputFile
from imagemill.imaging.drawing import draw_picture
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Claim, Completed, InputFacts, Job, NewJob
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from imagemill.storage.keys import attempt_key
from imagemill.telemetry.logs import configure_logs

CLIENTS: Final = 1000
UPLOADS: Final = 200
# Two hundred pictures a second, as a handful of machines makes them, sixteen recorded at once.
BATCH: Final = 16
BATCH_SECONDS: Final = 0.08
NOBODY: Final = (sys.executable, "-c", "import signal; signal.pause()")


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from each end to its answer; ends a second; the gateway's CPU time an answer."""

    delays: list[float]
    rate: float
    cpu: float


@dataclass
class Client(asyncio.Protocol):
    """One connection with one request; notes when the first and the last bytes came."""

    request: bytes
    came: asyncio.Event = field(default_factory=asyncio.Event)
    came_at: float = 0.0
    answer: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop has a class of its own
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.came_at = time.perf_counter()
        self.answer = data
        self.came.set()


class ConnectionLimiter:
    """Many clients at once, each with a request of its own."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self.host, self.port = address.hostname, address.port

    async def ask(self, paths: Sequence[str], header: str = "Accept: */*") -> list[Client]:
        """Send a request for each path."""
        loop = asyncio.get_running_loop()
        clients = []
        for path in paths:
            request = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{header}\r\n\r\n".encode()
            _, client = await loop.create_connection(partial(Client, request), self.host, self.port)
            clients.append(client)
        return clients


async def accepted(job_store: JobStore, count: int) -> list[Job]:
    """Record jobs as a gateway does."""
    facts = InputFacts("cat.jpg", "image/jpeg", 100_000, "ab" * 32)
    pipeline = {"outputs": [{"name": "thumb", "width": 320, "format": "webp"}]}
    return [
        await job_store.accept(NewJob(new_job_id(), "inputs/abc/cat.jpg", facts, pipeline))
        for _ in range(count)
    ]


def done(claim: Claim) -> Completed:
    path = f"{attempt_key(claim.id, claim.fence)}/thumb.webp"
    output = OutputFile("thumb", path, "image/webp", 5000, 320, 240, 1, "cd" * 32)
    return Completed(claim, InputImage(640, 480, 1), (output,))


async def upload_times(url: str, photo: Path) -> list[float]:
    """Return how many seconds each of some uploads took, one after the other."""
    content, times = photo.read_bytes(), []
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        for _ in range(UPLOADS):
            began = time.perf_counter()
            answer = await client.post(
                "/upload", content=content, headers={"Content-Type": "image/jpeg"}
            )
            answer.raise_for_status()
            times.append(time.perf_counter() - began)
    return times[UPLOADS // 10 :]  # the first ones open connections


async def waits(stack: Stack, job_store: JobStore, leases: JobLeases, pause: float) -> Waits:
    """Let many wait for the ends of jobs, which come in batches with this pause in between."""
    jobs = await accepted(job_store, CLIENTS)
    claims = [
        claim
        for start in range(0, CLIENTS, BATCH)
        for claim in await leases.claim([job.id for job in jobs[start : start + BATCH]])
    ]
    clients = await ConnectionLimiter(stack.url).ask(
        [f"/jobs/{claim.id}" for claim in claims], "Prefer: wait=60"
    )
    await quiet(stack)
    assert not any(client.came.is_set() for client in clients)
    ended_at: list[float] = []
    began, used = time.perf_counter(), cpu(stack)
    for start in range(0, CLIENTS, BATCH):
        batch = claims[start : start + BATCH]
        assert not await leases.finish([done(claim) for claim in batch])
        ended_at += [time.perf_counter()] * len(batch)
        await asyncio.sleep(pause)
    took = time.perf_counter() - began
    await asyncio.gather(*(client.came.wait() for client in clients))
    assert all(b'"status":"COMPLETED"' in client.answer for client in clients)
    delays = [client.came_at - at for client, at in zip(clients, ended_at, strict=True)]
    for client in clients:
        client.transport.close()
    return Waits(delays, CLIENTS / took, (cpu(stack) - used) / CLIENTS)


def cpu(stack: Stack) -> float:
    return sum(psutil.Process(stack.api.pid).cpu_times()[:2])


async def quiet(stack: Stack) -> None:
    """Return once the gateway has nothing to do: all that came are let in."""
    used = -1.0
    while cpu(stack) - used > 0.05:
        used = cpu(stack)
        await asyncio.sleep(1)


def rss(stack: Stack) -> float:
    return float(psutil.Process(stack.api.pid).memory_info().rss) / 2**20


def percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


async def main() -> None:
    configure_logs("error", None)
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        photo = folder / "landscape.jpg"
        draw_picture(photo)
        port = free_port()
        commands = Commands(Commands.listening_on("127.0.0.1", port).api, NOBODY)
        quiet = {"LOG_LEVEL": "error"}
        stack = await opened.enter_async_context(
            run_stack(folder / "data", "127.0.0.1", port, quiet, commands=commands)
        )
        pg, valkey = stack.postgres, stack.valkey
        notifications = await opened.enter_async_context(
            JobNotifications.open(RedisAddress(valkey.host, valkey.port, valkey.password))
        )
        address = PostgresAddress(pg.host, pg.port, pg.user, pg.password, pg.dbname)
        pool = await opened.enter_async_context(Postgres.open(address, 4))
        job_store = JobStore(pool, publish=notifications.publish)
        leases = JobLeases(pool, uuid4(), timedelta(seconds=600), notifications.publish)
        await report(stack, job_store, leases, photo)


async def report(stack: Stack, job_store: JobStore, leases: JobLeases, photo: Path) -> None:
    table = Table(title=f"{CLIENTS} clients that wait, on this machine, in one run")
    for heading in ("", "measured", "allowed"):
        table.add_column(heading, justify="right" if heading else "left")
    usual = await upload_times(stack.url, photo)
    before = rss(stack)
    jobs = await accepted(job_store, CLIENTS)
    for what, paths in (
        ("of a job each", [f"/jobs/{job.id}/events" for job in jobs]),
        ("of all jobs", ["/events"] * CLIENTS),
    ):
        clients = await ConnectionLimiter(stack.url).ask(paths)
        await asyncio.gather(*(client.came.wait() for client in clients))
        await quiet(stack)
        table.add_row(f"RSS more with streams {what}", f"{rss(stack) - before:.1f} MiB", "60 MiB")
        beside = await upload_times(stack.url, photo)
        for name, share in (("median", 50), ("p95", 95)):
            ratio = percentile(beside, share) / percentile(usual, share)
            table.add_row(
                f"uploads beside streams {what}, {name}",
                f"{milliseconds(percentile(beside, share))}, {ratio:.2f} times the usual",
                "2 times",
            )
        for client in clients:
            client.transport.close()
        await quiet(stack)
    for pause, allowed in ((BATCH_SECONDS, "100 ms"), (0.0, "")):
        waited = await waits(stack, job_store, leases, pause)
        for share in (50, 95, 99):
            table.add_row(
                f"from an end to its answer, {waited.rate:.0f} ends a second, p{share}",
                milliseconds(percentile(waited.delays, share)),
                allowed if share == 95 else "",
            )
        table.add_row("the gateway's CPU time an answer", milliseconds(waited.cpu), "")
    Console(width=110).print(table)


if __name__ == "__main__":
    uvloop.run(main())
