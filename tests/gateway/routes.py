"""Every route of the gateway, so that a test can go through them all."""

from collections.abc import Iterable, Iterator

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from imagemill.gateway.app import create_routes

# A file of those that routes serve by their paths.
FILES = {"/page/{path:path}": "/page/css/theme.css"}

# A method and a path, as in "GET /jobs/{id}".
Declared = tuple[str, str]


def every_route() -> list[Declared]:
    """Return every method and path; of a folder of files one that is there."""
    return sorted(set(_declared(create_routes().routes)))


def _declared(routes: Iterable[BaseRoute]) -> Iterator[Declared]:
    for route in routes:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/swagger-ui.css"
        elif isinstance(route, APIRoute | Route):
            for method in route.methods or ():
                yield method, FILES.get(route.path, route.path)
        else:  # a router that was included; FastAPI keeps it whole
            yield from _declared(route.original_router.routes)  # type: ignore[attr-defined]
