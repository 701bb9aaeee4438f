"""From a received image to an accepted job.

The order makes it safe: the file is durable, then the row, then the id is pushed, then the client
hears of it. A crash between any two leaves nothing that the client was told of, or a PENDING row
that a worker's sweep finds.
"""

from dataclasses import dataclass

import structlog

from imagemill.failpoints import failpoint
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import Caller
from imagemill.gateway.errors import MalformedRequest
from imagemill.gateway.services import Services
from imagemill.gateway.upload.idempotency import require_same, upload_key
from imagemill.gateway.upload.upload_reader import Received
from imagemill.job_request import JobRequest
from imagemill.jobs.idempotency import IdempotencyKey, accept_with_key, find_by_key
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import InputFacts, Job, NewJob
from imagemill.postgres.pool import DatabaseUnavailable, OutcomeUnknown
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.keys import input_key
from imagemill.storage.protocol import PendingFile
from imagemill.telemetry.metrics import UPLOADED_BYTES
from imagemill.telemetry.traces import current_span, start_span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that a client may count on; a replay when an earlier upload of its key made it."""

    job: Job
    is_replay: bool


async def require_digest(pending_file: PendingFile, announced: str | None) -> None:
    """Raise MalformedRequest unless the image is the one that the client announced, if it did."""
    if announced is not None and announced != await pending_file.sha256():
        raise MalformedRequest("The image's bytes are not those that Repr-Digest announces.")


async def accept(
    gateway: Services,
    caller: Caller,
    pending_file: PendingFile,
    received: Received,
    asked: JobRequest,
    sent_key: str | None,
) -> Accepted:
    """Store the image, record the job, ring the bell; or find the job that the key stands for.

    Raises Unavailable: then nothing is left. Raises InvalidFields for a key of other content.
    """
    key = (
        None
        if sent_key is None
        else upload_key(sent_key, caller, await pending_file.sha256(), asked)
    )
    if key and (earlier := await find_by_key(gateway.job_store, key)):
        return _replay(require_same(earlier, key))
    new = await _store(gateway, caller, pending_file, received, asked)
    failpoint("upload.stored")
    with start_span("upload.record"):
        job = await _record(gateway, new, key)
    if job.id != new.id:  # another upload under this key was recorded meanwhile
        await _remove(gateway, new.input_path)
        return _replay(job)
    UPLOADED_BYTES.inc(new.input.bytes)
    failpoint("upload.recorded")
    await gateway.line.push(job.id, job.priority)
    failpoint("upload.rung")
    log.info(
        "job.accepted",
        job_id=str(job.id),
        bytes=new.input.bytes,
        media_type=new.input.media_type,
        priority=job.priority,
    )
    return Accepted(job, is_replay=False)


def _replay(job: Job) -> Accepted:
    structlog.contextvars.bind_contextvars(job_id=str(job.id))
    log.info("job.replayed")
    return Accepted(job, is_replay=True)


async def _store(
    gateway: Services,
    caller: Caller,
    pending_file: PendingFile,
    received: Received,
    asked: JobRequest,
) -> NewJob:
    """Make the image durable and return the job that it is for."""
    job_id = new_job_id()
    structlog.contextvars.bind_contextvars(job_id=str(job_id))
    current_span().set_attribute("imagemill.job.id", str(job_id))
    key = input_key(job_id, received.format.extension)
    with start_span("upload.store"):
        stored = await pending_file.commit(key)
    return NewJob(
        id=job_id,
        input_path=key,
        input=InputFacts(
            filename=received.filename,
            media_type=received.format.media_type,
            bytes=stored.size,
            sha256=stored.sha256,
        ),
        pipeline=asked.pipeline.as_json(),
        priority=asked.priority,
        metadata=asked.metadata,
        max_attempts=gateway.settings.max_attempts,
        key_id=caller.key_id,
        callback_url=asked.callback_url,
        traceparent=current_span().traceparent,
    )


async def _record(gateway: Services, new: NewJob, key: IdempotencyKey | None) -> Job:
    """Return the job, or the one that the key stands for. Only the former keeps the input."""
    try:
        if key is None:
            return await gateway.job_store.accept(new)
        return require_same(await accept_with_key(gateway.job_store, new, key), key)
    except OutcomeUnknown:
        # The row may have been written: a job whose input is gone would be worse than a stray file.
        log.error("upload.outcome_unknown", job_id=str(new.id), input_path=new.input_path)  # noqa: TRY400 - the answer's handler logs the cause
        raise
    except (DatabaseUnavailable, InvalidFields):
        await _remove(gateway, new.input_path)
        raise


async def _remove(gateway: Services, key: str) -> None:
    try:
        await gateway.storage.delete(key)
    except StorageUnavailable as error:
        log.warning("upload.file_left", key=key, reason=str(error))
