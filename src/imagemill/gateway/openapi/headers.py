"""The headers that answers carry and requests may bring, as the OpenAPI document shows them.

A header that a route sets and does not name here, or names and does not set, fails the tests:
tests/support/conformance.py holds every answer against the document.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

Schema = dict[str, Any]

ENTITY_TAG: Final = '"6f1ed002ab5595859014ebf0951522d9"'
# Of an image's bytes: SHA-256 and base64, as RFC 9530 writes it.
DIGEST_PATTERN: Final = "^sha-256=:[A-Za-z0-9+/]{43}=:$"
DIGEST: Final = "sha-256=:DeOCSQ9qjMIhzCGNNmpU4wuRRLPwpQOJ1lVxUHlTBCc=:"


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says, a value that it may have, and the schema of all it may have."""

    description: str
    example: str | int
    schema: Schema = field(default_factory=lambda: {"type": "string"})

    def parameter(self, name: str) -> Schema:
        return {
            "name": name,
            "in": "header",
            "required": False,
            "description": self.description,
            "schema": self.schema,
            "example": self.example,
        }


ANSWERED: Final[dict[str, Header]] = {
    "Accept-Ranges": Header(
        "parts can be asked for with `Range`", "bytes", {"type": "string", "const": "bytes"}
    ),
    "Allow": Header("every method that the path answers", "GET, HEAD"),
    "Cache-Control": Header(
        "`no-cache`: keep it, but ask with `If-None-Match` before using it again; `private`: "
        "no shared cache may; `no-store`: do not keep it",
        "no-cache",
        {"type": "string", "enum": ["no-cache", "private, no-cache", "no-store"]},
    ),
    "Content-Disposition": Header(
        "a fitting filename (RFC 6266)", 'inline; filename="cat-thumb.webp"'
    ),
    "Content-Length": Header("bytes that follow", 14210, {"type": "integer", "minimum": 0}),
    "Content-Range": Header("which bytes of how many", "bytes 0-99/14210"),
    "ETag": Header(
        "changes whenever the body does",
        ENTITY_TAG,
        {"type": "string", "pattern": '^"[0-9a-f]+"$'},
    ),
    "Idempotent-Replayed": Header(
        "an earlier upload under this `Idempotency-Key` made the job",
        "true",
        {"type": "string", "const": "true"},
    ),
    "Location": Header(
        "where the job, or the output, is",
        "/jobs/0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11",
        {"type": "string", "format": "uri-reference"},
    ),
    "Preference-Applied": Header(
        "how long it was willing to wait (RFC 7240)",
        "wait=30",
        {"type": "string", "pattern": "^wait=[0-9]+$"},
    ),
    "RateLimit": Header(
        "where `RATE_LIMIT` is set: requests that are left, and seconds until there are more",
        '"default";r=99;t=60',
    ),
    "RateLimit-Policy": Header(
        "where `RATE_LIMIT` is set: how many requests in how many seconds", '"default";q=100;w=60'
    ),
    "Repr-Digest": Header(
        "the SHA-256 of the whole image (RFC 9530)",
        DIGEST,
        {"type": "string", "pattern": DIGEST_PATTERN},
    ),
    "Retry-After": Header(
        "seconds after which it is worth trying again", 5, {"type": "integer", "minimum": 0}
    ),
    "Vary": Header(
        "another `Prefer` may be answered otherwise",
        "Prefer",
        {"type": "string", "const": "Prefer"},
    ),
    "WWW-Authenticate": Header("how to say who asks (RFC 6750)", 'Bearer realm="imagemill"'),
    "X-Accel-Buffering": Header(
        "proxies shall not hold it back", "no", {"type": "string", "const": "no"}
    ),
    "X-Content-Type-Options": Header(
        "the type is what it says", "nosniff", {"type": "string", "const": "nosniff"}
    ),
    "X-Request-Id": Header(
        "finds the request in the logs: the client's own id or a new one",
        "7d5f0a8c1b2e4d6f9a3c5e7b8d0f1a2c",
    ),
}

ASKED: Final[dict[str, Header]] = {
    "Idempotency-Key": Header(
        "the client's own: the same upload sent again under it within a day gives the same job, "
        "never a second one; 422 for another upload",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
    "If-None-Match": Header("an `ETag` of before: 304 if nothing has changed", ENTITY_TAG),
    "If-Range": Header("an `ETag`: the `Range` holds only for what has it", ENTITY_TAG),
    "Prefer": Header(
        "`wait=N`: answer once the job has ended, or after N seconds, 60 at most (RFC 7240)",
        "wait=5",
    ),
    "Range": Header("one range of bytes; several are answered with the whole", "bytes=0-99"),
    "Repr-Digest": Header(
        "`sha-256=:base64:` of the image; 400 when its bytes are others (RFC 9530)", DIGEST
    ),
    "X-Filename": Header("the image's name, when the body is the image itself", "cat.jpg"),
}

# What middleware puts on every answer, and on those that are counted.
OF_EVERY_ANSWER: Final = ("X-Request-Id",)
OF_SOME_ANSWERS: Final = ("RateLimit", "RateLimit-Policy")

# What RFC 9110 and RFC 6585 let a status carry, and problems with it do carry here.
OF_STATUS: Final = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Allow",),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("Content-Range",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
# Of the kinds with this status, some carry it.
SOMETIMES_OF_STATUS: Final = {HTTPStatus.FORBIDDEN: ("WWW-Authenticate",)}


def headers(*always: str, sometimes: Iterable[str] = ()) -> Schema:
    """Return the `headers` of a response: those that every such answer has, and those of some."""
    return {name: _header(name, required=True) for name in always} | {
        name: _header(name, required=False) for name in sometimes
    }


def asks_for(*names: str) -> Schema:
    """Return the part of an operation, for `openapi_extra`, that lists headers of the request."""
    return {"parameters": [ASKED[name].parameter(name) for name in names]}


def _header(name: str, *, required: bool) -> Schema:
    header = ANSWERED[name]
    return {
        "description": header.description,
        "required": required,
        "schema": header.schema,
        "example": header.example,
    }
