"""The Worker-Service as a process: opens what a worker needs, in one place, and runs it."""

import asyncio
import signal
import ssl
from contextlib import aclosing
from datetime import timedelta
from uuid import uuid4

import structlog

from imagemill.imaging.sandbox import Confinement, Sandbox
from imagemill.jobs.belongings import Inventory
from imagemill.jobs.deliveries import Deliveries
from imagemill.jobs.leases import Leases
from imagemill.jobs.line import Line
from imagemill.jobs.news import News
from imagemill.jobs.postgres import Postgres
from imagemill.jobs.removals import Removals
from imagemill.limits import limits_of
from imagemill.settings import Settings
from imagemill.storage.volume import Volume
from imagemill.telemetry.metrics import LINE_FAILURES
from imagemill.telemetry.traces import tracing
from imagemill.webhooks.names import Names
from imagemill.webhooks.seats import ALL
from imagemill.webhooks.sender import Sender
from imagemill.webhooks.signing import Signing
from imagemill.webhooks.vetting import Vetting
from imagemill.worker.attempt import Mill
from imagemill.worker.counters import begin_counting, count_exit
from imagemill.worker.courier import Courier
from imagemill.worker.holder import Holder
from imagemill.worker.housekeeping import JANITOR_PAUSE_SECONDS, Housekeeping
from imagemill.worker.janitor import Janitor
from imagemill.worker.port import Port
from imagemill.worker.pulse import Pulse
from imagemill.worker.recorder import Recorder
from imagemill.worker.retention import Retention
from imagemill.worker.source import Source
from imagemill.worker.worker import Worker

log = structlog.get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then drain. A second SIGINT ends at once."""
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    begin_counting()
    with tracing("imagemill-worker"):
        await _work(settings, stopping)


async def _work(settings: Settings, stopping: asyncio.Event) -> None:
    limits = limits_of(settings)
    confinement = Confinement(settings.sandbox, jobs_per_child=settings.jobs_per_child)
    pulse = Pulse()
    async with (  # closed in reverse order, whatever happens inside
        aclosing(await Volume.open(settings.storage_root, settings.disk_reserve_bytes)) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        Line.open(settings.redis, failed=LINE_FAILURES.inc) as line,
        News.open(settings.redis) as news,
        storage.scratch() as workplace,
        Sandbox.open(
            settings.worker_concurrency, limits, confinement, workplace, on_exit=count_exit
        ) as sandbox,
        Port(pulse, sandbox.level).open(settings.health_port),
    ):
        leases = Leases(postgres, worker=uuid4(), lease=settings.lease, tell=news.tell)
        courier = Courier(
            Deliveries(postgres),
            Sender(
                Vetting(Names(ALL).addresses, settings.webhook_allow_private),
                ssl.create_default_context(),
            ),
            Signing(postgres, settings.webhook_secret),
            settings.webhook_schedule,
            asyncio.Event(),
        )
        recorder = Recorder(leases, courier.bell)
        holder = Holder(leases, Mill(storage, sandbox), recorder, settings.worker_concurrency)
        housekeeping = Housekeeping(
            Retention(Removals(postgres), storage, settings.retention),
            Janitor(Inventory(postgres), storage, limits.timeout, JANITOR_PAUSE_SECONDS),
        )
        worker = Worker(
            leases, Source(leases, line), holder, recorder, storage, pulse, housekeeping, courier
        )
        log.info(
            "worker.started",
            worker=str(leases.worker),
            concurrency=settings.worker_concurrency,
            sandbox=str(sandbox.level),
        )
        await worker.run(stopping, timedelta(seconds=settings.shutdown_grace_seconds))
    log.info("worker.stopped", worker=str(leases.worker))


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C is not asked twice

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
