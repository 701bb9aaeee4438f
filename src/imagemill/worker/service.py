"""Process of a worker: opens its resources in one place, wires its parts and runs it."""

import asyncio
import signal
import ssl
from datetime import timedelta
from functools import partial
from uuid import uuid4

import structlog

from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.sandbox import Confinement, Sandbox
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.jobs.leases import JobLeases
from imagemill.maintenance.file_deletions import FileDeletions
from imagemill.maintenance.janitor import Janitor
from imagemill.maintenance.retention import Retention
from imagemill.maintenance.schedule import JANITOR_PAUSE_SECONDS, Maintenance
from imagemill.maintenance.scheduled_tasks import ScheduledTasks
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.open_storage import open_storage
from imagemill.telemetry.metrics import QUEUE_FAILURES
from imagemill.telemetry.traces import enable_tracing
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.dispatcher import WebhookDispatcher
from imagemill.webhooks.receiver_limiter import MAX_TRIES
from imagemill.webhooks.resolver import Resolver
from imagemill.webhooks.sender import Sender
from imagemill.webhooks.signing import Signer
from imagemill.webhooks.vetting import Vetting
from imagemill.worker.attempt import discard_outputs, run_attempt
from imagemill.worker.health_server import HealthServer
from imagemill.worker.job_executor import JobExecutor
from imagemill.worker.job_fetcher import JobFetcher
from imagemill.worker.liveness import Liveness
from imagemill.worker.metrics import (
    count_decisions,
    count_exit,
    count_webhook_try,
    init_metrics,
    measure_attempts,
)
from imagemill.worker.record import record_decision
from imagemill.worker.result_batcher import ResultBatcher
from imagemill.worker.tracing import trace_job, trace_outcome, trace_recording, trace_webhooks
from imagemill.worker.worker import Worker

log = structlog.get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then drain. A second SIGINT ends the process at once."""
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    init_metrics()
    with enable_tracing("imagemill-worker"):
        await _run(settings, stopping)


async def _run(settings: Settings, stopping: asyncio.Event) -> None:
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
        leases = JobLeases(
            postgres, worker=uuid4(), lease=settings.lease, publish=notifications.publish
        )
        dispatcher = WebhookDispatcher(
            Deliveries(postgres),
            trace_webhooks(
                Sender(
                    Vetting(Resolver(MAX_TRIES).resolve, settings.webhook_allow_private),
                    ssl.create_default_context(),
                ).send
            ),
            Signer(postgres, settings.webhook_secret),
            settings.webhook_schedule,
            wakeup=asyncio.Event(),
            on_result=count_webhook_try,
        )
        results = ResultBatcher(leases, dispatcher.wakeup)
        executor = JobExecutor(
            leases=leases,
            run_attempt=measure_attempts(trace_outcome(partial(run_attempt, storage, sandbox))),
            record=trace_recording(count_decisions(partial(record_decision, leases, results))),
            discard_outputs=partial(discard_outputs, storage),
            concurrency=settings.worker_concurrency,
            trace_job=trace_job,
        )
        maintenance = Maintenance(
            Retention(FileDeletions(postgres), storage, settings.retention),
            Janitor(JobFilesIndex(postgres), storage, limits.timeout, JANITOR_PAUSE_SECONDS),
            ScheduledTasks(postgres),
        )
        worker = Worker(
            leases=leases,
            fetcher=JobFetcher(leases, queue),
            executor=executor,
            results=results,
            storage=storage,
            liveness=liveness,
            maintenance=maintenance,
            dispatcher=dispatcher,
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
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C interrupts the drain

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
