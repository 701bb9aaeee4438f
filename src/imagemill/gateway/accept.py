"""From a received image to an accepted job.

The order makes it safe: the file is durable, then the row, then the id is pushed, then the client
hears of it. A crash between any two leaves nothing that the client was told of, or a PENDING row
that a worker's sweep finds.
"""

import structlog

from imagemill.failpoints import failpoint
from imagemill.gateway.caller import Caller
from imagemill.gateway.fields import JobRequest
from imagemill.gateway.intake import Received
from imagemill.gateway.parts import Parts
from imagemill.gateway.refusals import MalformedRequest
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import InputFacts, Job, NewJob
from imagemill.jobs.postgres import LedgerUnavailable, OutcomeUnknown
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.incoming import Incoming
from imagemill.storage.keys import input_key
from imagemill.telemetry.metrics import UPLOADED_BYTES
from imagemill.telemetry.traces import current, span

log = structlog.get_logger()


async def require_digest(incoming: Incoming, announced: str | None) -> None:
    """Raise MalformedRequest unless the image is the one that the client announced, if it did."""
    if announced is not None and announced != await incoming.sha256():
        raise MalformedRequest("The image's bytes are not those that Repr-Digest announces.")


async def accept(
    gateway: Parts, caller: Caller, incoming: Incoming, received: Received, asked: JobRequest
) -> Job:
    """Store the image, record the job, ring the bell. Raises Unavailable: then nothing is left."""
    job_id = new_job_id()
    structlog.contextvars.bind_contextvars(job_id=str(job_id))
    current().set("imagemill.job.id", str(job_id))
    key = input_key(job_id, received.format.extension)
    with span("upload.store"):
        stored = await incoming.keep(key)
    failpoint("upload.stored")
    new = NewJob(
        id=job_id,
        input_path=key,
        input=InputFacts(
            filename=received.filename,
            media_type=received.format.media_type,
            bytes=stored.bytes,
            sha256=stored.sha256,
        ),
        pipeline=asked.pipeline.as_json(),
        priority=asked.priority,
        metadata=asked.metadata,
        max_attempts=gateway.settings.max_attempts,
        key_id=caller.key_id,
        traceparent=current().traceparent,
    )
    with span("upload.record"):
        job = await _record(gateway, new)
    UPLOADED_BYTES.inc(stored.bytes)
    failpoint("upload.recorded")
    await gateway.line.put(job.id, job.priority)
    failpoint("upload.rung")
    log.info(
        "job.accepted",
        job_id=str(job.id),
        bytes=stored.bytes,
        media_type=received.format.media_type,
        priority=job.priority,
    )
    return job


async def _record(gateway: Parts, new: NewJob) -> Job:
    try:
        return await gateway.ledger.accept(new)
    except OutcomeUnknown:
        # The row may have been written: a job whose input is gone would be worse than a stray file.
        log.error("upload.outcome_unknown", job_id=str(new.id), input_path=new.input_path)  # noqa: TRY400 - the answer's handler logs the cause
        raise
    except LedgerUnavailable:
        await _remove(gateway, new.input_path)
        raise


async def _remove(gateway: Parts, key: str) -> None:
    try:
        await gateway.storage.delete(key)
    except StorageUnavailable as error:
        log.warning("upload.file_left", key=key, reason=str(error))
