"""GET /jobs/{id}/explain."""

from fastapi import APIRouter

from imagemill.gateway.access.caller import Jobs
from imagemill.gateway.bodies import ExplanationBody
from imagemill.gateway.openapi.routing import JobIdPath, readable
from imagemill.gateway.routes.jobs import READING
from imagemill.jobs.explanation import explain
from imagemill.jobs.job import JobId
from imagemill.jobs.situation import situation_of

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
    return ExplanationBody.of(explain(await situation_of(jobs, JobId(job_id))))
