"""Lets in who follows a signed link, without a key, to the one output that it names."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from imagemill.gateway.auth.caller import Bearer, caller_of
from imagemill.gateway.auth.signature import require_signature
from imagemill.gateway.services import Gateway, Services
from imagemill.jobs.store import JobStore

EXPIRES: Final = "expires"
SIGNATURE: Final = "signature"
# For the OpenAPI document: they are read by hand, so that no key is asked for beside a link.
PARAMETERS: Final[list[Mapping[str, Any]]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": f"of a signed link: {meaning}",
        "schema": {"type": "string"},
    }
    for name, meaning in ((EXPIRES, "until when, in seconds since 1970"), (SIGNATURE, "by whom"))
]


async def _jobs(gateway: Gateway, request: Request, bearer: Bearer) -> JobStore:
    """Return the ledger as the caller may see it, or all of it to who follows a signed link.

    Raises LinkRefused, KeyRefused. Either half of a link makes it one: it is never ignored.
    """
    if request.query_params.keys() & {EXPIRES, SIGNATURE}:
        await _require_link(gateway, request)
        return gateway.job_store
    return gateway.job_store.scoped_to((await caller_of(gateway, request, bearer)).owner)


async def _require_link(gateway: Services, request: Request) -> None:
    require_signature(
        await gateway.link_secret.value(),
        (request.path_params["id"], request.path_params["name"]),
        request.query_params.get(EXPIRES, ""),
        request.query_params.get(SIGNATURE, ""),
        datetime.now(UTC),
    )


# What the route works with that a link leads to; any other takes Jobs.
LinkedJobs = Annotated[JobStore, Depends(_jobs)]
