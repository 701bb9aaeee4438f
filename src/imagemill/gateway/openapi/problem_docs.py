"""What each kind of problem means, for the OpenAPI document and the pages at /problems/."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from imagemill.gateway.problem import Kind, type_of


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of problem says, as a sentence or two, and an example's detail and members."""

    says: str
    detail: str
    members: dict[str, Any] = field(default_factory=dict)

    def example(self, kind: Kind) -> dict[str, Any]:
        """Return a problem of the kind as it may be answered."""
        return {
            "type": type_of(kind),
            "title": kind.title,
            "status": kind.status.value,
            "detail": self.detail,
            **self.members,
        }


_BAD_WIDTH: Final = "Input should be less than or equal to 16384"

# By slug; a test holds it against the kinds there are.
MEANINGS: Final[Mapping[str, Meaning]] = {
    "client-left": Meaning(
        "The client closed the connection before its body had ended.",
        "The client has gone.",
    ),
    "conflict": Meaning(
        "The job's status does not allow it.",
        "Job 0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11 is COMPLETED: only a PENDING or PROCESSING job"
        " can be canceled.",
    ),
    "forbidden": Meaning(
        "The key is no admin's, or the signed link was tampered with or has expired.",
        "The link has expired.",
    ),
    "internal-error": Meaning(
        "The service has a fault; its log says which.",
        "The service met an error of its own; it has been logged.",
    ),
    "invalid-request": Meaning(
        "A field or parameter has a value that cannot be used; `errors` names each.",
        f"/outputs/0/width: {_BAD_WIDTH}",
        {"errors": [{"pointer": "/outputs/0/width", "detail": _BAD_WIDTH}]},
    ),
    "malformed-request": Meaning(
        "The request is not what its headers say.",
        "The image's bytes are not those that Repr-Digest announces.",
    ),
    "method-not-allowed": Meaning(
        "The path does not answer this method; `Allow` has those it answers.",
        "PUT is not possible here; possible are GET, HEAD.",
    ),
    "not-found": Meaning(
        "There is no such job, or it has no such file or delivery.",
        "There is no job 0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11.",
    ),
    "overloaded": Meaning(
        "The service has as much to do as it may: `Retry-After` says when to try again.",
        "1000 jobs wait already.",
    ),
    "range-not-satisfiable": Meaning(
        "The range begins behind the end of the file.",
        "The range begins behind the file's end at 14210 bytes.",
    ),
    "request-timeout": Meaning(
        "The body came too slowly to be waited for.",
        "The body must come without a pause of more than 30 s.",
    ),
    "storage-full": Meaning(
        "The disk is full. Nothing was accepted and nothing is left behind.",
        "The storage has no room for this file.",
    ),
    "too-many-requests": Meaning(
        "The key, or the address without one, is over `RATE_LIMIT`: `Retry-After` says how long.",
        "There may be 100 requests in 60 s.",
    ),
    "unauthorized": Meaning(
        "The request came without an API key, or with one that is not in force.",
        "This asks for an API key: Authorization: Bearer imk_….",
    ),
    "unavailable": Meaning(
        "PostgreSQL or the storage is away: try again. Nothing was changed.",
        "PostgreSQL is away: the connection was refused.",
    ),
    "unsupported-media-type": Meaning(
        "The body is no image of a format that `GET /capabilities` lists.",
        "The first bytes are no image that is taken here: image/jpeg, image/png, image/webp.",
    ),
    "upload-too-large": Meaning(
        "The image is over `MAX_UPLOAD_BYTES`, or the form's fields are over theirs.",
        "The image is over the limit of 52428800 bytes.",
    ),
}
