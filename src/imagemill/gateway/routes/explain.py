"""GET /jobs/{id}/explain."""

from fastapi import APIRouter

from imagemill.gateway.auth.caller import Jobs
from imagemill.gateway.openapi.routing import JobIdPath, readable
from imagemill.gateway.routes.jobs import READING
from imagemill.gateway.schemas import ExplanationBody
from imagemill.jobs.explain_query import read_job_context
from imagemill.jobs.explanation import explain
from imagemill.jobs.job import JobId

router = APIRouter(tags=["jobs"])


@readable(
    router,
    "/jobs/{id}/explain",
    summary="Ask what a job waits for",
    response_model=ExplanationBody,
    responses=READING,
)
async def explain_job(jobs: Jobs, job_id: JobIdPath) -> ExplanationBody:
    """Return in a sentence what the job waits for, whatever its status."""
    return ExplanationBody.of(explain(await read_job_context(jobs, JobId(job_id))))
