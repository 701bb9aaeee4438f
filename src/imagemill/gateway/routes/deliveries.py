"""The webhooks of a job: their deliveries, and sending one again."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Path

from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import ScopedJobStore
from imagemill.gateway.errors import CrossSiteRequest
from imagemill.gateway.openapi.routing import JobIdPath, get_and_head, problems
from imagemill.gateway.schemas import DeliveriesBody, DeliveryBody
from imagemill.jobs.job import JobId, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import DeliveryNotFound

log = structlog.get_logger()
router = APIRouter(tags=["webhooks"])

PROBLEMS = problems(JobNotFound, DeliveryNotFound, InvalidFields, DatabaseUnavailable)


@get_and_head(
    router,
    "/jobs/{id}/deliveries",
    summary="List the webhooks of a job",
    response_model=DeliveriesBody,
    responses=PROBLEMS,
)
async def read_deliveries(job_store: ScopedJobStore, job_id: JobIdPath) -> DeliveriesBody:
    """Return the webhooks of a job, one for each time it ended, oldest first."""
    job = await job_store.find(JobId(job_id))
    deliveries = await Deliveries(job_store.postgres).list(job.id)
    return DeliveriesBody(deliveries=[DeliveryBody.of(delivery) for delivery in deliveries])


@router.post(
    "/jobs/{id}/deliveries/{n}/redeliver",
    summary="Send a webhook again",
    status_code=HTTPStatus.ACCEPTED,
    responses=PROBLEMS | problems(CrossSiteRequest),
)
async def redeliver(
    job_store: ScopedJobStore,
    job_id: JobIdPath,
    n: Annotated[int, Path(ge=1, description="the number of the webhook, `n` in the list")],
) -> DeliveryBody:
    """Send a webhook again now, whatever its status, with a new schedule of retries.

    Its `webhook-id` and its body stay the same.
    """
    job = await job_store.find(JobId(job_id))
    delivery = await Deliveries(job_store.postgres).redeliver(job.id, n)
    log.info("delivery.requested", job_id=str(job.id), number=n)
    return DeliveryBody.of(delivery)
