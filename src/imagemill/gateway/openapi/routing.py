"""Helpers to declare routes: path parameters, GET with HEAD, and the problems of a route."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path

from imagemill.errors import ServiceError
from imagemill.gateway.openapi.components import REF
from imagemill.gateway.openapi.headers import ON_STATUS, SOMETIMES_ON_STATUS, response_headers
from imagemill.gateway.openapi.problem_docs import PROBLEM_DOCS
from imagemill.gateway.problem import MEDIA_TYPE, ProblemBody, ProblemKind, all_kinds, kind_of

Route = TypeVar("Route", bound=Callable[..., Any])
Responses = dict[int | str, dict[str, Any]]

JobIdPath = Annotated[UUID, Path(alias="id", description="the id of the job, a UUID")]
OutputNamePath = Annotated[str, Path(alias="name", description="the name of the output")]


def problems(
    *causes: type[ServiceError] | HTTPStatus, body: type[ProblemBody] = ProblemBody
) -> Responses:
    """Return the OpenAPI responses for the errors of a route, each a problem.

    A status stands for every kind of problem with that status.
    """
    kinds = {kind for cause in causes for kind in _kinds(cause)}
    return {
        status.value: _problem(status, [kind for kind in kinds if kind.status is status], body)
        for status in sorted({kind.status for kind in kinds})
    }


def get_and_head(router: APIRouter, path: str, **options: Any) -> Callable[[Route], Route]:  # noqa: ANN401 - FastAPI's own
    """Declare a route for GET, and for HEAD with the same headers (RFC 9110, 9.3.2)."""

    def declare(route: Route) -> Route:
        router.add_api_route(path, route, methods=["GET"], **options)
        router.add_api_route(
            path, route, methods=["HEAD"], **(options | {"include_in_schema": False})
        )
        return route

    return declare


def _kinds(cause: type[ServiceError] | HTTPStatus) -> list[ProblemKind]:
    if not isinstance(cause, HTTPStatus):
        return [kind_of(cause)]
    found = [kind for kind in all_kinds() if kind.status is cause]
    if not found:
        raise LookupError(f"no kind of problem has the status {cause.value}")
    return found


def _problem(
    status: HTTPStatus, kinds: list[ProblemKind], body: type[ProblemBody]
) -> dict[str, Any]:
    kinds = sorted(kinds, key=lambda kind: kind.slug)
    content: dict[str, Any] = {"schema": {"$ref": REF.format(model=body.__name__)}}
    if body is ProblemBody:  # subclasses have their own example, in examples.py
        content["examples"] = {
            kind.slug: {"summary": kind.title, "value": PROBLEM_DOCS[kind.slug].example(kind)}
            for kind in kinds
        }
    return {
        "description": " ".join(PROBLEM_DOCS[kind.slug].meaning for kind in kinds),
        "headers": response_headers(
            *ON_STATUS.get(status, ()), optional=SOMETIMES_ON_STATUS.get(status, ())
        ),
        "content": {MEDIA_TYPE: content},
    }
