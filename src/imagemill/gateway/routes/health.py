"""Liveness and readiness."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from fastapi import APIRouter, Response

from imagemill.errors import Unavailable
from imagemill.gateway.json_response import JsonResponse
from imagemill.gateway.openapi.routing import get_and_head, problems
from imagemill.gateway.problem import (
    DATABASE_UNAVAILABLE,
    RETRY_AFTER_SECONDS,
    STORAGE_UNAVAILABLE,
    problem,
)
from imagemill.gateway.schemas import HealthBody, ReadinessBody, UnreadinessBody
from imagemill.gateway.services import ServicesDep
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.redis.queue import QueueUnavailable
from imagemill.storage.errors import StorageUnavailable

router = APIRouter(tags=["health"])

CHECK_TIMEOUT_SECONDS: Final = 2.0
# Uploads are accepted without it: a worker's sweep finds the jobs.
OPTIONAL: Final = "redis"


@get_and_head(
    router, "/healthz", summary="Check that the process is alive", response_model=HealthBody
)
async def read_health() -> HealthBody:
    """Answer 200 while the process is alive."""
    return HealthBody(status="ok")


@get_and_head(
    router,
    "/readyz",
    summary="Check that uploads can be accepted",
    response_model=ReadinessBody,
    responses=problems(DatabaseUnavailable, StorageUnavailable, body=UnreadinessBody),
)
async def read_readiness(services: ServicesDep) -> Response:
    """Return which services are reachable, and how image processes are confined here.

    503, with the reason, if uploads cannot be accepted; a PostgreSQL that is read-only is away.
    """
    checks: dict[str, Awaitable[None]] = {
        "postgres": services.job_store.check_writable(),
        "redis": services.queue.check(),
        "storage": services.storage.probe(),
    }
    failures = dict(zip(checks, await asyncio.gather(*map(_failure, checks.values())), strict=True))
    states = {name: _state(error) for name, error in failures.items()}
    reasons = {name: str(error) for name, error in failures.items() if error}
    unavailable = {name: reason for name, reason in reasons.items() if name != OPTIONAL}
    if unavailable:
        kind = DATABASE_UNAVAILABLE if "postgres" in unavailable else STORAGE_UNAVAILABLE
        why = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in unavailable.items())
        detail = f"Uploads are refused: {' and '.join(unavailable)} unavailable ({why})."
        return problem(kind, detail, {"Retry-After": RETRY_AFTER_SECONDS}, **states)
    members = {"sandbox": str(services.confinement)} | ({"reasons": reasons} if reasons else {})
    return JsonResponse(states | members)


async def _failure(check: Awaitable[None]) -> Unavailable | None:
    # Not canceled after the time-out: a thread that waits for a dead disk cannot be.
    task = asyncio.ensure_future(check)
    done, _ = await asyncio.wait({task}, timeout=CHECK_TIMEOUT_SECONDS)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        return Unavailable(f"no answer within {CHECK_TIMEOUT_SECONDS:.0f} s")
    try:
        task.result()
    except Unavailable as error:
        return error
    return None


def _state(error: Unavailable | None) -> str:
    if error is None:
        return "ok"
    return "refused" if isinstance(error, QueueUnavailable) and error.is_refusal else "away"
