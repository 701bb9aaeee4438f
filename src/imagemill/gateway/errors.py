"""What the gateway itself refuses, before there is a job."""

from imagemill.errors import Rejected, Unavailable


class MalformedRequest(Rejected):
    """The request is not what its headers say."""


class UploadTooLarge(Rejected):
    """The body is over a limit."""


class NotAnImage(Rejected):
    """The body is no image of a format that this service takes."""


class BodyTooSlow(Rejected):
    """The body came too slowly to be waited for."""


class ClientLeft(Rejected):
    """The client has gone, and nobody will read the answer."""


class TooManyRequests(Rejected):
    """The caller is over its limit, and may send the next request in so many whole seconds."""

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Overloaded(Unavailable):
    """The service has as much to do as it may; in so many whole seconds it may have less."""

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class RangeNotSatisfiable(Rejected):
    """The range begins behind the end of the file."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The range begins behind the file's end at {size} bytes.")
        self.size = size


class KeyRefused(Rejected):
    """The request came without an API key, or with one that is not in force.

    `error` is the code of RFC 6750, section 3.1; there is none for a request that shows no key.
    """

    def __init__(self, detail: str, error: str | None = None) -> None:
        super().__init__(detail)
        self.challenge = 'Bearer realm="imagemill"' + (f', error="{error}"' if error else "")


class NoAdmin(KeyRefused):
    """The key is in force, but no admin's."""


class LinkRefused(Rejected):
    """The signed link was tampered with, or it has expired."""
