"""The API-Gateway as a process."""

import asyncio
import signal
from typing import Final

import structlog
import uvicorn

from imagemill.gateway.app import create_app, open_parts
from imagemill.gateway.observed import Observed
from imagemill.gateway.request_id import RequestIds
from imagemill.gateway.traced import Traced
from imagemill.settings import Settings
from imagemill.telemetry.traces import tracing

log = structlog.get_logger()

SHUTDOWN_SECONDS: Final = 30


async def run_gateway(settings: Settings, host: str, port: int) -> None:
    """Answer requests until SIGTERM or SIGINT; those under way are finished first.

    Raises what open_parts raises.
    """
    _survive_signals()
    with tracing("imagemill-gateway"):
        await _serve(settings, host, port)
    log.info("gateway.stopped")


async def _serve(settings: Settings, host: str, port: int) -> None:
    async with open_parts(settings) as parts:
        # Around all of the application: its answer to an unforeseen error is noted as well.
        observed = RequestIds(Traced(Observed(create_app(parts))))
        server = uvicorn.Server(
            uvicorn.Config(
                observed,
                host=host,
                port=port,
                http="httptools",
                lifespan="off",
                reset_contextvars=True,  # or a connection's next request inherits a job's id
                log_config=None,  # telemetry/logs.py has configured them already
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        log.info("gateway.starting", host=host, port=port, sandbox=str(parts.sandbox))
        await server.serve()


def _survive_signals() -> None:
    """Let the process outlive the server, to close what is open.

    uvicorn stops on these signals and then raises them once more, for whoever handled them before.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
