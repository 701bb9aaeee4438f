"""Every route of the gateway, so that a test can go through them all."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from imagemill.gateway.app import create_app

# A method and a path, as in "GET /jobs/{id}".
Declared = tuple[str, str]


def every_route() -> list[Declared]:
    """Return every method and path; of a folder of files one that is there."""
    nothing_open: Any = None  # until they are asked, routes need nothing
    return sorted(set(_declared(create_app(nothing_open).routes)))


def _declared(routes: Iterable[BaseRoute]) -> Iterator[Declared]:
    for route in routes:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/swagger-ui.css"
        elif isinstance(route, APIRoute | Route):
            for method in route.methods or ():
                yield method, route.path
        else:  # a router that was included; FastAPI keeps it whole
            yield from _declared(route.original_router.routes)  # type: ignore[attr-defined]
