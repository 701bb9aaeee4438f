"""Errors of requests that the gateway refuses."""

from imagemill.errors import Rejected, Unavailable


class MalformedRequest(Rejected):
    """The request contradicts its headers or its syntax."""


class MisdirectedRequest(Rejected):
    """The request is for a host that this service is not."""


class CrossSiteRequest(Rejected):
    """A page of another site makes a request that changes something."""


class UploadTooLarge(Rejected):
    """The body exceeds a limit."""


class NotAnImage(Rejected):
    """The body is not an image in a supported format."""


class BodyTooSlow(Rejected):
    """The body arrived more slowly than the minimum rate."""


class ClientDisconnected(Rejected):
    """The client disconnected before the response."""


class TooManyRequests(Rejected):
    """The caller is over its rate limit; after `retry_seconds` it may send another request."""

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Overloaded(Unavailable):
    """A limit on concurrent work is reached; after `retry_seconds` it may have room again."""

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class RangeNotSatisfiable(Rejected):
    """The range begins after the end of the file."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The range begins after the end of the file, which has {size} bytes.")
        self.size = size
