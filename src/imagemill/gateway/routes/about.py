"""What this service can do: presets and capabilities."""

from fastapi import APIRouter, Depends

from imagemill.gateway.auth.caller import caller_of
from imagemill.gateway.openapi.routing import readable
from imagemill.gateway.schemas import CapabilitiesBody, LimitsBody, PresetsBody
from imagemill.gateway.services import Gateway

router = APIRouter(tags=["about"], dependencies=[Depends(caller_of)])


@readable(router, "/presets", summary="Which presets there are", response_model=PresetsBody)
async def read_presets(gateway: Gateway) -> PresetsBody:
    """Return the pipelines that have a name, for the field `preset` of an upload."""
    return PresetsBody(
        presets={name: pipeline.as_json() for name, pipeline in gateway.presets.items()}
    )


@readable(
    router,
    "/capabilities",
    summary="Which formats work here, and the limits",
    response_model=CapabilitiesBody,
)
async def read_capabilities(gateway: Gateway) -> CapabilitiesBody:
    """Return the formats that a sample proved at start, and the limits of an upload."""
    settings = gateway.settings
    return CapabilitiesBody(
        inputs=sorted(one.media_type for one in gateway.capabilities.inputs),
        outputs=sorted(one.media_type for one in gateway.capabilities.outputs),
        limits=LimitsBody(
            max_upload_bytes=settings.max_upload_bytes,
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            timeout_seconds=settings.job_timeout_seconds,
        ),
    )
