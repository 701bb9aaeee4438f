"""How many jobs a second one worker process claims and finishes, without pixels.

    make bench-queue                                     a table that is almost empty
    make bench-queue WAITING=1000000 ENDED=10000000      the same beside a full table
    make bench-snapshot SECONDS=600 RATE=1000            while a transaction keeps a snapshot open

The worker is `bench.queue_worker`; PostgreSQL and Valkey are real, with fsync and synchronous
commit on. Ratios compare measurements of one run.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psycopg

from bench.processes import cpu_seconds
from bench.report import print_table, save
from bench.servers import Servers
from bench.table import JobTable
from imagemill.telemetry.logs import configure_logs

FEED_SECONDS: Final = 0.05

SPAN_OF_NEWEST: Final = """
    SELECT extract(epoch FROM max(completed_at) - min(started_at))::float
      FROM (SELECT * FROM jobs ORDER BY id DESC LIMIT %s) AS newest
"""

# Jobs that arrived within a time, those of them that ended, and seconds from due to claimed.
WAITS: Final = """
    SELECT count(*), count(completed_at),
           percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
               ORDER BY extract(epoch FROM coalesce(started_at, now()) - run_at))
      FROM jobs WHERE created_at > %s AND created_at <= %s
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Jobs a second, and CPU milliseconds a job by process."""

    jobs_per_second: float
    cpu_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Waits:
    """Jobs that arrived and ended at a set rate, and seconds from due to claimed."""

    arrived: int
    ended: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class QueueBench:
    """A worker without pixels, its servers and the table that it works on."""

    servers: Servers
    table: JobTable
    worker_pid: int

    async def drain(self, count: int) -> Rate:
        """Let the worker claim and finish this many jobs that all wait already."""
        before = self._cpu()
        *_, last = self.table.add(count)
        while self.table.is_open(last) or self.table.count_open():
            await asyncio.sleep(0.2)
        (seconds,) = self.table.postgres.execute(SPAN_OF_NEWEST, [count]).fetchall()[0]
        return Rate(count / seconds, self._cpu_ms(before, count))

    async def feed(self, waiting: int, seconds: float) -> Rate:
        """Keep this many jobs waiting while the worker works for some seconds."""
        await self._feed_until(lambda: time.monotonic() + 2, waiting)
        before, since, began = self._cpu(), self.table.now(), time.monotonic()
        await self._feed_until(lambda: began + seconds, waiting)
        count, took = self.table.count_ended_since(since), time.monotonic() - began
        return Rate(count / took, self._cpu_ms(before, count))

    async def keep_rate(self, rate: int, seconds: float) -> Waits:
        """Let jobs arrive at this rate; return how they fared."""
        since, began, added = self.table.now(), time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            if due := int(elapsed * rate) - added:
                self.table.add(due)
                added += due
            await asyncio.sleep(FEED_SECONDS)
        until = self.table.now()
        await asyncio.sleep(1)
        arrived, ended, (p50, p99) = self.table.postgres.execute(WAITS, [since, until]).fetchall()[
            0
        ]
        return Waits(arrived, ended, p50, p99)

    @contextmanager
    def paused_worker(self) -> Iterator[None]:
        """Stop the worker's process while the block runs."""
        os.kill(self.worker_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.worker_pid, signal.SIGCONT)

    async def _feed_until(self, end: Callable[[], float], waiting: int) -> None:
        until = end()
        while time.monotonic() < until:
            if missing := waiting - self.table.count_queued():
                self.table.add(missing)
            await asyncio.sleep(FEED_SECONDS)

    def _cpu(self) -> dict[str, float]:
        pids = {
            "worker": self.worker_pid,
            "PostgreSQL": self.servers.postgres.pid,
            "Valkey": self.servers.valkey.pid,
        }
        return {name: cpu_seconds(pid) for name, pid in pids.items()}

    def _cpu_ms(self, before: dict[str, float], count: int) -> dict[str, float]:
        return {name: 1000 * (now - before[name]) / count for name, now in self._cpu().items()}


@asynccontextmanager
async def run_bench(folder: Path, concurrency: int) -> AsyncIterator[QueueBench]:
    """Run servers and a worker during the block; its log goes to a file, as a service's would."""
    async with Servers.run(folder) as servers:
        environment = servers.environment(os.environ) | {
            "WORKER_CONCURRENCY": str(concurrency),
            "LOG_FORMAT": "json",
        }
        with (folder / "worker.log").open("wb") as log:
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.queue_worker"), env=environment, stderr=log
            )
        table = JobTable.open(servers.postgres_address, servers.redis_address)
        try:
            yield QueueBench(servers, table, worker.pid)
        finally:
            table.close()
            worker.send_signal(signal.SIGTERM)
            await worker.wait()


async def measure_fill(bench: QueueBench, options: argparse.Namespace) -> dict[str, object]:
    """Measure an almost empty table, then one with as many rows as the options say."""
    await bench.drain(options.warm_up)
    results: dict[str, object] = {f"{options.jobs:,} jobs": asdict(await bench.drain(options.jobs))}
    if options.waiting or options.ended:
        bench.table.clear()
        few = await bench.feed(options.few, options.seconds)
        results[f"{options.few:,} waiting"] = asdict(few)
        with bench.paused_worker():
            bench.table.add_ended(options.ended)
            bench.table.add(options.waiting)
            bench.table.settle()
        many = await bench.feed(options.waiting, options.seconds)
        name = f"{options.waiting:,} waiting, {options.ended:,} ended"
        ratio = many.jobs_per_second / few.jobs_per_second
        results[name] = asdict(many) | {"ratio": ratio}
    return results


async def measure_snapshot(bench: QueueBench, options: argparse.Namespace) -> dict[str, object]:
    """Measure before and after a time in which jobs arrive and a snapshot is kept open."""
    await bench.drain(options.warm_up)
    before = await bench.drain(options.jobs)
    results: dict[str, object] = {"before": asdict(before)}
    with psycopg.connect(bench.servers.postgres.uri) as holder:
        holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        holder.execute("SELECT FROM jobs LIMIT 1")
        parts = max(1, options.seconds // 60)
        for part in range(parts):
            waits = await bench.keep_rate(options.rate, options.seconds / parts)
            results[f"part {part + 1} of {parts}"] = asdict(waits)
        held = await bench.drain(options.jobs)
        ratio = held.jobs_per_second / before.jobs_per_second
        results["after it, still held"] = asdict(held) | {"ratio": ratio}
    return results


async def main(options: argparse.Namespace) -> dict[str, object]:
    configure_logs("warning", "json")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        async with run_bench(Path(name) / "stack", options.concurrency) as bench:
            measure = measure_snapshot if options.snapshot else measure_fill
            results = await measure(bench, options)
    print_table("claim and finish without pixels, one worker process", results)
    save("queue", {"options": vars(options), "results": results})
    return results


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.queue_rates", description=__doc__)
    parser.add_argument("--jobs", type=int, default=30_000, help="jobs that are drained at once")
    parser.add_argument("--warm-up", type=int, default=2000, help="jobs that are not measured")
    parser.add_argument("--few", type=int, default=1000, help="waiting jobs of the small table")
    parser.add_argument("--waiting", type=int, default=0, help="waiting jobs of the full table")
    parser.add_argument("--ended", type=int, default=0, help="ended jobs of the full table")
    parser.add_argument("--snapshot", action="store_true", help="keep a snapshot open")
    parser.add_argument("--rate", type=int, default=1000, help="jobs a second that arrive")
    parser.add_argument("--seconds", type=int, default=20, help="seconds of each measurement")
    parser.add_argument("--concurrency", type=int, default=256, help="jobs in flight")
    parser.add_argument("--folder", type=Path, help="where the databases are put")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    asyncio.run(main(parse(sys.argv[1:])))
