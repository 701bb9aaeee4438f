"""Differences between PostgreSQL, Redis and the storage, as faults would make them."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

from imagemill.jobs.ids import new_job_id
from imagemill.maintenance import orphan_scan
from imagemill.storage.keys import input_key
from support.stored_jobs import store_output, write_file

from .installation import Installation

HOUR = timedelta(hours=1)


async def a_job_that_no_worker_claims(installation: Installation) -> None:
    await installation.add_pending_job()
    installation.database.execute(
        "UPDATE jobs SET run_at = now() - interval '3 hours' WHERE status = 'PENDING'"
    )


async def a_job_that_is_not_in_the_queue(installation: Installation) -> None:
    await a_job_that_no_worker_claims(installation)
    await installation.add_claimed_job()  # by a live worker


async def a_job_of_a_dead_worker(installation: Installation) -> None:
    await installation.add_claimed_job()
    installation.database.execute(
        "UPDATE jobs SET lease_expires_at = now() - interval '1 hour' WHERE status = 'PROCESSING'"
    )


async def files_of_a_deleted_job(installation: Installation) -> None:
    job = await installation.add_completed_job()
    await installation.job_store.delete(job.id)
    installation.database.execute(
        "UPDATE file_deletions SET deleted_at = now() - interval '10 minutes', due_at = now()"
    )
    await installation.storage.delete(job.input_path, *(output.path for output in job.outputs))


async def a_webhook_that_no_worker_sends(installation: Installation) -> None:
    job = await installation.add_pending_job()
    installation.database.execute("UPDATE jobs SET callback_url = 'http://receiver.example/'")
    await installation.job_store.cancel(job.id)
    installation.database.execute(
        "UPDATE deliveries SET next_try_at = now() - interval '10 minutes'"
    )


async def a_missing_input(installation: Installation) -> None:
    (installation.root / (await installation.add_pending_job()).input_path).unlink()


async def a_missing_output(installation: Installation) -> None:
    installation.output_path(await installation.add_completed_job()).unlink()


async def a_truncated_output(installation: Installation) -> None:
    os.truncate(installation.output_path(await installation.add_completed_job()), 3)


async def an_input_without_a_row(installation: Installation) -> None:
    write_file(installation.root / input_key(new_job_id(), ".jpg"), b"x" * 2048)


async def outputs_of_a_lost_attempt(installation: Installation) -> None:
    claim = await installation.add_claimed_job()
    store_output(installation.root, claim)
    await installation.leases.release([claim])


async def an_interrupted_upload(installation: Installation) -> None:
    write_file(installation.root / "tmp" / f"{uuid4()}.part")


async def an_input_in_quarantine(installation: Installation) -> None:
    job = await installation.add_pending_job()
    now = await installation.storage.now()
    await installation.storage.quarantine.add([job.input_path], now.date())


async def a_database_that_references_no_file(installation: Installation) -> None:
    for _ in range(orphan_scan.MAX_PLAUSIBLE_ORPHANS + 1):
        await an_input_without_a_row(installation)


Damage = Callable[[Installation], Awaitable[None]]
