"""What ends the whole run, and what ends one file of it."""

from datetime import timedelta
from typing import Self

from imagemill.errors import Rejected, ServiceError
from imagemill.process.schemas import JobError


class Misused(Rejected):
    """What is asked for cannot be done, whatever the file: a sentence for each fault."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class NotImagemill(Rejected):
    """What answers at the address is something else."""


class FileFailed(ServiceError):
    """One file could not be processed: a code to act on and a sentence, as a job's `error` has."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    @classmethod
    def of(cls, error: JobError) -> Self:
        return cls(error.code, error.detail)


class Passing(FileFailed):
    """It may work when tried again; `retry_after` is how long the server asks to wait before."""

    def __init__(self, code: str, detail: str, retry_after: timedelta | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class ServerAway(Passing):
    """Nobody listens at the address, or nobody can be reached there."""
