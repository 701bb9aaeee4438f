"""Processing of one file: upload it, wait for its job, download the outputs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from imagemill.client import Job, JobOutput
from imagemill.process.destinations import OutputNaming, Reservations
from imagemill.process.errors import FileError, UsageError
from imagemill.process.files import format_path
from imagemill.process.inputs import Input
from imagemill.process.outcomes import Outcome, WrittenOutput
from imagemill.process.server import ServerClient


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is the same for every file of a run."""

    fields: Mapping[str, str]
    naming: OutputNaming
    reservations: Reservations
    overwrite: bool
    delete_jobs: bool
    """Whether a job is deleted on the server once its outputs are downloaded."""

    def is_done(self, source: Input) -> bool:
        """Return whether the file is to be skipped because all its outputs exist."""
        paths = self.naming.expected_paths(source).values()
        return not self.overwrite and bool(paths) and all(path.exists() for path in paths)


async def process_file(server: ServerClient, source: Input, plan: RunPlan) -> Outcome:
    """Process the file. Raises UsageError, NotImagemill for what concerns every file alike."""
    try:
        with _translate_os_errors("unreadable", "The file cannot be read"):
            size = source.path.stat().st_size
            job = await server.submit(source.path, plan.fields)
    except FileError as error:
        return Outcome.failure(source.path, error)
    outcome = await _finish(server, job, source, size, plan)
    if plan.delete_jobs:
        with suppress(FileError):  # it is deleted with its server at the latest
            await server.delete(job)
    return outcome


async def _finish(
    server: ServerClient, job: Job, source: Input, size: int, plan: RunPlan
) -> Outcome:
    try:
        job = await server.wait_for_end(job)
        outputs = await _download_all(server, job, source, plan)
    except FileError as error:
        return Outcome.failure(source.path, error, size, job.id)
    return Outcome(source.path, "done", size, job.id, outputs, job.analysis)


async def _download_all(
    server: ServerClient, job: Job, source: Input, plan: RunPlan
) -> list[WrittenOutput]:
    if job.status != "COMPLETED":
        raise _job_error(job)
    written = [await _download(server, job, output, source, plan) for output in job.outputs]
    return [output for output in written if output]


async def _download(
    server: ServerClient, job: Job, output: JobOutput, source: Input, plan: RunPlan
) -> WrittenOutput | None:
    """Download the output, unless it exists and must not be overwritten."""
    path = plan.naming.path(source, output.name, PurePosixPath(output.path).suffix)
    try:
        # The server may have chosen another format than was foreseen.
        plan.reservations.reserve(path, source.path)
    except UsageError as error:
        raise FileError("not_written", str(error)) from error
    if path.exists() and not plan.overwrite:
        return None
    with _translate_os_errors("not_written", f"{format_path(path)} cannot be written"):
        await server.download(job, output, path)
    return WrittenOutput(
        output.name, path, output.media_type, output.bytes, output.width, output.height
    )


def _job_error(job: Job) -> FileError:
    if job.error:
        return FileError(job.error.code, job.error.detail)
    return FileError(job.status.lower(), f"Job {job.id} is {job.status}.")


@contextmanager
def _translate_os_errors(code: str, sentence: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(code, f"{sentence}: {error.strerror or error}.") from error
