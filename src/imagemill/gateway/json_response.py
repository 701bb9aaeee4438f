"""JSON responses end with a newline: in a terminal the prompt then stands on its own line."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic_core import to_json

from imagemill.api_schemas import job_members
from imagemill.jobs.job import Job


class JsonResponse(JSONResponse):
    """A JSON value and a newline."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON value
        return super().render(content) + b"\n"


def render_job(request: Request, job: Job) -> bytes:
    """Return the job as the body of the response to this request."""
    return to_json(job_members(job, root_path(request))) + b"\n"


def root_path(request: Request) -> str:
    """Return the prefix that links in the response need: see root_path.py."""
    prefix: str = request.scope["root_path"]
    return prefix
