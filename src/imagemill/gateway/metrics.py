"""GET /metrics."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from imagemill.blocking import off_loop
from imagemill.gateway.caller import AskingAdmin
from imagemill.gateway.headers import headers
from imagemill.gateway.parts import Gateway
from imagemill.gateway.refusals import NoAdmin
from imagemill.gateway.routing import problems, readable
from imagemill.telemetry.metrics import exposition

router = APIRouter(tags=["health"])


@readable(
    router,
    "/metrics",
    summary="What is counted and measured",
    response_class=PlainTextResponse,
    responses={
        HTTPStatus.OK.value: {
            "description": "Prometheus' text format, or OpenMetrics for those who accept it",
            "headers": headers("Cache-Control"),
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        }
    }
    | problems(NoAdmin),
)
async def read_metrics(gateway: Gateway, _: AskingAdmin, request: Request) -> Response:
    """Return the metrics of this gateway and, while PostgreSQL answers, those of the ledger."""
    gauges = await gateway.gauges.read()
    # The state of the process is read from files of the system.
    content, media_type = await off_loop(exposition, request.headers.get("accept"), gauges)
    return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
