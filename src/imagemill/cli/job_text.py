"""A job in one line of text, for terminals and scripts: nothing in it controls the terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from imagemill.formatting import escape_unprintable, format_size
from imagemill.jobs.job import Status

COLORS: Final = {
    Status.PENDING: "yellow",
    Status.PROCESSING: "cyan",
    Status.COMPLETED: "green",
    Status.FAILED: "red",
    Status.CANCELED: "red",
}
MAX_NAME_LENGTH: Final = 40


class Error(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Input(Protocol):
    @property
    def filename(self) -> str | None: ...
    @property
    def bytes(self) -> int: ...


class Output(Protocol):
    @property
    def bytes(self) -> int: ...


class Job(Protocol):
    """What a line shows of a job: of a row of PostgreSQL, and of a gateway's response, alike."""

    @property
    def status(self) -> Status: ...
    @property
    def input(self) -> Input: ...
    @property
    def outputs(self) -> Sequence[Output]: ...
    @property
    def error(self) -> Error | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def completed_at(self) -> datetime | None: ...


def describe_job(job: Job) -> str:
    """Return its name, and what became of it: sizes and time, or the error of its last attempt."""
    return "  ".join([format_name(job), *describe_end(job)])


def format_name(job: Job) -> str:
    """Return the file's name, shortened in the middle; a dash where it has none."""
    name = escape_unprintable(job.input.filename or "-")
    if len(name) <= MAX_NAME_LENGTH:
        return name
    half = MAX_NAME_LENGTH // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def describe_end(job: Job) -> list[str]:
    """Return its sizes and time, or its error; nothing while it waits."""
    if job.error:
        return [escape_unprintable(f"{job.error.code}: {job.error.detail}")]
    if job.status is not Status.COMPLETED or job.completed_at is None:
        return []
    after = sum(output.bytes for output in job.outputs)
    seconds = (job.completed_at - job.created_at).total_seconds()
    return [f"{format_size(job.input.bytes)} → {format_size(after)}", f"{seconds:.1f} s"]
