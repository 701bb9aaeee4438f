"""The faults that are injected into a stack under load."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from chaos.stack import LEASE_SECONDS, WORKERS, Stack
from imagemill.periodic import sleep_unless
from support.pooler import PGBOUNCER
from support.servers import connect, redis_client

Fault = Callable[["FaultInjector"], Awaitable[None]]


class FaultInjector:
    """Injects one fault after the other, and counts the faults and what they hit.

    PostgreSQL is read-only for `read_only_seconds` at a time. `ended` tells of workers that ended
    by themselves.
    """

    def __init__(self, stack: Stack, rng: random.Random, read_only_seconds: float) -> None:
        self.stack = stack
        self.read_only_seconds = read_only_seconds
        self.ended: list[str] = []
        self.rng = rng
        self.done: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()

    async def run(self, enough: asyncio.Event) -> None:
        """Go on until it is enough; every fault comes once before any comes again."""
        for fault in self._one_after_the_other():
            await sleep_unless(enough, self.rng.uniform(0.3, 1.5))
            if enough.is_set():
                return
            await fault(self)
            self.done[fault.__name__] += 1
            self.ended += [f"{who} after {fault.__name__}" for who in self.stack.ended_workers()]

    def _one_after_the_other(self) -> Iterator[Fault]:
        while True:
            yield from self.rng.sample(FAULTS, len(FAULTS))

    def a_worker(self) -> int:
        return self.rng.randrange(WORKERS)

    async def until_jobs_are_processed(self) -> int:
        """Wait a while for jobs that the next fault can hit, and say how many there are."""
        for _ in range(100):
            with connect(self.stack.postgres) as connection:
                rows = connection.execute("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'")
                count = int(rows.fetchall()[0][0])
            if count:
                return count
            await asyncio.sleep(0.02)
        return 0


async def kill_worker(injector: FaultInjector) -> None:
    injector.hit["jobs of killed workers"] += await injector.until_jobs_are_processed()
    await injector.stack.kill_worker(injector.a_worker())


async def kill_image_process(injector: FaultInjector) -> None:
    await injector.until_jobs_are_processed()
    injector.hit["killed image processes"] += injector.stack.kill_image_process(
        injector.a_worker(), injector.rng
    )


async def kill_gateway(injector: FaultInjector) -> None:
    await injector.stack.kill_gateway()


async def restart_worker(injector: FaultInjector) -> None:
    await injector.stack.restart_worker(injector.a_worker())


async def freeze_worker(injector: FaultInjector) -> None:
    injector.hit["jobs of frozen workers"] += await injector.until_jobs_are_processed()
    await injector.stack.freeze_worker(injector.a_worker(), LEASE_SECONDS + 3)


async def wipe_redis(injector: FaultInjector) -> None:
    with injector.stack.workers_frozen(), redis_client(injector.stack.redis) as client:
        for _ in range(60):
            if client.dbsize():  # an empty list is no key at all
                break
            await asyncio.sleep(0.05)
        injector.hit["queues that were not empty when they were wiped"] += client.dbsize()
        client.flushall()


async def stop_redis(injector: FaultInjector) -> None:
    await injector.stack.stop_redis(2)


async def freeze_redis(injector: FaultInjector) -> None:
    await injector.stack.freeze_redis(2)


async def crash_postgres(injector: FaultInjector) -> None:
    injector.hit[
        "jobs in process when PostgreSQL crashed"
    ] += await injector.until_jobs_are_processed()
    await injector.stack.crash_postgres()


async def make_postgres_read_only(injector: FaultInjector) -> None:
    injector.hit[
        "jobs in process when PostgreSQL became read-only"
    ] += await injector.until_jobs_are_processed()
    await injector.stack.make_postgres_read_only(injector.read_only_seconds)


async def refuse_results(injector: FaultInjector) -> None:
    """Let the table refuse what no worker foresees; shorter than the first delay between tries."""
    injector.hit[
        "jobs in process when results were refused"
    ] += await injector.until_jobs_are_processed()
    with connect(injector.stack.postgres) as connection:
        connection.execute(
            "ALTER TABLE jobs ADD CONSTRAINT refused CHECK (status <> 'COMPLETED') NOT VALID"
        )
        try:
            await asyncio.sleep(0.8)
        finally:
            connection.execute("ALTER TABLE jobs DROP CONSTRAINT refused")


async def withdraw_rights_in_redis(injector: FaultInjector) -> None:
    with redis_client(injector.stack.redis) as client:
        client.execute_command("ACL", "SETUSER", "default", *RIGHTS_OFF)
        await asyncio.sleep(2)
        client.execute_command("ACL", "SETUSER", "default", "+@all")


async def restart_pooler(injector: FaultInjector) -> None:
    await injector.stack.restart_pooler()


RIGHTS_OFF = ("-rpush", "-blmpop", "-publish", "-subscribe")

FAULTS: tuple[Fault, ...] = (
    kill_worker,
    kill_image_process,
    kill_gateway,
    restart_worker,
    freeze_worker,
    wipe_redis,
    stop_redis,
    freeze_redis,
    crash_postgres,
    make_postgres_read_only,
    refuse_results,
    withdraw_rights_in_redis,
    *([restart_pooler] if PGBOUNCER else []),
)
