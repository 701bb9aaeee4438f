"""Signed links: an output for who has no key."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.gateway.auth.caller import CurrentCaller, Jobs
from imagemill.gateway.auth.linked import EXPIRES, SIGNATURE
from imagemill.gateway.auth.signature import moment_after, sign
from imagemill.gateway.errors import BodyTooSlow, MalformedRequest, UploadTooLarge
from imagemill.gateway.openapi.headers import headers
from imagemill.gateway.openapi.routing import JobIdPath, OutputNamePath, problems
from imagemill.gateway.routes.downloads import output_of
from imagemill.gateway.schemas import LinkBody
from imagemill.gateway.services import Gateway
from imagemill.jobs.job import JobId, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import FileMissing

router = APIRouter(tags=["files"])

LONGEST: Final = timedelta(days=7)
MAX_BODY_BYTES: Final = 4096


def _whole(value: object) -> object:
    """Return 60.0 as 60: to JSON Schema both are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class LinkTerms(BaseModel):
    """What is asked of a link: for how many seconds it is to work."""

    model_config = ConfigDict(extra="forbid", strict=True)

    expires_in: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=1, le=int(LONGEST.total_seconds()), description="seconds"
    )


async def _terms(request: Request, _: CurrentCaller) -> LinkTerms:
    """Read the body, once the caller is let in: FastAPI would read it before, and all of it."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise UploadTooLarge(f"The body is over the limit of {MAX_BODY_BYTES} bytes.")
        return LinkTerms.model_validate_json(body)
    except ClientDisconnect as error:
        raise MalformedRequest("The body ends too early.") from error
    except ValidationError as error:
        faults = (FieldError(json_pointer(one["loc"]), one["msg"]) for one in error.errors())
        raise InvalidFields(*faults) from error


@router.post(
    "/jobs/{id}/outputs/{name}/link",
    summary="Make a link that needs no key",
    status_code=HTTPStatus.CREATED,
    responses={
        HTTPStatus.CREATED.value: {"headers": headers("Location")},
        **problems(
            MalformedRequest,
            JobNotFound,
            FileMissing,
            BodyTooSlow,
            UploadTooLarge,
            InvalidFields,
            DatabaseUnavailable,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": LinkTerms.model_json_schema(),
                    "example": {"expires_in": 3600},
                }
            },
        }
    },
)
async def make_link(
    gateway: Gateway,
    jobs: Jobs,
    job_id: JobIdPath,
    name: OutputNamePath,
    terms: Annotated[LinkTerms, Depends(_terms)],
    response: Response,
) -> LinkBody:
    """Return an address that gives this output, and nothing else, to whoever has it.

    It works until `expires_at`, or until the job is deleted. It is relative to this service, as
    the `url` of an output is.
    """
    output = output_of(await jobs.find(JobId(job_id)), name)
    expires = moment_after(datetime.now(UTC), timedelta(seconds=terms.expires_in))
    signature = sign(await gateway.link_secret.value(), str(job_id), output.name, str(expires))
    query = urlencode({EXPIRES: expires, SIGNATURE: signature})
    url = f"/jobs/{job_id}/outputs/{output.name}?{query}"
    response.headers["Location"] = url
    return LinkBody(url=url, expires_at=datetime.fromtimestamp(expires, UTC))
