"""GET /metrics: for anybody while there is no API key, then for admins."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from imagemill.blocking import run_in_thread
from imagemill.errors import Rejected
from imagemill.gateway.auth.caller import Bearer, Caller, caller_of, require_admin
from imagemill.gateway.errors import NoAdmin
from imagemill.gateway.openapi.headers import headers
from imagemill.gateway.openapi.routing import problems, readable
from imagemill.gateway.services import Gateway
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.telemetry.metrics import render_metrics

router = APIRouter(tags=["health"])

# With that of the gauges it is well below the ten seconds that Prometheus waits.
PATIENCE_SECONDS: Final = 2.0


async def require_scraper(gateway: Gateway, request: Request, bearer: Bearer) -> None:
    """Let the request in, or raise KeyRefused, NoAdmin, TooManyRequests or DatabaseUnavailable.

    Those who were let in before are let in also while PostgreSQL is away: see scrapers.py.
    """
    shown = bearer.credentials if bearer else None
    try:
        require_admin(await _in_time(caller_of(gateway, request, bearer)))
    except DatabaseUnavailable:
        if not gateway.scrapers.knows(shown):
            raise
    except Rejected:
        gateway.scrapers.forget(shown)
        raise
    else:
        gateway.scrapers.remember(shown)


async def _in_time(asking: Coroutine[Any, Any, Caller]) -> Caller:
    # Not canceled when it takes too long: a statement under way would be waited for.
    task = asyncio.create_task(asking)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise DatabaseUnavailable("PostgreSQL does not say in time whose key this is.")
    return task.result()


@readable(
    router,
    "/metrics",
    summary="What is counted and measured",
    response_class=PlainTextResponse,
    dependencies=[Depends(require_scraper)],
    responses={
        HTTPStatus.OK.value: {
            "description": "Prometheus' text format, or OpenMetrics for those who accept it",
            "headers": headers("Cache-Control"),
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        }
    }
    | problems(NoAdmin),
)
async def read_metrics(gateway: Gateway, request: Request) -> Response:
    """Return the metrics of this gateway and, while PostgreSQL answers, those of the ledger."""
    gauges = await gateway.gauges.read()
    # The state of the process is read from files of the system.
    content, media_type = await run_in_thread(render_metrics, request.headers.get("accept"), gauges)
    return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
