"""From an answer, or from none, to what it means for the file and for the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from imagemill.process.backoff import retry_after
from imagemill.process.errors import FileFailed, Misused, NotImagemill, Passing, ServerAway
from imagemill.process.schemas import ApiModel, FieldFault, Problem

AnswerT = TypeVar("AnswerT", bound=ApiModel)

# The last two come from what stands between: a proxy whose server restarts.
PASSING: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
KEY_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class FieldsRefused(Misused):
    """The server does not take the fields, and so would refuse every file."""

    def __init__(self, faults: tuple[FieldFault, ...]) -> None:
        super().__init__(*(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = faults


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn httpx' errors into ours: ServerAway when nobody is there, else Passing."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ServerAway("unavailable", f"{url} cannot be reached: {_reason(error)}.") from error
    except httpx.TransportError as error:
        sentence = f"The connection to {url} was lost: {_reason(error)}."
        raise Passing("unavailable", sentence) from error


def require_success(answer: httpx.Response) -> None:
    """Return when the answer is a good one; its body must have been read otherwise.

    Raises Passing, FileFailed; what holds for every file alike as Misused, NotImagemill.
    """
    if answer.is_success:
        return
    if answer.status_code in PASSING:
        asked_for = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
        raise Passing("unavailable", _sentence(answer), asked_for)
    if answer.status_code in KEY_REFUSED:
        raise Misused("The server asks for a key: give one that it knows, as IMAGEMILL_API_KEY.")
    problem = read(Problem, answer)
    if problem.errors:
        raise FieldsRefused(problem.errors)
    raise FileFailed(problem.code, problem.detail)


def read(model: type[AnswerT], answer: httpx.Response) -> AnswerT:
    """Return the answer as what it should be. Raises NotImagemill."""
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        status = f"{answer.status_code} {answer.reason_phrase}".strip()
        raise NotImagemill(
            f"{answer.url} answers {status}, but not as imagemill does: is the address right?"
        ) from error


def _sentence(answer: httpx.Response) -> str:
    try:
        return Problem.model_validate_json(answer.content).detail
    except ValidationError:  # a proxy's own page
        return f"{answer.url} answers {answer.status_code} {answer.reason_phrase}."


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
