"""Creates a job from a received image.

The order of the steps makes it durable: the file is synced, then the row is committed, then the id
is pushed to the queue, then the client gets its response. A crash between any two of them leaves
either nothing that the client knows of, or a PENDING row that a worker's sweep finds.
"""

from dataclasses import dataclass

import structlog

from imagemill.failpoints import failpoint
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import Caller
from imagemill.gateway.services import Services
from imagemill.gateway.upload.idempotency import require_same_content, upload_key
from imagemill.gateway.upload.upload_reader import ReceivedUpload
from imagemill.job_request import JobRequest
from imagemill.jobs.idempotency import accept_with_key, find_by_key
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import IdempotencyKey, InputFacts, Job, NewJob
from imagemill.outages import STORAGE
from imagemill.postgres.pool import DatabaseUnavailable, OutcomeUnknown
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.keys import input_key
from imagemill.storage.protocol import PendingFile
from imagemill.telemetry.metrics import UPLOADED_BYTES
from imagemill.telemetry.traces import current_span, start_span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CreatedJob:
    """A durable job; a replay if an earlier upload with the same idempotency key created it."""

    job: Job
    is_replay: bool


async def create_job(
    services: Services,
    caller: Caller,
    pending_file: PendingFile,
    received: ReceivedUpload,
    job_request: JobRequest,
    idempotency_key: str | None,
) -> CreatedJob:
    """Store the image, record the job and push its id; or find the job of the idempotency key.

    Raises Unavailable, which leaves nothing behind, and InvalidFields for a key that was used for
    other content.
    """
    key = (
        None
        if idempotency_key is None
        else upload_key(idempotency_key, caller, await pending_file.sha256(), job_request)
    )
    if key and (earlier := await find_by_key(services.job_store, key)):
        return _replay(require_same_content(earlier, key))
    new = await _store(services, caller, pending_file, received, job_request)
    failpoint("upload.stored")
    with start_span("upload.record"):
        job = await _record(services, new, key)
    if job.id != new.id:  # a concurrent upload with this key was recorded first
        await _delete_input(services, new.input_path)
        return _replay(job)
    UPLOADED_BYTES.inc(new.input.bytes)
    failpoint("upload.recorded")
    await services.queue.push(job.id, job.priority)
    failpoint("upload.queued")
    log.info(
        "job.accepted",
        job_id=str(job.id),
        bytes=new.input.bytes,
        media_type=new.input.media_type,
        priority=job.priority,
    )
    return CreatedJob(job, is_replay=False)


def _replay(job: Job) -> CreatedJob:
    structlog.contextvars.bind_contextvars(job_id=str(job.id))
    log.info("job.replayed")
    return CreatedJob(job, is_replay=True)


async def _store(
    services: Services,
    caller: Caller,
    pending_file: PendingFile,
    received: ReceivedUpload,
    job_request: JobRequest,
) -> NewJob:
    """Make the image durable and return the job to record for it."""
    job_id = new_job_id()
    structlog.contextvars.bind_contextvars(job_id=str(job_id))
    current_span().set_attribute("imagemill.job.id", str(job_id))
    key = input_key(job_id, received.format.extension)
    with start_span("upload.store"):
        stored = await pending_file.commit(key)
    STORAGE.note_success()
    return NewJob(
        id=job_id,
        input_path=key,
        input=InputFacts(
            filename=received.filename,
            media_type=received.format.media_type,
            bytes=stored.size,
            sha256=stored.sha256,
        ),
        pipeline=job_request.pipeline.as_json(),
        priority=job_request.priority,
        metadata=job_request.metadata,
        max_attempts=services.settings.max_attempts,
        key_id=caller.key_id,
        callback_url=job_request.callback_url,
        traceparent=current_span().traceparent,
    )


async def _record(services: Services, new: NewJob, key: IdempotencyKey | None) -> Job:
    """Return the recorded job, or the one that has the key already.

    Deletes the input if the job was certainly not recorded.
    """
    try:
        if key is None:
            return await services.job_store.accept(new)
        return require_same_content(await accept_with_key(services.job_store, new, key), key)
    except OutcomeUnknown:
        # The row may exist, and a job without its input is worse than an orphaned file.
        log.error("upload.outcome_unknown", job_id=str(new.id), input_path=new.input_path)  # noqa: TRY400 - the exception handler logs the cause
        raise
    except (DatabaseUnavailable, InvalidFields):
        await _delete_input(services, new.input_path)
        raise


async def _delete_input(services: Services, key: str) -> None:
    try:
        await services.storage.delete(key)
    except StorageUnavailable as error:
        log.warning("upload.input_not_deleted", key=key, reason=str(error))
