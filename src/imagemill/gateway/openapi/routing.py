"""How routes are declared: what a path takes, and which problems it may answer with."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path

from imagemill.errors import ServiceError
from imagemill.gateway.openapi.headers import OF_STATUS, SOMETIMES_OF_STATUS, headers
from imagemill.gateway.openapi.problem_docs import MEANINGS
from imagemill.gateway.problem import MEDIA_TYPE, Kind, ProblemBody, all_kinds, kind_of

Route = TypeVar("Route", bound=Callable[..., Any])
Responses = dict[int | str, dict[str, Any]]

JobIdPath = Annotated[UUID, Path(alias="id", description="the job's id, a UUID")]
OutputNamePath = Annotated[str, Path(alias="name", description="the output's name")]


def problems(
    *causes: type[ServiceError] | HTTPStatus, body: type[ProblemBody] = ProblemBody
) -> Responses:
    """Return the OpenAPI responses for what a route may refuse or fail with, each a problem.

    An error stands for its kind; a status for every kind of problem that has it.
    """
    kinds = {kind for cause in causes for kind in _kinds(cause)}
    return {
        status.value: _problem(status, [kind for kind in kinds if kind.status is status], body)
        for status in sorted({kind.status for kind in kinds})
    }


def readable(router: APIRouter, path: str, **options: Any) -> Callable[[Route], Route]:  # noqa: ANN401 - FastAPI's own
    """Declare a route that answers GET, and HEAD wherever it answers GET (RFC 9110, 9.3.2)."""

    def declare(route: Route) -> Route:
        router.add_api_route(path, route, methods=["GET"], **options)
        router.add_api_route(
            path, route, methods=["HEAD"], **(options | {"include_in_schema": False})
        )
        return route

    return declare


def _kinds(cause: type[ServiceError] | HTTPStatus) -> list[Kind]:
    if not isinstance(cause, HTTPStatus):
        return [kind_of(cause)]
    found = [kind for kind in all_kinds() if kind.status is cause]
    if not found:
        raise LookupError(f"no kind of problem has the status {cause.value}")
    return found


def _problem(status: HTTPStatus, kinds: list[Kind], body: type[ProblemBody]) -> dict[str, Any]:
    kinds = sorted(kinds, key=lambda kind: kind.slug)
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{body.__name__}"}}
    if body is ProblemBody:  # others have an example of their own, in examples.py
        content["examples"] = {
            kind.slug: {"summary": kind.title, "value": MEANINGS[kind.slug].example(kind)}
            for kind in kinds
        }
    return {
        "description": " ".join(MEANINGS[kind.slug].says for kind in kinds),
        "headers": headers(
            *OF_STATUS.get(status, ()), sometimes=SOMETIMES_OF_STATUS.get(status, ())
        ),
        "content": {MEDIA_TYPE: content},
    }
