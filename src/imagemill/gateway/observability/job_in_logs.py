"""The job that a request is about, on every log line of that request."""

from uuid import UUID

import structlog
from fastapi import Request


async def name_the_job(request: Request) -> None:
    """Let what is logged from here on carry the id in the path, if there is one."""
    try:
        job_id = UUID(request.path_params["id"])
    except (KeyError, ValueError):
        return
    structlog.contextvars.bind_contextvars(job_id=str(job_id))
