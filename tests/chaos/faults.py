"""What is done to the mill while it works."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from chaos.mill import LEASE_SECONDS, WORKERS, Mill
from imagemill.periodic import sleep_unless
from support.servers import connect, redis_client

Fault = Callable[["Nemesis"], Awaitable[None]]


class Nemesis:
    """Does one thing after the other to the mill, and counts what it did and what that hit."""

    def __init__(self, mill: Mill, chance: random.Random) -> None:
        self.mill = mill
        self.chance = chance
        self.done: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()

    async def run(self, enough: asyncio.Event) -> None:
        """Go on until it is enough; every fault comes once before any comes again."""
        for fault in self._one_after_the_other():
            await sleep_unless(enough, self.chance.uniform(0.3, 1.5))
            if enough.is_set():
                return
            await fault(self)
            self.done[fault.__name__] += 1

    def _one_after_the_other(self) -> Iterator[Fault]:
        while True:
            yield from self.chance.sample(FAULTS, len(FAULTS))

    def a_worker(self) -> int:
        return self.chance.randrange(WORKERS)

    async def until_jobs_are_processed(self) -> int:
        """Wait a while for jobs that the next fault can hit, and say how many there are."""
        for _ in range(100):
            with connect(self.mill.postgres) as connection:
                rows = connection.execute("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'")
                count = int(rows.fetchall()[0][0])
            if count:
                return count
            await asyncio.sleep(0.02)
        return 0


async def kill_worker(nemesis: Nemesis) -> None:
    nemesis.hit["jobs in the hands of killed workers"] += await nemesis.until_jobs_are_processed()
    await nemesis.mill.kill_worker(nemesis.a_worker())


async def kill_child(nemesis: Nemesis) -> None:
    await nemesis.until_jobs_are_processed()
    nemesis.hit["killed children"] += nemesis.mill.kill_a_child(nemesis.a_worker(), nemesis.chance)


async def kill_gateway(nemesis: Nemesis) -> None:
    await nemesis.mill.kill_gateway()


async def restart_worker(nemesis: Nemesis) -> None:
    await nemesis.mill.restart_worker(nemesis.a_worker())


async def freeze_worker(nemesis: Nemesis) -> None:
    nemesis.hit["jobs in the hands of frozen workers"] += await nemesis.until_jobs_are_processed()
    await nemesis.mill.freeze_worker(nemesis.a_worker(), LEASE_SECONDS + 3)


async def wipe_redis(nemesis: Nemesis) -> None:
    with nemesis.mill.workers_frozen(), redis_client(nemesis.mill.redis) as client:
        for _ in range(60):
            if client.dbsize():  # an empty list is no key at all
                break
            await asyncio.sleep(0.05)
        nemesis.hit["lines that were not empty when they were wiped"] += client.dbsize()
        client.flushall()


async def stop_redis(nemesis: Nemesis) -> None:
    await nemesis.mill.stop_redis(2)


async def freeze_redis(nemesis: Nemesis) -> None:
    await nemesis.mill.freeze_redis(2)


async def crash_postgres(nemesis: Nemesis) -> None:
    nemesis.hit[
        "jobs in process when PostgreSQL crashed"
    ] += await nemesis.until_jobs_are_processed()
    await nemesis.mill.crash_postgres()


FAULTS: tuple[Fault, ...] = (
    kill_worker,
    kill_child,
    kill_gateway,
    restart_worker,
    freeze_worker,
    wipe_redis,
    stop_redis,
    freeze_redis,
    crash_postgres,
)
