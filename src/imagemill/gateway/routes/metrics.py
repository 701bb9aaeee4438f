"""GET /metrics: for anyone while no API key exists, then for admins and keys for metrics."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from imagemill.auth.errors import AdminRequired
from imagemill.blocking import run_in_thread
from imagemill.errors import Rejected
from imagemill.gateway.auth.caller import Bearer, Caller, authenticate_any, require_admin
from imagemill.gateway.openapi.headers import response_headers
from imagemill.gateway.openapi.routing import get_and_head, problems
from imagemill.gateway.services import ServicesDep
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.telemetry.metrics import render_metrics

router = APIRouter(tags=["health"])

# Together with the time-out of the gauges well below the ten seconds that Prometheus waits.
AUTHENTICATION_TIMEOUT_SECONDS: Final = 2.0


async def require_scraper(services: ServicesDep, request: Request, bearer: Bearer) -> None:
    """Raise KeyRefused, AdminRequired, TooManyRequests or DatabaseUnavailable unless allowed.

    Credentials that were accepted before are accepted while PostgreSQL is unavailable: see
    scraper_cache.py.
    """
    token = bearer.credentials if bearer else None
    try:
        caller = await _with_timeout(authenticate_any(services, request, bearer))
        if not caller.is_metrics_only:
            require_admin(caller)
    except DatabaseUnavailable:
        if token not in services.scraper_cache:
            raise
    except Rejected:
        services.scraper_cache.remove(token)
        raise
    else:
        services.scraper_cache.add(token)


async def _with_timeout(authentication: Coroutine[Any, Any, Caller]) -> Caller:
    # Not canceled after the time-out: that would wait for the statement in progress.
    task = asyncio.create_task(authentication)
    done, _ = await asyncio.wait({task}, timeout=AUTHENTICATION_TIMEOUT_SECONDS)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise DatabaseUnavailable("PostgreSQL did not answer in time: key lookup.")
    return task.result()


@get_and_head(
    router,
    "/metrics",
    summary="Read the metrics",
    response_class=PlainTextResponse,
    dependencies=[Depends(require_scraper)],
    responses={
        HTTPStatus.OK.value: {
            "description": "Prometheus' text format, or OpenMetrics if the client accepts it",
            "headers": response_headers("Cache-Control"),
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        }
    }
    | problems(AdminRequired),
)
async def read_metrics(services: ServicesDep, request: Request) -> Response:
    """Return the metrics of this gateway and, while PostgreSQL answers, of the job queue."""
    gauges = await services.queue_gauges.read() + await services.storage_gauges.read()
    # In a thread: it reads the state of the process from files.
    accepted = ", ".join(request.headers.getlist("accept"))
    content, media_type = await run_in_thread(render_metrics, accepted, gauges)
    return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
