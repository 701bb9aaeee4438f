"""Presets and capabilities."""

from fastapi import APIRouter, Depends

from imagemill.gateway.auth.caller import authenticate_caller
from imagemill.gateway.openapi.routing import get_and_head
from imagemill.gateway.schemas import CapabilitiesBody, LimitsBody, PresetsBody
from imagemill.gateway.services import ServicesDep

router = APIRouter(tags=["about"], dependencies=[Depends(authenticate_caller)])


@get_and_head(router, "/presets", summary="List the presets", response_model=PresetsBody)
async def read_presets(services: ServicesDep) -> PresetsBody:
    """Return the pipelines that the field `preset` of an upload can name."""
    return PresetsBody(
        presets={name: pipeline.as_json() for name, pipeline in services.presets.items()}
    )


@get_and_head(
    router,
    "/capabilities",
    summary="List the formats and limits",
    response_model=CapabilitiesBody,
)
async def read_capabilities(services: ServicesDep) -> CapabilitiesBody:
    """Return the formats that were tested with samples at start, and the limits of an upload."""
    settings = services.settings
    return CapabilitiesBody(
        inputs=sorted(one.media_type for one in services.capabilities.inputs),
        outputs=sorted(one.media_type for one in services.capabilities.outputs),
        limits=LimitsBody(
            max_upload_bytes=settings.max_upload_bytes,
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            timeout_seconds=settings.job_timeout_seconds,
        ),
    )
