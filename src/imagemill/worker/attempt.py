"""One attempt at one job: from the stored input to published outputs, or to an error."""

from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from imagemill.failpoints import failpoint
from imagemill.imaging.errors import EngineBug, ImagingError
from imagemill.imaging.result import Rendered
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.jobs.job import Claim, Completed, ErrorCode, JobError, OutputFacts
from imagemill.storage.errors import FileMissing, NotAFile
from imagemill.storage.keys import attempt_key, outputs_key
from imagemill.storage.volume import Volume
from imagemill.telemetry.traces import span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Mill:
    """Turns claims into results."""

    storage: Volume
    sandbox: Sandbox

    async def attempt(self, claim: Claim) -> Completed | JobError:
        """Try the job once.

        Raises Unavailable when the storage failed, which is no fault of the job's.
        """
        try:
            pipeline = Pipeline.model_validate(claim.pipeline)
            rendered = await self._render(claim, pipeline)
        except ImagingError as error:
            if isinstance(error, EngineBug):
                log.error("job.engine_bug", traceback=error.traceback)  # noqa: TRY400 - the child's traceback
            return JobError(ErrorCode(error.code), str(error))
        except FileMissing:
            return JobError(ErrorCode.INTERNAL, "The stored input is missing.")
        except NotAFile as error:
            return JobError(ErrorCode.DECODER_CRASHED, str(error))
        except ValidationError:
            detail = "The pipeline was accepted by another version and is unknown to this one."
            return JobError(ErrorCode.INTERNAL, detail)
        return Completed(
            claim=claim,
            outputs=tuple(
                OutputFacts(
                    name=output.name,
                    path=f"{attempt_key(claim.id, claim.fence)}/{output.file.name}",
                    media_type=output.media_type,
                    bytes=output.bytes,
                    width=output.width,
                    height=output.height,
                    frames=output.frames,
                    sha256=output.sha256,
                )
                for output in rendered.outputs
            ),
            width=rendered.width,
            height=rendered.height,
            frames=rendered.frames,
            analysis=dict(rendered.analysis) if rendered.analysis is not None else None,
        )

    async def _render(self, claim: Claim, pipeline: Pipeline) -> Rendered:
        async with self.storage.scratch() as folder:
            input_file, _ = await self.storage.find(claim.input_path)
            with span("job.render"):
                rendered = await self.sandbox.render(input_file, folder, pipeline)
            failpoint("attempt.rendered")
            names = [output.file.name for output in rendered.outputs]
            with span("job.publish"):
                await self.storage.publish(folder, attempt_key(claim.id, claim.fence), names)
            failpoint("attempt.published")
            return rendered

    async def discard(self, claim: Claim) -> None:
        """Remove the outputs of an attempt whose result nobody wants any more."""
        await self.storage.delete(attempt_key(claim.id, claim.fence))
        await self.storage.prune(outputs_key(claim.id))
