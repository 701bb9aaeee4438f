"""Every answer of 400 and above, as problem details (RFC 9457)."""

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
from imagemill.errors import ServiceError
from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.gateway.errors import (
    BodyTooSlow,
    ClientLeft,
    KeyRefused,
    LinkRefused,
    MalformedRequest,
    NoAdmin,
    NotAnImage,
    Overloaded,
    RangeNotSatisfiable,
    TooManyRequests,
    UploadTooLarge,
)
from imagemill.gateway.waiting.waiter_registry import TooManyWaiting
from imagemill.http_digest import MalformedDigest
from imagemill.jobs.job import IllegalTransition, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.redis.queue import QueueUnavailable
from imagemill.storage.errors import FileMissing, StorageFull, StorageUnavailable
from imagemill.telemetry.metrics import REJECTED_REQUESTS
from imagemill.webhooks.delivery import DeliveryNotFound

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = "5"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of problem: its status and its stable slug, from which the title follows."""

    status: HTTPStatus
    slug: str

    @property
    def title(self) -> str:
        return self.slug.replace("-", " ").capitalize()


MALFORMED: Final = Kind(HTTPStatus.BAD_REQUEST, "malformed-request")
NOT_FOUND: Final = Kind(HTTPStatus.NOT_FOUND, "not-found")
UNAVAILABLE: Final = Kind(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable")
INVALID: Final = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request")
METHOD_NOT_ALLOWED: Final = Kind(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed")
INTERNAL_ERROR: Final = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error")
FORBIDDEN: Final = Kind(HTTPStatus.FORBIDDEN, "forbidden")

# The one place where errors meet HTTP. An error without a row here takes its parent's.
KINDS: Final[Mapping[type[ServiceError], Kind]] = {
    MalformedRequest: MALFORMED,
    MalformedDigest: MALFORMED,
    KeyRefused: Kind(HTTPStatus.UNAUTHORIZED, "unauthorized"),
    NoAdmin: FORBIDDEN,
    LinkRefused: FORBIDDEN,
    JobNotFound: NOT_FOUND,
    DeliveryNotFound: NOT_FOUND,
    FileMissing: NOT_FOUND,
    IllegalTransition: Kind(HTTPStatus.CONFLICT, "conflict"),
    UploadTooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "upload-too-large"),
    NotAnImage: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"),
    RangeNotSatisfiable: Kind(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range-not-satisfiable"),
    InvalidFields: INVALID,
    DatabaseUnavailable: UNAVAILABLE,
    QueueUnavailable: UNAVAILABLE,
    TooManyWaiting: UNAVAILABLE,
    StorageUnavailable: UNAVAILABLE,
    StorageFull: Kind(HTTPStatus.INSUFFICIENT_STORAGE, "storage-full"),
    BodyTooSlow: Kind(HTTPStatus.REQUEST_TIMEOUT, "request-timeout"),
    ClientLeft: Kind(HTTPStatus.BAD_REQUEST, "client-left"),
    TooManyRequests: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests"),
    Overloaded: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded"),
}


class ProblemBody(BaseModel):
    """Problem details as RFC 9457 has them."""

    model_config = DESCRIBED

    type: str
    """What kind of problem it is: stable, and a page that explains it."""
    title: str
    """The same in words."""
    status: int
    """The status of the answer."""
    detail: str
    """What is wrong here, in a sentence."""
    errors: list[FieldError] = []
    """The fields at fault, for 422."""


def kind_of(error: type[ServiceError]) -> Kind:
    """Return the kind of problem that an error is told as: its own, or that of its parent."""
    return next(KINDS[parent] for parent in error.__mro__ if parent in KINDS)


def all_kinds() -> set[Kind]:
    """Return every kind of problem that is answered with."""
    return {*KINDS.values(), METHOD_NOT_ALLOWED, INTERNAL_ERROR}


def type_of(kind: Kind) -> str:
    """Return the URI that stands for the kind, relative to the service's root."""
    return f"/problems/{kind.slug}"


def problem(
    kind: Kind,
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
    return JSONResponse(content, kind.status.value, headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Let every failure, foreseen or not, be answered as a problem.

    `routes` are all there are, so that a wrong method can be told the right ones.
    """

    @app.exception_handler(ServiceError)
    async def foreseen(_: Request, error: ServiceError) -> JSONResponse:
        return answer_to(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return answer_to(InvalidFields(*(_field_error(one) for one in error.errors())))

    @app.exception_handler(HTTPException)
    async def unrouted(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            methods = ", ".join(_allowed_methods(request, routes))
            detail = f"{request.method} is not possible here; possible are {methods}."
            return problem(METHOD_NOT_ALLOWED, detail, {"Allow": methods})
        if status is HTTPStatus.NOT_FOUND:
            return problem(NOT_FOUND, f"There is nothing at {request.url.path}.")
        unnamed = Kind(status, status.phrase.lower().replace(" ", "-"))
        kind = next((kind for kind in all_kinds() if kind.status is status), unnamed)
        return problem(kind, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, __: Exception) -> JSONResponse:
        detail = "The service met an error of its own; it has been logged."
        return problem(INTERNAL_ERROR, detail)


def answer_to(error: ServiceError) -> JSONResponse:
    """Return the answer to a failure that was foreseen, and log it if it is the service's own."""
    kind = kind_of(type(error))
    if isinstance(error, TooManyRequests | Overloaded):
        REJECTED_REQUESTS.labels(kind.slug).inc()
        return problem(kind, str(error), {"Retry-After": str(error.retry_seconds)})
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", reason=str(error), cause=repr(error.__cause__))
        headers = {"Retry-After": RETRY_AFTER_SECONDS} if kind is UNAVAILABLE else None
        return problem(kind, str(error), headers)
    if isinstance(error, InvalidFields):
        return problem(kind, str(error), errors=[asdict(one) for one in error.errors])
    if isinstance(error, KeyRefused):
        log.debug("request.refused", reason=str(error))
        return problem(kind, str(error), {"WWW-Authenticate": error.challenge})
    if isinstance(error, RangeNotSatisfiable):
        return problem(kind, str(error), {"Content-Range": f"bytes */{error.size}"})
    return problem(kind, str(error))


def _field_error(error: Mapping[str, Any]) -> FieldError:
    # Where it is and its name; behind them FastAPI adds the place in a list of values.
    return FieldError(json_pointer(error["loc"][:2]), error["msg"])


def _allowed_methods(request: Request, routes: Sequence[BaseRoute]) -> list[str]:
    """Return every method of the path; Starlette names those of the first route that matches."""
    allowed: set[str] = set()
    for route in routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            allowed |= getattr(route, "methods", None) or set()
    return sorted(allowed)
