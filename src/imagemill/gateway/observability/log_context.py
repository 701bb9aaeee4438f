"""The ids of the request and of its job, on every log line of the request."""

import re
from typing import Final
from uuid import UUID, uuid4

import structlog
from fastapi import Request
from starlette.types import Scope

from imagemill.gateway.observability.headers import first_header

HEADER: Final = b"x-request-id"
# What clients and proxies use; any other text could be meant to inject something into the log.
VALID_ID: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")


def choose_request_id(scope: Scope) -> str:
    """Return the id that the client sent with its request, or a new one."""
    sent_id = first_header(scope["headers"], HEADER)
    return sent_id if sent_id and VALID_ID.fullmatch(sent_id) else uuid4().hex


async def bind_job_id(request: Request) -> None:
    """Add the job id in the request's path, if there is one, to the log lines that follow."""
    try:
        job_id = UUID(request.path_params["id"])
    except (KeyError, ValueError):
        return
    structlog.contextvars.bind_contextvars(job_id=str(job_id))
