"""The whole service on servers of its own: a gateway, workers, a PostgreSQL and a Valkey.

Where there is pgbouncer, one of the workers reaches PostgreSQL through it.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

import psutil

from imagemill.embedded.postgres import Postgres
from imagemill.embedded.valkey import Valkey
from imagemill.postgres.migrate import migrate
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.pooler import PGBOUNCER, Pooler
from support.process import Service, answers, free_port, wait_until
from support.servers import connect

WORKERS = 2
LEASE_SECONDS = 3.0


class Stack:
    def __init__(
        self, folder: Path, postgres: Postgres, valkey: Valkey, pooler: Pooler | None
    ) -> None:
        self.folder = folder
        self.pooler = pooler
        self.storage = folder / "storage"
        self.postgres_server = postgres.server
        self.valkey_server = valkey.server
        self.postgres = PostgresAddress(
            postgres.host, postgres.port, postgres.user, postgres.password, postgres.dbname
        )
        self.redis = RedisAddress(valkey.host, valkey.port, valkey.password)
        self.port = free_port()
        self.gateway = self._start_gateway()
        self.workers = [self._start_worker(number) for number in range(WORKERS)]

    @classmethod
    @asynccontextmanager
    async def run(cls, folder: Path) -> AsyncIterator["Stack"]:
        """Run everything in the folder until the block is left; wait for the gateway first."""
        async with (
            Postgres.run(folder / "postgres") as postgres,
            Valkey.run(folder / "valkey") as v,
        ):
            address = PostgresAddress(
                postgres.host, postgres.port, postgres.user, postgres.password, postgres.dbname
            )
            await asyncio.to_thread(migrate, address)
            with Pooler.before(address) if PGBOUNCER else nullcontext() as pooler:
                stack = cls(folder, postgres, v, pooler)
                try:
                    await asyncio.to_thread(stack._wait_until_ready)
                    yield stack
                finally:
                    await asyncio.to_thread(stack._end_services)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log_of_workers(self) -> str:
        return "".join(worker.logged() for worker in self.workers)

    async def kill_gateway(self) -> None:
        await asyncio.to_thread(self.gateway.kill)
        self.gateway = self._start_gateway()

    async def kill_worker(self, number: int) -> None:
        await asyncio.to_thread(self.workers[number].kill)
        self.workers[number] = self._start_worker(number)

    async def restart_worker(self, number: int) -> None:
        """Stop a worker as a deployment does, and start its successor."""
        await asyncio.to_thread(self.workers[number].stop)
        self.workers[number] = self._start_worker(number)

    async def freeze_worker(self, number: int, seconds: float) -> None:
        with frozen(self.workers[number].pid):
            await asyncio.sleep(seconds)

    @contextmanager
    def workers_frozen(self) -> Iterator[None]:
        with ExitStack() as stack:
            for worker in self.workers:
                stack.enter_context(frozen(worker.pid))
            yield

    def kill_image_process(self, number: int, rng: random.Random) -> bool:
        """Kill one of the processes that a worker decodes in; say whether it had one."""
        children = psutil.Process(self.workers[number].pid).children()
        if not children:
            return False
        rng.choice(children).kill()
        return True

    async def crash_postgres(self) -> None:
        """End every process of PostgreSQL at once, without a checkpoint, and let it recover."""
        os.kill(self.postgres_server.pid, signal.SIGQUIT)
        await self.postgres_server.wait()
        await self.postgres_server.start()

    async def make_postgres_read_only(self, seconds: float) -> None:
        """Let it be as after a failover: sessions end, and new ones are read-only for a while."""
        name = self.postgres.dbname
        with connect(self.postgres) as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            try:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = current_user AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(seconds)
            finally:
                connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await self.restart_pooler()  # it keeps sessions that would stay read-only

    async def restart_pooler(self) -> None:
        if self.pooler is not None:
            await asyncio.to_thread(self.pooler.restart)

    def ended_workers(self) -> list[str]:
        """Return which workers have ended that nobody ended, and restart them."""
        ended = []
        for number, worker in enumerate(self.workers):
            if (status := worker.process.poll()) is not None:
                ended.append(f"worker {number} ended with {status}")
                self.workers[number] = self._start_worker(number)
        return ended

    async def stop_redis(self, seconds: float) -> None:
        await self.valkey_server.kill()
        await asyncio.sleep(seconds)
        await self.valkey_server.start()

    async def freeze_redis(self, seconds: float) -> None:
        with frozen(self.valkey_server.pid):
            await asyncio.sleep(seconds)

    def _start_gateway(self) -> Service:
        arguments = ["api", "--port", str(self.port)]
        return Service(arguments, self._environment(), self.folder / "gateway.log")

    def _start_worker(self, number: int) -> Service:
        arguments = ["worker", "--concurrency", "2"]
        pooled = self.pooler.environment() if self.pooler and number == 0 else {}
        log = self.folder / f"worker-{number}.log"
        return Service(arguments, self._environment() | pooled, log)

    def _environment(self) -> dict[str, str]:
        return {
            "PG_HOST": self.postgres.host,
            "PG_PORT": str(self.postgres.port),
            "PG_USER": self.postgres.user,
            "PG_PASSWORD": self.postgres.password,
            "PG_DBNAME": self.postgres.dbname,
            "PG_POOL_SIZE": "4",
            "REDIS_HOST": self.redis.host,
            "REDIS_PORT": str(self.redis.port),
            "REDIS_PASSWORD": self.redis.password,
            "STORAGE_URL": self.storage.as_uri(),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "SHUTDOWN_GRACE_SECONDS": "2",
            "JOB_TIMEOUT_SECONDS": "20",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "WEBHOOK_SCHEDULE_SECONDS": ",".join(["1"] * 100),
        }

    def _wait_until_ready(self) -> None:
        is_ready = lambda: answers(self.gateway, self.port)  # noqa: E731
        wait_until(is_ready, "the gateway answers", self.gateway.logged)

    def _end_services(self) -> None:
        for service in (self.gateway, *self.workers):
            service.kill()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process meanwhile: alive, it receives nothing, and continues late."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
