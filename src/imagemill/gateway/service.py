"""The API-Gateway as a process."""

import asyncio
import signal
from typing import Final

import structlog
import uvicorn

from imagemill.gateway.app import create_app, open_parts
from imagemill.gateway.bounds.connection import bounded
from imagemill.gateway.bounds.crowd import most_connections
from imagemill.gateway.bounds.patience import Patience
from imagemill.settings import Settings

log = structlog.get_logger()

SHUTDOWN_SECONDS: Final = 30


async def run_gateway(settings: Settings, host: str, port: int) -> None:
    """Answer requests until SIGTERM or SIGINT; those under way are finished first.

    Raises what open_parts raises.
    """
    _survive_signals()
    async with open_parts(settings) as parts:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(parts),
                host=host,
                port=port,
                http=bounded(_patience(settings), most_connections()),
                ws="none",
                lifespan="off",
                log_config=None,  # telemetry.py has configured logs already
                access_log=False,
                server_header=False,
                forwarded_allow_ips=settings.forwarded_allow_ips,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        log.info("gateway.starting", host=host, port=port, sandbox=str(parts.sandbox))
        await server.serve()
    log.info("gateway.stopped")


def _patience(settings: Settings) -> Patience:
    return Patience(
        headers=settings.header_timeout_seconds,
        body=settings.body_timeout_seconds,
        idle=settings.idle_timeout_seconds,
    )


def _survive_signals() -> None:
    """Let the process outlive the server, to close what is open.

    uvicorn stops on these signals and then raises them once more, for whoever handled them before.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
