"""Errors of the client. Each says in one sentence what is wrong; all derive from ClientError."""

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from imagemill.errors import ServiceError
from imagemill.field_errors import FieldError

if TYPE_CHECKING:
    from imagemill.client.models import Job

# The two in the middle come from a proxy whose server restarts.
TRANSIENT_STATUSES: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class ClientError(ServiceError):
    """Any error of this client. `tries` is how often the request was sent."""

    tries = 1

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later; the client has retried it already."""
        return False

    @property
    def retry_after(self) -> timedelta | None:
        """How long the server asked to wait before the next request."""
        return None


class ConnectionFailed(ClientError):
    """The connection was lost before the whole response was there."""

    @property
    def is_transient(self) -> bool:
        return True


class ServerUnreachable(ConnectionFailed):
    """No connection could be made."""


class DamagedDownload(ClientError):
    """The bytes that arrived do not match the digest that the server announced."""

    @property
    def is_transient(self) -> bool:
        return True


class UnexpectedResponse(ClientError):
    """The address answers, but not as imagemill does."""


class WaitTimeout(ClientError, TimeoutError):
    """The job had not ended in time. `job` is the job as it was last seen."""

    def __init__(self, job: "Job", seconds: float) -> None:
        super().__init__(f"Job {job.id} is {job.status} after {seconds:g} s.")
        self.job = job


class JobNotCompleted(ClientError):
    """The job has no outputs: it failed, was canceled or has not ended. `job` says which."""

    def __init__(self, job: "Job") -> None:
        reason = f": {job.error.code}: {job.error.detail}" if job.error else "."
        super().__init__(f"Job {job.id} is {job.status}{reason}")
        self.job = job


class InvalidWebhook(ClientError):
    """The message was not signed by the secret, is too old, or is none of imagemill's."""


class Problem(ClientError):
    """The server refused the request, with problem details (RFC 9457).

    `slug` is the stable name of the problem, such as `upload-too-large`; `errors` names what is
    wrong with each field, by a JSON Pointer.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        fields = "".join(f"\n  {error.pointer}: {error.detail}" for error in errors)
        super().__init__(f"{detail}{fields}")
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = errors
        self._retry_after = retry_after

    @property
    def is_transient(self) -> bool:
        return self.status in TRANSIENT_STATUSES

    @property
    def retry_after(self) -> timedelta | None:
        return self._retry_after


class Unauthorized(Problem):
    """The server needs an API key, or this one may not do that (401, 403)."""


class NotFound(Problem):
    """There is no such job, output or delivery for this API key (404)."""


class Conflict(Problem):
    """The job's status does not allow this (409)."""


class Invalid(Problem):
    """Fields of the request have values that cannot be used (422): see `errors`."""


CLASSES: Final[dict[int, type[Problem]]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Unauthorized,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.UNPROCESSABLE_ENTITY: Invalid,
}
