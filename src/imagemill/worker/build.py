"""Wiring of a worker's parts around the function that runs one attempt."""

import asyncio
import socket
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Final
from uuid import uuid4

from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.worker_registry import WorkerFacts, WorkerRegistry
from imagemill.maintenance.file_deletions import FileDeletions
from imagemill.maintenance.janitor import Janitor
from imagemill.maintenance.retention import Retention
from imagemill.maintenance.schedule import JANITOR_PAUSE_SECONDS, Maintenance
from imagemill.maintenance.scheduled_tasks import ScheduledTasks
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.protocol import Storage
from imagemill.webhooks.deferred_sender import DeferredSender
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.dispatcher import WebhookDispatcher
from imagemill.webhooks.signing import Signer
from imagemill.worker.job_executor import DiscardOutputs, JobExecutor, RunAttempt
from imagemill.worker.job_fetcher import JobFetcher
from imagemill.worker.liveness import Liveness
from imagemill.worker.metrics import count_decisions, count_webhook_try, measure_attempts
from imagemill.worker.presence import Presence
from imagemill.worker.record import record_decision
from imagemill.worker.result_batcher import ResultBatcher
from imagemill.worker.tracing import trace_job, trace_outcome, trace_recording, trace_webhooks
from imagemill.worker.worker import Worker

# Of the two attempts that share an image process, one renders while the other opens its input or
# stores its outputs. So processes do not wait for the disk, and outputs share its syncs.
ATTEMPTS_PER_PROCESS: Final = 2


@dataclass(frozen=True, slots=True)
class Connections:
    """What a worker is connected to."""

    postgres: Postgres
    queue: JobQueue
    notifications: JobNotifications
    storage: Storage


def build_worker(
    settings: Settings,
    connections: Connections,
    liveness: Liveness,
    level: ConfinementLevel,
    run_attempt: RunAttempt,
    discard_outputs: DiscardOutputs,
) -> Worker:
    """Return a worker that has not started; its id is new.

    `level` is how far its image processes are confined.
    """
    postgres, storage = connections.postgres, connections.storage
    leases = JobLeases(postgres, uuid4(), settings.lease, connections.notifications.publish)
    dispatcher = _build_dispatcher(settings, postgres)
    results = ResultBatcher(leases, dispatcher.wakeup)
    executor = JobExecutor(
        leases=leases,
        run_attempt=measure_attempts(trace_outcome(run_attempt)),
        record=trace_recording(count_decisions(partial(record_decision, leases, results))),
        discard_outputs=discard_outputs,
        concurrency=settings.worker_concurrency * ATTEMPTS_PER_PROCESS,
        trace_job=trace_job,
        report=liveness.note_run,
    )
    results.expects_results = executor.expects_results
    timeout = timedelta(seconds=settings.job_timeout_seconds)
    return Worker(
        leases=leases,
        fetcher=JobFetcher(leases, connections.queue),
        executor=executor,
        results=results,
        storage=storage,
        liveness=liveness,
        maintenance=Maintenance(
            Retention(FileDeletions(postgres), storage, settings.retention),
            Janitor(JobFilesIndex(postgres), storage, timeout, JANITOR_PAUSE_SECONDS),
            ScheduledTasks(postgres),
            WorkerRegistry(postgres),
            liveness.note_run,
        ),
        dispatcher=dispatcher,
        presence=Presence(
            WorkerRegistry(postgres),
            WorkerFacts(
                id=leases.worker,
                host=socket.gethostname(),
                version=version("imagemill"),
                concurrency=settings.worker_concurrency,
                sandbox=str(level),
            ),
            settings.lease,
        ),
    )


def _build_dispatcher(settings: Settings, postgres: Postgres) -> WebhookDispatcher:
    return WebhookDispatcher(
        Deliveries(postgres),
        trace_webhooks(DeferredSender(settings.webhook_allow_private).send),
        Signer(postgres, settings.webhook_secret),
        settings.webhook_schedule,
        wakeup=asyncio.Event(),
        on_result=count_webhook_try,
        root_path=settings.root_path,
    )
