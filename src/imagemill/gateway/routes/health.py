"""Whether the gateway lives, and whether it can take uploads."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from imagemill.errors import Unavailable
from imagemill.gateway.openapi.routing import problems, readable
from imagemill.gateway.problem import RETRY_AFTER_SECONDS, UNAVAILABLE, problem
from imagemill.gateway.schemas import HealthBody, ReadinessBody, UnreadinessBody
from imagemill.gateway.services import Gateway
from imagemill.postgres.pool import DatabaseUnavailable

router = APIRouter(tags=["health"])

PATIENCE_SECONDS: Final = 2.0
# Uploads are accepted without it: a worker's sweep finds the jobs.
DISPENSABLE: Final = "redis"


@readable(router, "/healthz", summary="Whether the process lives", response_model=HealthBody)
async def read_health() -> HealthBody:
    """Answer while the process lives."""
    return HealthBody(status="ok")


@readable(
    router,
    "/readyz",
    summary="Whether uploads can be accepted",
    response_model=ReadinessBody,
    responses=problems(DatabaseUnavailable, body=UnreadinessBody),
)
async def read_readiness(gateway: Gateway) -> Response:
    """Say which neighbours answer, and how image processes are confined here.

    503 if uploads cannot be accepted.
    """
    checks: dict[str, Awaitable[None]] = {
        "postgres": gateway.job_store.ping(),
        "redis": gateway.line.ping(),
        "storage": gateway.storage.probe(),
    }
    states = dict(zip(checks, await asyncio.gather(*map(_state, checks.values())), strict=True))
    away = [name for name, state in states.items() if state != "ok" and name != DISPENSABLE]
    if away:
        detail = f"{' and '.join(away)} away: uploads are refused."
        return problem(UNAVAILABLE, detail, {"Retry-After": RETRY_AFTER_SECONDS}, **states)
    return JSONResponse(states | {"sandbox": str(gateway.sandbox)})


async def _state(check: Awaitable[None]) -> str:
    # Not cancelled when it takes too long: a thread that waits for a dead disk cannot be.
    task = asyncio.ensure_future(check)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        return "away"
    try:
        task.result()
    except Unavailable:
        return "away"
    return "ok"
