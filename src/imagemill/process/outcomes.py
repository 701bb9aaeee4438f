"""Outcomes of a run, file by file, and their totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from imagemill.client import JobError
from imagemill.process.errors import FileError


@dataclass(frozen=True, slots=True)
class WrittenOutput:
    """An output that was downloaded to its destination."""

    name: str
    path: Path
    media_type: str
    bytes: int
    width: int
    height: int

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "path": str(self.path),
            "media_type": self.media_type,
            "bytes": self.bytes,
            "width": self.width,
            "height": self.height,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one file.

    It is skipped when all its outputs existed before, and ignored, for a reason, in a folder that
    was given.
    """

    input: Path
    status: Literal["done", "failed", "skipped", "ignored"]
    bytes: int = 0
    job_id: UUID | None = None
    outputs: Sequence[WrittenOutput] = ()
    analysis: dict[str, Any] | None = None
    error: JobError | None = None
    reason: str | None = None

    @classmethod
    def failure(
        cls, path: Path, error: FileError, size: int = 0, job_id: UUID | None = None
    ) -> "Outcome":
        job_error = JobError(code=error.code, detail=error.detail)
        return cls(path, "failed", size, job_id, error=job_error)

    def as_json(self) -> dict[str, Any]:
        """Return the outcome for one line of JSON; paths are as they were given."""
        return {
            "input": str(self.input),
            "status": self.status,
            "bytes": self.bytes,
            "job_id": str(self.job_id) if self.job_id else None,
            "outputs": [output.as_json() for output in self.outputs],
            "analysis": self.analysis,
            "error": self.error.model_dump() if self.error else None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of files by status; bytes of the files that are done and of their outputs."""

    done: int
    failed: int
    skipped: int
    ignored: int
    input_bytes: int
    output_bytes: int

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Totals":
        done = [one for one in outcomes if one.status == "done"]
        return cls(
            done=len(done),
            failed=sum(one.status == "failed" for one in outcomes),
            skipped=sum(one.status == "skipped" for one in outcomes),
            ignored=sum(one.status == "ignored" for one in outcomes),
            input_bytes=sum(one.bytes for one in done),
            output_bytes=sum(output.bytes for one in done for output in one.outputs),
        )
