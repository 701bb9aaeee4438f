"""Direct routes: the few that clients call all the time, without FastAPI's handling of requests.

FastAPI documents them as it does all others. To match a request to a route, resolve what it depends
on and wrap the response takes FastAPI longer than these routes take themselves. Requests that are
not plain, with another method or an id that is no UUID, are left to FastAPI, which runs the same
functions.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from imagemill.errors import ServiceError
from imagemill.gateway.auth.caller import (
    BEARER,
    Caller,
    CurrentCaller,
    ScopedJobStore,
    authenticate_caller,
)
from imagemill.gateway.auth.link_access import LinkScopedJobStore, scope_to_link_or_caller
from imagemill.gateway.observability.log_context import bind_job_id
from imagemill.gateway.openapi.routing import JobIdPath, OutputNamePath
from imagemill.gateway.problem import to_response
from imagemill.gateway.root_path import route_path
from imagemill.gateway.services import Services, ServicesDep
from imagemill.jobs.store import JobStore

PARAMETERS: Final[Mapping[str, str]] = {
    "id": r"(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    "name": r"(?P<name>[^/]+)",
}

Resolve = Callable[[Services, Request], Awaitable[object]]


async def _services(services: Services, _: Request) -> Services:
    return services


async def _request(_: Services, request: Request) -> Request:
    return request


async def _caller(services: Services, request: Request) -> Caller:
    return await authenticate_caller(services, request, await BEARER(request))


async def _job_store(services: Services, request: Request) -> JobStore:
    caller = await _caller(services, request)
    return services.job_store.scoped_to(caller.visible_owner)


async def _linked_job_store(services: Services, request: Request) -> JobStore:
    return await scope_to_link_or_caller(services, request, await BEARER(request))


async def _job_id(_: Services, request: Request) -> UUID:
    return UUID(request.path_params["id"])


async def _output_name(_: Services, request: Request) -> str:
    return str(request.path_params["name"])


# How a parameter of a direct route gets its value, by its annotation. A parameter with any other
# annotation must have a default, and is there for the document only.
RESOLVERS: Final[Sequence[tuple[object, Resolve]]] = (
    (ServicesDep, _services),
    (Request, _request),
    (CurrentCaller, _caller),
    (ScopedJobStore, _job_store),
    (LinkScopedJobStore, _linked_job_store),
    (JobIdPath, _job_id),
    (OutputNamePath, _output_name),
)


@dataclass(frozen=True, slots=True)
class DirectRoute:
    """A route that is called with the arguments that its function names."""

    route: APIRoute
    path: re.Pattern[str]
    arguments: Mapping[str, Resolve]

    @classmethod
    def of(cls, route: APIRoute) -> "DirectRoute":
        path = re.sub(r"\{(\w+)\}", lambda found: PARAMETERS[found[1]], route.path)
        parameters = inspect.signature(route.endpoint).parameters.values()
        arguments = {
            parameter.name: resolve
            for parameter in parameters
            for annotation, resolve in RESOLVERS
            if parameter.annotation == annotation
        }
        return cls(route, re.compile(path), arguments)

    async def respond(self, services: Services, request: Request) -> Response:
        await bind_job_id(request)
        try:
            arguments: dict[str, Any] = {
                name: await resolve(services, request) for name, resolve in self.arguments.items()
            }
            response: Response = await self.route.endpoint(**arguments)
        except ServiceError as error:
            return to_response(error)
        return response


class DirectRoutes:
    """ASGI middleware that calls the direct routes, and the application for everything else."""

    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        routes: Collection[APIRoute],
    ) -> None:
        self._app = app
        self._services = services
        self._routes = [
            (method, DirectRoute.of(route)) for route in routes for method in route.methods or ()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = route_path(scope)
        for method, direct in self._routes:
            if method == scope["method"] and (found := direct.path.fullmatch(path)):
                scope["route"], scope["path_params"] = direct.route, found.groupdict()
                response = await direct.respond(self._services, Request(scope, receive, send))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
