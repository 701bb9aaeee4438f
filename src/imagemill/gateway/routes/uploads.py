"""POST /upload."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from imagemill.api_schemas import JobBody
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import CurrentCaller
from imagemill.gateway.errors import (
    BodyTooSlow,
    ClientLeft,
    MalformedRequest,
    NotAnImage,
    Overloaded,
    UploadTooLarge,
)
from imagemill.gateway.openapi.headers import headers
from imagemill.gateway.openapi.routing import Responses, problems
from imagemill.gateway.openapi.upload import upload_operation
from imagemill.gateway.services import Gateway
from imagemill.gateway.upload.assets import require_assets
from imagemill.gateway.upload.callbacks import require_public
from imagemill.gateway.upload.create_job import accept, require_digest
from imagemill.gateway.upload.idempotency import REPLAYED, sent_key
from imagemill.gateway.upload.response import accepted
from imagemill.gateway.upload.upload_reader import UploadReader, expected_bytes, receive
from imagemill.http_digest import parse_digest
from imagemill.job_request import parse_fields
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageFull, StorageUnavailable

router = APIRouter(tags=["upload"])

ENDED: Final = "The job once it has ended, for `Prefer: wait`."
SOMETIMES: Final = ("Preference-Applied", "Idempotent-Replayed")
RESPONSES: Final[Responses] = {
    HTTPStatus.OK.value: {
        "model": JobBody,
        "description": ENDED,
        "headers": headers("Location", "Preference-Applied", sometimes=["Idempotent-Replayed"]),
    },
    HTTPStatus.ACCEPTED.value: {"headers": headers("Location", sometimes=SOMETIMES)},
    **problems(
        MalformedRequest,
        ClientLeft,
        BodyTooSlow,
        UploadTooLarge,
        NotAnImage,
        InvalidFields,
        DatabaseUnavailable,
        StorageUnavailable,
        Overloaded,
        StorageFull,
    ),
}


@router.post(
    "/upload",
    summary="Send an image",
    status_code=HTTPStatus.ACCEPTED,
    response_model=JobBody,
    responses=RESPONSES,
    openapi_extra=upload_operation(),
)
async def upload(gateway: Gateway, caller: CurrentCaller, request: Request) -> Response:
    """Accept an image for processing. Once this is answered, the job is never lost."""
    limit = gateway.settings.max_upload_bytes
    expected = expected_bytes(request, limit)
    announced = parse_digest(request.headers.get("repr-digest"))
    key = sent_key(request)
    async with gateway.admission.one(request), gateway.storage.begin(expected) as pending_file:
        try:
            received = await receive(
                request, UploadReader(pending_file, gateway.capabilities.inputs, limit)
            )
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        await require_digest(pending_file, announced)
        asked = parse_fields(received.fields, gateway.presets)
        await require_assets(asked.pipeline, gateway.settings.assets_dir)
        await require_public(asked.callback_url, gateway.vetting)
        taken = await accept(gateway, caller, pending_file, received, asked, key)
    return await accepted(gateway, request, taken.job, REPLAYED if taken.is_replay else None)
