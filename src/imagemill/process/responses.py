"""Translation of HTTP responses and connection errors into results and the errors of this room."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from imagemill.field_errors import FieldError
from imagemill.formatting import format_sentence
from imagemill.process.errors import (
    FileError,
    NotImagemill,
    ServerUnreachable,
    TransientError,
    UsageError,
)
from imagemill.process.schemas import ApiModel, Problem
from imagemill.retry_after import parse_retry_after

ModelT = TypeVar("ModelT", bound=ApiModel)

# The last two come from a proxy whose server restarts.
TRANSIENT_STATUSES: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
KEY_STATUSES: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class FieldsRejected(UsageError):
    """The server rejects the fields, and so would reject every file."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(*(f"{error.pointer}: {error.detail}" for error in errors))
        self.errors = errors


@contextmanager
def translate_errors(url: str) -> Iterator[None]:
    """Raise httpx' transport errors as ServerUnreachable or TransientError."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        sentence = format_sentence(f"{url} cannot be reached: {_reason(error)}")
        raise ServerUnreachable("unavailable", sentence) from error
    except httpx.TransportError as error:
        sentence = format_sentence(f"The connection to {url} was lost: {_reason(error)}")
        raise TransientError("unavailable", sentence) from error


def require_success(response: httpx.Response) -> None:
    """Return if the status is 2xx; otherwise the body must have been read.

    Raises TransientError or FileError; UsageError or NotImagemill when it concerns every file.
    """
    if response.is_success:
        return
    if response.status_code in TRANSIENT_STATUSES:
        retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        raise TransientError("unavailable", _problem_detail(response), retry_after)
    if response.status_code in KEY_STATUSES:
        raise UsageError(
            "The server requires an API key: set IMAGEMILL_API_KEY to a key that it accepts."
        )
    problem = parse_response(Problem, response)
    if problem.errors:
        raise FieldsRejected(problem.errors)
    raise FileError(problem.code, problem.detail)


def parse_response(model: type[ModelT], response: httpx.Response) -> ModelT:
    """Return the body as the model. Raises NotImagemill."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        raise NotImagemill(
            f"{response.url} answers {status}, but is not imagemill: is the address right?"
        ) from error


def _problem_detail(response: httpx.Response) -> str:
    try:
        return Problem.model_validate_json(response.content).detail
    except ValidationError:  # a proxy's own page
        return f"{response.url} answers {response.status_code} {response.reason_phrase}."


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
