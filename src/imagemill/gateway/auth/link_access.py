"""Access to one output by a signed link, without an API key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from imagemill.auth.signed_links import verify_signature
from imagemill.gateway.auth.caller import Bearer, authenticate_caller
from imagemill.gateway.query_parameters import require_known_query
from imagemill.gateway.services import Services, ServicesDep
from imagemill.jobs.store import JobStore

EXPIRES: Final = "expires"
SIGNATURE: Final = "signature"
# For the OpenAPI document. Declared by hand: as FastAPI parameters they could not be read before
# the API key is required.
LINK_PARAMETERS: Final[list[Mapping[str, Any]]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }
    for name, description in (
        (EXPIRES, "of a signed link: when it expires, in seconds since 1970"),
        (SIGNATURE, "of a signed link: its signature"),
    )
]


async def scope_to_link_or_caller(
    services: ServicesDep, request: Request, bearer: Bearer
) -> JobStore:
    """Return the jobs that the caller may see, or every job for a request by signed link.

    Either query parameter makes the request one by signed link, so that a damaged link is never
    ignored. Raises LinkRefused, KeyRefused, InvalidFields.
    """
    if request.query_params.keys() & {EXPIRES, SIGNATURE}:
        await _verify_link(services, request)
        await require_known_query(request)
        return services.job_store
    caller = await authenticate_caller(services, request, bearer)
    return services.job_store.scoped_to(caller.visible_owner)


async def _verify_link(services: Services, request: Request) -> None:
    verify_signature(
        await services.link_secret.read(),
        (request.path_params["id"], request.path_params["name"]),
        request.query_params.get(EXPIRES, ""),
        request.query_params.get(SIGNATURE, ""),
        datetime.now(UTC),
    )


# For the one route that signed links lead to; every other route takes ScopedJobStore.
LinkScopedJobStore = Annotated[JobStore, Depends(scope_to_link_or_caller)]
