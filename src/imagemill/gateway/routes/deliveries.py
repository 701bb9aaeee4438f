"""What became of a job's webhooks, and sending one again."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Path

from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import Jobs
from imagemill.gateway.openapi.routing import JobIdPath, problems, readable
from imagemill.gateway.schemas import DeliveriesBody, DeliveryBody
from imagemill.jobs.job import JobId, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import DeliveryNotFound

log = structlog.get_logger()
router = APIRouter(tags=["webhooks"])

RESPONSES = problems(JobNotFound, DeliveryNotFound, InvalidFields, DatabaseUnavailable)


@readable(
    router,
    "/jobs/{id}/deliveries",
    summary="Read what became of a job's webhooks",
    response_model=DeliveriesBody,
    responses=RESPONSES,
)
async def read_deliveries(jobs: Jobs, job_id: JobIdPath) -> DeliveriesBody:
    """Return the webhooks of a job, one for each time that it ended, oldest first."""
    job = await jobs.find(JobId(job_id))
    deliveries = await Deliveries(jobs.postgres).of(job.id)
    return DeliveriesBody(deliveries=[DeliveryBody.of(delivery) for delivery in deliveries])


@router.post(
    "/jobs/{id}/deliveries/{n}/redeliver",
    summary="Send a webhook again",
    status_code=HTTPStatus.ACCEPTED,
    responses=RESPONSES,
)
async def redeliver(
    jobs: Jobs, job_id: JobIdPath, n: Annotated[int, Path(ge=1, description="which of them")]
) -> DeliveryBody:
    """Let a webhook be tried now, whatever became of it, with the whole schedule before it again.

    Its `webhook-id` and its body stay the same.
    """
    job = await jobs.find(JobId(job_id))
    delivery = await Deliveries(jobs.postgres).redeliver(job.id, n)
    log.info("delivery.asked_for", job_id=str(job.id), n=n)
    return DeliveryBody.of(delivery)
