"""The faults that are injected into a stack under load."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from chaos.stack import LEASE_SECONDS, WORKERS, Stack
from imagemill.periodic import sleep_unless
from support.servers import connect, redis_client

Fault = Callable[["FaultInjector"], Awaitable[None]]


class FaultInjector:
    """Injects one fault after the other, and counts the faults and what they hit."""

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self.stack = stack
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
)
