"""Errors that end the whole run, and errors that end one file of it."""

from imagemill.errors import Rejected, ServiceError


class UsageError(Rejected):
    """The command line asks for what cannot be done for any file: one sentence for each fault."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class NotImagemill(Rejected):
    """The server at the address answers, but is not imagemill."""


class FileError(ServiceError):
    """One file could not be processed. Code and detail are like those of a job's `error`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
