"""One file: uploaded, waited for, its outputs fetched to where they belong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from imagemill.process.destinations import Claims, Naming
from imagemill.process.errors import FileFailed, Misused
from imagemill.process.files import appearing, shown
from imagemill.process.inputs import Input
from imagemill.process.outcomes import Outcome, Written
from imagemill.process.schemas import Job, JobOutput
from imagemill.process.server import ServerClient


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every file of a run."""

    fields: Mapping[str, str]
    naming: Naming
    claims: Claims
    overwrite: bool
    forget: bool
    """Whether the server is to delete a job whose outputs have been fetched."""

    def is_there(self, source: Input) -> bool:
        """Return whether the file is to be skipped, all its outputs being there."""
        paths = self.naming.expected(source).values()
        return not self.overwrite and bool(paths) and all(path.exists() for path in paths)


async def process_one(server: ServerClient, source: Input, rules: Rules) -> Outcome:
    """Return what became of the file. Raises Misused, NotImagemill for what all would meet."""
    try:
        with _or_failed("unreadable", "It cannot be read"):
            size = source.path.stat().st_size
            job = await server.submit(source.path, rules.fields)
    except FileFailed as error:
        return Outcome.failure(source.path, error)
    outcome = await _ended(server, job, source, size, rules)
    if rules.forget:
        with suppress(FileFailed):  # it goes with its server at the latest
            await server.delete(job)
    return outcome


async def _ended(server: ServerClient, job: Job, source: Input, size: int, rules: Rules) -> Outcome:
    try:
        job = await server.ended(job)
        outputs = await _outputs(server, job, source, rules)
    except FileFailed as error:
        return Outcome.failure(source.path, error, size, job.id)
    return Outcome(source.path, "done", size, job.id, outputs, job.analysis)


async def _outputs(server: ServerClient, job: Job, source: Input, rules: Rules) -> list[Written]:
    if job.status != "COMPLETED":
        raise _why(job)
    written = [await _fetch(server, job, output, source, rules) for output in job.outputs]
    return [output for output in written if output]


async def _fetch(
    server: ServerClient, job: Job, output: JobOutput, source: Input, rules: Rules
) -> Written | None:
    """Fetch the output, unless it is there and must not be overwritten."""
    path = rules.naming.path(source, output.name, PurePosixPath(output.path).suffix)
    try:
        # The server may have chosen another format than was foreseen.
        rules.claims.claim(path, source.path)
    except Misused as error:
        raise FileFailed("not_written", str(error)) from error
    if path.exists() and not rules.overwrite:
        return None
    with _or_failed("not_written", f"{shown(path)} cannot be written"), appearing(path) as file:
        await server.download(job, output, file)
    return Written(output.name, path, output.media_type, output.bytes, output.width, output.height)


def _why(job: Job) -> FileFailed:
    if job.error:
        return FileFailed.of(job.error)
    return FileFailed(job.status.lower(), f"Job {job.id} is {job.status}.")


@contextmanager
def _or_failed(code: str, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileFailed(code, f"{what}: {error.strerror or error}.") from error
