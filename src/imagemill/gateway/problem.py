"""Problem details (RFC 9457): the body of every response with a status of 400 and above."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from imagemill.api_schemas import DESCRIBED
from imagemill.auth.errors import InsufficientScope, KeyRefused, LinkRefused
from imagemill.errors import ServiceError, Unavailable
from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.gateway.errors import (
    BodyTooSlow,
    ClientDisconnected,
    CrossSiteRequest,
    MalformedRequest,
    MisdirectedRequest,
    NotAnImage,
    Overloaded,
    RangeNotSatisfiable,
    TooManyRequests,
    UploadTooLarge,
)
from imagemill.gateway.json_response import JsonResponse
from imagemill.gateway.waiting.waiter_registry import TooManyWaiting
from imagemill.http_digest import MalformedDigest
from imagemill.jobs.job import IllegalTransition, JobNotFound
from imagemill.near_misses import describe_invalid
from imagemill.outages import STORAGE
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import FileMissing, StorageFull, StorageUnavailable
from imagemill.telemetry.metrics import REJECTED_REQUESTS
from imagemill.webhooks.delivery import DeliveryNotFound

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = "5"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem: its status and its stable slug, from which the title is made."""

    status: HTTPStatus
    slug: str

    @property
    def title(self) -> str:
        return self.slug.replace("-", " ").capitalize()


MALFORMED: Final = ProblemKind(HTTPStatus.BAD_REQUEST, "malformed-request")
REQUEST_TIMEOUT: Final = ProblemKind(HTTPStatus.REQUEST_TIMEOUT, "request-timeout")
NOT_FOUND: Final = ProblemKind(HTTPStatus.NOT_FOUND, "not-found")
DATABASE_UNAVAILABLE: Final = ProblemKind(HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable")
STORAGE_UNAVAILABLE: Final = ProblemKind(HTTPStatus.SERVICE_UNAVAILABLE, "storage-unavailable")
OVERLOADED: Final = ProblemKind(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded")
INVALID: Final = ProblemKind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request")
METHOD_NOT_ALLOWED: Final = ProblemKind(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed")
INTERNAL_ERROR: Final = ProblemKind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error")
HEADERS_TOO_LARGE: Final = ProblemKind(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large"
)
FORBIDDEN: Final = ProblemKind(HTTPStatus.FORBIDDEN, "forbidden")

# The only table from errors to HTTP. An error without a row here has the row of its base class.
KINDS: Final[Mapping[type[ServiceError], ProblemKind]] = {
    MalformedRequest: MALFORMED,
    MalformedDigest: MALFORMED,
    MisdirectedRequest: ProblemKind(HTTPStatus.MISDIRECTED_REQUEST, "misdirected-request"),
    CrossSiteRequest: ProblemKind(HTTPStatus.FORBIDDEN, "cross-site-request"),
    KeyRefused: ProblemKind(HTTPStatus.UNAUTHORIZED, "unauthorized"),
    InsufficientScope: FORBIDDEN,
    LinkRefused: FORBIDDEN,
    JobNotFound: NOT_FOUND,
    DeliveryNotFound: NOT_FOUND,
    FileMissing: NOT_FOUND,
    IllegalTransition: ProblemKind(HTTPStatus.CONFLICT, "conflict"),
    UploadTooLarge: ProblemKind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "upload-too-large"),
    NotAnImage: ProblemKind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"),
    RangeNotSatisfiable: ProblemKind(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range-not-satisfiable"
    ),
    InvalidFields: INVALID,
    DatabaseUnavailable: DATABASE_UNAVAILABLE,
    StorageUnavailable: STORAGE_UNAVAILABLE,
    StorageFull: ProblemKind(HTTPStatus.INSUFFICIENT_STORAGE, "storage-full"),
    BodyTooSlow: REQUEST_TIMEOUT,
    ClientDisconnected: ProblemKind(HTTPStatus.BAD_REQUEST, "client-disconnected"),
    TooManyRequests: ProblemKind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests"),
    Overloaded: OVERLOADED,
    TooManyWaiting: OVERLOADED,
}


class ProblemBody(BaseModel):
    """Problem details as RFC 9457 has them."""

    model_config = DESCRIBED

    type: str
    """The kind of problem: a stable URI, with a page that explains it."""
    title: str
    """The kind of problem as a phrase."""
    status: int
    """The status of the response."""
    detail: str
    """What is wrong with this request, in one sentence."""
    errors: list[FieldError] = []
    """For 422: an error for each invalid field."""


def kind_of(error: type[ServiceError]) -> ProblemKind:
    """Return the kind of problem that an error is reported as."""
    return next(KINDS[parent] for parent in error.__mro__ if parent in KINDS)


def all_kinds() -> set[ProblemKind]:
    """Return every kind of problem that the gateway responds with."""
    return {*KINDS.values(), METHOD_NOT_ALLOWED, HEADERS_TOO_LARGE, INTERNAL_ERROR}


def type_of(kind: ProblemKind) -> str:
    """Return the URI of the kind, relative to the root of the service."""
    return f"/problems/{kind.slug}"


def problem(
    kind: ProblemKind,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,  # noqa: ANN401 - any JSON, as RFC 9457 allows
) -> JSONResponse:
    """Return a problem as a response; `members` are added to the standard ones."""
    content = {
        "type": type_of(kind),
        "title": kind.title,
        "status": kind.status.value,
        "detail": detail,
    } | members
    return JsonResponse(content, kind.status.value, headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make every error a problem response.

    `routes` are all routes of the app, to list the allowed methods of a path.
    """

    @app.exception_handler(ServiceError)
    async def handle_service_error(_: Request, error: ServiceError) -> JSONResponse:
        return to_response(error)

    @app.exception_handler(RequestValidationError)
    async def handle_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        return to_response(InvalidFields(*(_field_error(one) for one in error.errors())))

    @app.exception_handler(HTTPException)
    async def handle_http_exception(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            methods = ", ".join(_allowed_methods(request, routes))
            detail = f"{request.method} is not allowed; allowed are {methods}."
            return problem(METHOD_NOT_ALLOWED, detail, {"Allow": methods})
        if status is HTTPStatus.NOT_FOUND:
            return problem(NOT_FOUND, f"There is no resource at {request.url.path}.")
        unnamed = ProblemKind(status, status.phrase.lower().replace(" ", "-"))
        kind = next((kind for kind in all_kinds() if kind.status is status), unnamed)
        return problem(kind, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    async def handle_bug(_: Request, __: Exception) -> JSONResponse:
        return internal_error()


def to_response(error: ServiceError) -> JSONResponse:
    """Return the response to an expected error, and log it if its status is 500 or above.

    Outages are logged once: see outages.py.
    """
    kind = kind_of(type(error))
    if isinstance(error, TooManyRequests | Overloaded):
        REJECTED_REQUESTS.labels(kind.slug).inc()
        return problem(kind, str(error), {"Retry-After": str(error.retry_seconds)})
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        if isinstance(error, StorageUnavailable):
            STORAGE.note_failure(error)
        is_logged = isinstance(error, StorageUnavailable) or (
            isinstance(error, Unavailable) and error.is_logged
        )
        logged = log.debug if is_logged else log.error
        logged("request.failed", reason=str(error), cause=repr(error.__cause__))
        is_temporary = kind.status is HTTPStatus.SERVICE_UNAVAILABLE
        headers = {"Retry-After": RETRY_AFTER_SECONDS} if is_temporary else None
        return problem(kind, str(error), headers)
    if isinstance(error, InvalidFields):
        return problem(kind, str(error), errors=[asdict(one) for one in error.errors])
    if isinstance(error, KeyRefused):
        log.debug("request.refused", reason=str(error))
        return problem(kind, str(error), {"WWW-Authenticate": _challenge(error)})
    if isinstance(error, RangeNotSatisfiable):
        return problem(kind, str(error), {"Content-Range": f"bytes */{error.size}"})
    return problem(kind, str(error))


def internal_error() -> JSONResponse:
    """Return the response to an error that is a bug; the server logs its traceback."""
    return problem(INTERNAL_ERROR, "An internal error occurred and was logged.")


def _challenge(error: KeyRefused) -> str:
    """Return the value of WWW-Authenticate (RFC 6750, section 3)."""
    code = f', error="{error.oauth_error}"' if error.oauth_error else ""
    return f'Bearer realm="imagemill"{code}'


def _field_error(error: Mapping[str, Any]) -> FieldError:
    # The location and the name; after them FastAPI adds the index in a list of values.
    return FieldError(json_pointer(error["loc"][:2]), describe_invalid(error))


def _allowed_methods(request: Request, routes: Sequence[BaseRoute]) -> list[str]:
    """Return every method of the path; Starlette lists those of the first matching route."""
    allowed: set[str] = set()
    for route in routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            allowed |= getattr(route, "methods", None) or set()
    return sorted(allowed)
