"""Process of a worker: opens its resources in one place and runs it."""

import asyncio
import signal
from contextlib import suppress
from datetime import timedelta
from functools import partial

import structlog

from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.sandbox import Confinement, Sandbox
from imagemill.imaging.spec.fonts import check_fonts
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue, QueueUnavailable
from imagemill.settings import Settings
from imagemill.storage.open_storage import open_storage
from imagemill.telemetry.metrics import QUEUE_FAILURES
from imagemill.telemetry.traces import enable_tracing
from imagemill.worker.attempt import discard_outputs, run_attempt
from imagemill.worker.build import Connections, build_worker
from imagemill.worker.health_server import HealthServer
from imagemill.worker.liveness import Liveness
from imagemill.worker.metrics import count_exit, init_metrics

log = structlog.get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then drain. A second SIGINT ends the process at once."""
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    init_metrics()
    with enable_tracing("imagemill-worker"):
        await _run(settings, stopping)


async def _run(settings: Settings, stopping: asyncio.Event) -> None:
    check_fonts(settings.assets_dir)
    limits = Limits.from_settings(settings)
    confinement = Confinement(settings.sandbox, jobs_per_process=settings.jobs_per_process)
    liveness = Liveness()
    async with (  # closed in reverse order, whatever happens inside
        open_storage(settings.storage_url, settings.disk_reserve_bytes) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        JobQueue.open(settings.redis, on_failure=QUEUE_FAILURES.inc) as queue,
        JobNotifications.open(settings.redis) as notifications,
        storage.scratch_folder() as scratch_dir,
        Sandbox.open(
            settings.worker_concurrency, limits, confinement, scratch_dir, on_exit=count_exit
        ) as sandbox,
        HealthServer(liveness, sandbox.level).open(settings.health_port),
    ):
        with suppress(QueueUnavailable):  # logged, and the worker goes on without Redis
            await queue.check()
        worker = build_worker(
            settings,
            Connections(postgres, queue, notifications, storage),
            liveness,
            sandbox.level,
            partial(run_attempt, storage, sandbox),
            partial(discard_outputs, storage),
        )
        log.info(
            "worker.started",
            worker=str(worker.leases.worker),
            concurrency=settings.worker_concurrency,
            sandbox=str(sandbox.level),
        )
        await worker.run(stopping, timedelta(seconds=settings.shutdown_grace_seconds))
    log.info("worker.stopped", worker=str(worker.leases.worker))


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C interrupts the drain

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
