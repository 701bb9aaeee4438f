"""One attempt at a job: from the stored input to published outputs, or to an error code."""

from contextlib import AsyncExitStack
from dataclasses import replace

import structlog
from pydantic import ValidationError

from imagemill.failpoints import failpoint
from imagemill.imaging.errors import EngineBug, ImagingError
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.jobs.job import Claim, Completed, ErrorCode, JobError
from imagemill.storage.errors import FileMissing
from imagemill.storage.keys import attempt_key, output_key
from imagemill.storage.protocol import Storage
from imagemill.telemetry.traces import start_span

log = structlog.get_logger()


async def run_attempt(storage: Storage, sandbox: Sandbox, claim: Claim) -> Completed | JobError:
    """Process the job's image once; nothing is recorded in PostgreSQL.

    Raises Unavailable when the storage failed or no image process could be started; the attempt
    does not count then.
    """
    try:
        pipeline = Pipeline.model_validate(claim.pipeline)
        return await _render(storage, sandbox, claim, pipeline)
    except ImagingError as error:
        if isinstance(error, EngineBug):
            log.error("job.engine_bug", traceback=error.traceback)  # noqa: TRY400 - the engine's traceback
        return JobError(ErrorCode(error.code), str(error))
    except FileMissing:
        return JobError(ErrorCode.INTERNAL, "The stored input is missing.")
    except ValidationError:
        detail = "The pipeline was accepted by another version and is unknown to this one."
        return JobError(ErrorCode.INTERNAL, detail)


async def discard_outputs(storage: Storage, claim: Claim) -> None:
    """Delete the outputs of an attempt whose result is not recorded.

    Raises StorageUnavailable.
    """
    await storage.delete(attempt_key(claim.id, claim.fence))


async def _render(
    storage: Storage, sandbox: Sandbox, claim: Claim, pipeline: Pipeline
) -> Completed:
    async with storage.open_input(claim.input_path) as input_file, AsyncExitStack() as stack:
        with start_span("job.render"):
            rendered = await stack.enter_async_context(sandbox.render(input_file, pipeline))
        failpoint("attempt.rendered")
        outputs = tuple(
            replace(output, path=output_key(claim.id, claim.fence, output.path))
            for output in rendered.outputs
        )
        keys = [output.path for output in outputs]
        with start_span("job.publish"):
            await storage.publish(dict(zip(keys, rendered.contents, strict=True)))
        failpoint("attempt.published")
        return Completed(claim, rendered.input, outputs, rendered.analysis)
