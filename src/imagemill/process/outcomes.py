"""What became of the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from imagemill.process.errors import FileFailed
from imagemill.process.schemas import JobError


@dataclass(frozen=True, slots=True)
class Written:
    """An output that lies where it should."""

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
    """What became of one file. It is skipped when all its outputs were there before."""

    input: Path
    status: Literal["done", "failed", "skipped"]
    bytes: int = 0
    job_id: UUID | None = None
    outputs: Sequence[Written] = ()
    analysis: dict[str, Any] | None = None
    error: JobError | None = None

    @classmethod
    def failure(
        cls, path: Path, error: FileFailed, size: int = 0, job_id: UUID | None = None
    ) -> "Outcome":
        told = JobError(code=error.code, detail=error.detail)
        return cls(path, "failed", size, job_id, error=told)

    def as_json(self) -> dict[str, Any]:
        """Return it for one line of JSON; paths are as they were given."""
        return {
            "input": str(self.input),
            "status": self.status,
            "bytes": self.bytes,
            "job_id": str(self.job_id) if self.job_id else None,
            "outputs": [output.as_json() for output in self.outputs],
            "analysis": self.analysis,
            "error": self.error.model_dump() if self.error else None,
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """The outcomes, counted; bytes are those of the files that are done and of their outputs."""

    done: int
    failed: int
    skipped: int
    input_bytes: int
    output_bytes: int

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Tally":
        done = [one for one in outcomes if one.status == "done"]
        return cls(
            done=len(done),
            failed=sum(one.status == "failed" for one in outcomes),
            skipped=sum(one.status == "skipped" for one in outcomes),
            input_bytes=sum(one.bytes for one in done),
            output_bytes=sum(output.bytes for one in done for output in one.outputs),
        )
