"""Documentation of each kind of problem, for the OpenAPI document and the pages /problems/…."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from imagemill.gateway.problem import ProblemKind, type_of


@dataclass(frozen=True, slots=True)
class ProblemDoc:
    """The meaning of a kind of problem, and the detail and extra members of an example."""

    meaning: str
    detail: str
    members: dict[str, Any] = field(default_factory=dict)

    def example(self, kind: ProblemKind) -> dict[str, Any]:
        """Return an example of the kind."""
        return {
            "type": type_of(kind),
            "title": kind.title,
            "status": kind.status.value,
            "detail": self.detail,
            **self.members,
        }


_BAD_WIDTH: Final = "Input should be less than or equal to 16384"

# By slug; a test checks that every kind has an entry.
PROBLEM_DOCS: Final[Mapping[str, ProblemDoc]] = {
    "client-disconnected": ProblemDoc(
        "The client closed the connection before the end of its body.",
        "The client disconnected while its upload was waiting.",
    ),
    "conflict": ProblemDoc(
        "The job's status does not allow the operation.",
        "Job 0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11 is COMPLETED: only a PENDING or PROCESSING job"
        " can be canceled.",
    ),
    "cross-site-request": ProblemDoc(
        "There is no API key yet, and a web page of another site made the request. `CORS_ORIGINS` "
        "does not name the page's origin; programs send neither `Origin` nor `Sec-Fetch-Site`.",
        "Pages of 'https://example.com' may not use this service.",
    ),
    "database-unavailable": ProblemDoc(
        "PostgreSQL is unavailable or overloaded. Nothing was changed: try again.",
        "PostgreSQL is unavailable: connection refused.",
    ),
    "forbidden": ProblemDoc(
        "The API key is not an admin's or is for metrics alone, or the signed link was altered or"
        " has expired.",
        "The link has expired.",
    ),
    "headers-too-large": ProblemDoc(
        "The headers exceed 64 KiB, or there are more than 100 of them.",
        "The headers exceed 65536 bytes.",
    ),
    "internal-error": ProblemDoc(
        "The service has a bug; its log has the details.",
        "An internal error occurred and was logged.",
    ),
    "invalid-request": ProblemDoc(
        "A field or parameter has an invalid value; `errors` has an entry for each.",
        f"/outputs/0/width: {_BAD_WIDTH}",
        {"errors": [{"pointer": "/outputs/0/width", "detail": _BAD_WIDTH}]},
    ),
    "malformed-request": ProblemDoc(
        "The request contradicts its headers or its syntax.",
        "The image does not match its Repr-Digest.",
    ),
    "method-not-allowed": ProblemDoc(
        "The path does not support this method; `Allow` lists those it supports.",
        "PUT is not allowed; allowed are GET, HEAD.",
    ),
    "misdirected-request": ProblemDoc(
        "The `Host` of the request is not a name of this service. There is no API key yet, or "
        "`ALLOWED_HOSTS` is set: it names the hosts that are served besides `localhost`.",
        "This service is not known as 'example.com'; ALLOWED_HOSTS names its hosts.",
    ),
    "not-found": ProblemDoc(
        "There is no such resource: no such job, or the job has no such file or delivery.",
        "There is no job 0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11.",
    ),
    "overloaded": ProblemDoc(
        "A limit on pending jobs, concurrent uploads or waiting clients is reached: try again "
        "after `Retry-After`.",
        "1000 jobs are pending.",
    ),
    "range-not-satisfiable": ProblemDoc(
        "The range begins after the end of the file.",
        "The range begins after the end of the file, which has 14210 bytes.",
    ),
    "request-timeout": ProblemDoc(
        "The headers or the body arrived too slowly.",
        "The body paused for 30 s, or was slower than 1024 bytes a second on average.",
    ),
    "storage-full": ProblemDoc(
        "The storage is full. Nothing was accepted and nothing is left behind.",
        "The storage has no room for this file.",
    ),
    "storage-unavailable": ProblemDoc(
        "The storage is unavailable. Nothing was changed: try again.",
        "The storage failed: Input/output error.",
    ),
    "too-many-requests": ProblemDoc(
        "The API key, or without one the client's address, is over `RATE_LIMIT`: try again after "
        "`Retry-After`.",
        "The limit of 100 requests in 60 s is exceeded.",
    ),
    "unauthorized": ProblemDoc(
        "The API key is missing, unknown or revoked.",
        "The API key is unknown or revoked.",
    ),
    "unsupported-media-type": ProblemDoc(
        "The body is not an image in a format that `GET /capabilities` lists.",
        "The image is not in a supported format: image/jpeg, image/png, image/webp.",
    ),
    "upload-too-large": ProblemDoc(
        "The image exceeds `MAX_UPLOAD_BYTES`, or the fields of the form exceed their limit.",
        "The image exceeds the limit of 52428800 bytes.",
    ),
}
