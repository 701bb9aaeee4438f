"""Headers of requests and responses, as the OpenAPI document describes them.

A header that a route sets without declaring it, or declares without setting it, fails the tests:
tests/support/conformance.py checks every response against the document.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

Schema = dict[str, Any]

ENTITY_TAG: Final = '"6f1ed002ab5595859014ebf0951522d9"'
DIGEST_PATTERN: Final = "^sha-256=:[A-Za-z0-9+/]{43}=:$"
DIGEST: Final = "sha-256=:DeOCSQ9qjMIhzCGNNmpU4wuRRLPwpQOJ1lVxUHlTBCc=:"


@dataclass(frozen=True, slots=True)
class Header:
    """A header: its description, an example value, and the schema of its values."""

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


RESPONSE_HEADERS: Final[dict[str, Header]] = {
    "Accept-Ranges": Header(
        "`Range` requests are supported", "bytes", {"type": "string", "const": "bytes"}
    ),
    "Allow": Header("every method of the path", "GET, HEAD"),
    "Cache-Control": Header(
        "`no-cache`: revalidate with `If-None-Match` before each use; `private`: not in shared "
        "caches; `no-store`: in no cache",
        "no-cache",
        {"type": "string", "enum": ["no-cache", "private, no-cache", "no-store"]},
    ),
    "Content-Disposition": Header("the file name (RFC 6266)", 'inline; filename="cat-thumb.webp"'),
    "Content-Length": Header("bytes in the body", 14210, {"type": "integer", "minimum": 0}),
    "Content-Range": Header("the range of bytes, and the size of the whole", "bytes 0-99/14210"),
    "ETag": Header(
        "changes whenever the body changes",
        ENTITY_TAG,
        {"type": "string", "pattern": '^"[0-9a-f]+"$'},
    ),
    "Idempotent-Replayed": Header(
        "an earlier upload with this `Idempotency-Key` created the job",
        "true",
        {"type": "string", "const": "true"},
    ),
    "Location": Header(
        "the URL of the job or output",
        "/jobs/0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11",
        {"type": "string", "format": "uri-reference"},
    ),
    "Preference-Applied": Header(
        "the wait that was applied (RFC 7240)",
        "wait=30",
        {"type": "string", "pattern": "^wait=[0-9]+$"},
    ),
    "RateLimit": Header(
        "if `RATE_LIMIT` is set: remaining requests, and seconds until there are more",
        '"default";r=99;t=60',
    ),
    "RateLimit-Policy": Header(
        "if `RATE_LIMIT` is set: requests per seconds", '"default";q=100;w=60'
    ),
    "Repr-Digest": Header(
        "the SHA-256 of the whole image (RFC 9530)",
        DIGEST,
        {"type": "string", "pattern": DIGEST_PATTERN},
    ),
    "Retry-After": Header(
        "seconds after which the request can be repeated", 5, {"type": "integer", "minimum": 0}
    ),
    "Vary": Header(
        "the response depends on `Prefer`",
        "Prefer",
        {"type": "string", "const": "Prefer"},
    ),
    "WWW-Authenticate": Header("how to authenticate (RFC 6750)", 'Bearer realm="imagemill"'),
    "X-Accel-Buffering": Header(
        "proxies must not buffer the response", "no", {"type": "string", "const": "no"}
    ),
    "X-Content-Type-Options": Header(
        "browsers must not guess another type", "nosniff", {"type": "string", "const": "nosniff"}
    ),
    "X-Request-Id": Header(
        "identifies the request in the logs: the client's id or a new one",
        "7d5f0a8c1b2e4d6f9a3c5e7b8d0f1a2c",
    ),
}

REQUEST_HEADERS: Final[dict[str, Header]] = {
    "Idempotency-Key": Header(
        "chosen by the client: the same upload repeated with it within a day returns the same job, "
        "never a second one; 422 for another upload",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
    "If-None-Match": Header("an earlier `ETag`: 304 if nothing has changed", ENTITY_TAG),
    "If-Range": Header("an `ETag`: `Range` applies only if it matches", ENTITY_TAG),
    "Prefer": Header(
        "`wait=N`: respond once the job has ended, or after N seconds, at most 55 (RFC 7240)",
        "wait=5",
    ),
    "Range": Header("one range of bytes; the response to several is the whole file", "bytes=0-99"),
    "Repr-Digest": Header(
        "`sha-256=:base64:` of the image; 400 if it does not match (RFC 9530)", DIGEST
    ),
    "X-Filename": Header("the file name, if the body is the bare image", "cat.jpg"),
}

# Set by middleware on every response, and on those that count against the rate limit.
ON_EVERY_RESPONSE: Final = ("X-Request-Id",)
ON_SOME_RESPONSES: Final = ("RateLimit", "RateLimit-Policy")

# Set on every problem with the status (RFC 9110, RFC 6585).
ON_STATUS: Final = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Allow",),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("Content-Range",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
# Set on problems of some kinds with the status.
SOMETIMES_ON_STATUS: Final = {HTTPStatus.FORBIDDEN: ("WWW-Authenticate",)}


def response_headers(*required: str, optional: Iterable[str] = ()) -> Schema:
    """Return the `headers` of a response: those it always has, and those it may have."""
    return {name: _header(name, required=True) for name in required} | {
        name: _header(name, required=False) for name in optional
    }


def request_headers(*names: str) -> Schema:
    """Return the part of an operation, for `openapi_extra`, that declares request headers."""
    return {"parameters": [REQUEST_HEADERS[name].parameter(name) for name in names]}


def _header(name: str, *, required: bool) -> Schema:
    header = RESPONSE_HEADERS[name]
    return {
        "description": header.description,
        "required": required,
        "schema": header.schema,
        "example": header.example,
    }
