"""Responses of a server and errors of the connection, as results and errors of this client."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from imagemill.client.errors import (
    CLASSES,
    TRANSIENT_STATUSES,
    ConnectionFailed,
    Problem,
    ServerUnreachable,
    UnexpectedResponse,
)
from imagemill.client.models import Model, ProblemDetails
from imagemill.formatting import format_sentence
from imagemill.retry_after import parse_retry_after

ModelT = TypeVar("ModelT", bound=Model)


PROXY_STATUSES: Final = TRANSIENT_STATUSES | {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@contextmanager
def translate_errors(url: httpx.URL) -> Iterator[None]:
    """Raise httpx' transport errors as ServerUnreachable or ConnectionFailed."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        sentence = format_sentence(f"{_address(url)} cannot be reached: {_reason(error)}")
        raise ServerUnreachable(sentence) from None  # all that is known is in the sentence
    except httpx.TransportError as error:
        sentence = format_sentence(f"The connection to {_address(url)} was lost: {_reason(error)}")
        raise ConnectionFailed(sentence) from error


def require_success(response: httpx.Response) -> None:
    """Return if the status is 2xx; otherwise the body must have been read.

    Raises Problem or UnexpectedResponse.
    """
    if response.is_success:
        return
    status = response.status_code
    retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    try:
        problem = parse(ProblemDetails, response)
    except UnexpectedResponse:
        if status not in PROXY_STATUSES:
            raise
        # A proxy's own page, while its server restarts or where it asks for a password.
        slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
        problem = ProblemDetails(type=slug, detail=f"{_describe(response)}.")
    raise CLASSES.get(status, Problem)(
        status,
        problem.type.rpartition("/")[2],
        problem.detail,
        problem.errors,
        retry_after,
    )


def parse(model: type[ModelT], response: httpx.Response) -> ModelT:
    """Return the body as the model. Raises UnexpectedResponse."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise UnexpectedResponse(
            f"{_describe(response)}, but is not imagemill: is the address right?"
        ) from error


def _describe(response: httpx.Response) -> str:
    return f"{response.url} answers {response.status_code} {response.reason_phrase}".rstrip()


def _address(url: httpx.URL) -> str:
    """Return the URL without the slash that httpx adds to it."""
    return str(url).rstrip("/")


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
