"""How routes are declared: what a path takes, and which problems it may answer with."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path

from imagemill.gateway.problem import MEDIA_TYPE, ProblemBody

Route = TypeVar("Route", bound=Callable[..., Any])

JobIdPath = Annotated[UUID, Path(alias="id", description="the job's id, a UUID")]


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for these statuses, each a problem."""
    return {
        status.value: {
            "model": ProblemBody,
            "description": status.phrase,
            "content": {MEDIA_TYPE: {}},
        }
        for status in statuses
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
