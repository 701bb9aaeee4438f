"""GET /workers: for admins, since it tells of the machines and of every key's jobs."""

from fastapi import APIRouter

from imagemill.auth.errors import AdminRequired
from imagemill.gateway.auth.caller import CurrentCaller, require_admin
from imagemill.gateway.openapi.routing import get_and_head, problems
from imagemill.gateway.schemas import WorkerBody, WorkersBody
from imagemill.gateway.services import ServicesDep
from imagemill.jobs.worker_registry import WorkerRegistry

router = APIRouter(tags=["health"])


@get_and_head(
    router,
    "/workers",
    summary="List the workers",
    response_model=WorkersBody,
    responses=problems(AdminRequired),
)
async def list_workers(services: ServicesDep, caller: CurrentCaller) -> WorkersBody:
    """Return the workers that run, and those that were lost within the last hour."""
    require_admin(caller)
    found = await WorkerRegistry(services.job_store.postgres).list()
    return WorkersBody(workers=[WorkerBody.of(worker) for worker in found])
