"""The API-Gateway as a process."""

import asyncio
import gc
import signal
import socket
from typing import Final

import structlog
import uvicorn

from imagemill.gateway.app import create_app, open_parts
from imagemill.gateway.auth.listening import is_loopback, require_keys
from imagemill.gateway.limits.connection import bounded
from imagemill.gateway.limits.connection_limiter import most_connections
from imagemill.gateway.limits.timeouts import Timeouts
from imagemill.gateway.observability.request_id import RequestIds
from imagemill.gateway.observability.request_metrics import Observed
from imagemill.gateway.observability.tracing import Traced
from imagemill.gateway.waiting.waiter_registry import WaiterRegistry
from imagemill.settings import Settings
from imagemill.telemetry.traces import enable_tracing

log = structlog.get_logger()

SHUTDOWN_SECONDS: Final = 30


class GatewayServer(uvicorn.Server):
    """Sends away who waits before it waits for answers to be finished."""

    def __init__(self, waiters: WaiterRegistry, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._hub = waiters

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.leave()
        await super().shutdown(sockets)


async def run_gateway(settings: Settings, host: str, port: int) -> None:
    """Answer requests until SIGTERM or SIGINT; those under way are finished first.

    Raises what open_parts raises, and SettingsError when there would have to be an API key.
    """
    _survive_signals()
    with enable_tracing("imagemill-gateway"):
        await _serve(settings, host, port)
    log.info("gateway.stopped")


async def _serve(settings: Settings, host: str, port: int) -> None:
    # Decided once: should the keys vanish from the table meanwhile, nobody else is let in.
    allows_anonymous = settings.allow_anonymous or is_loopback(host)
    async with open_parts(settings, allows_anonymous=allows_anonymous) as parts:
        await require_keys(parts, host)
        # Around all of the application: its answer to an unforeseen error is noted as well.
        observed = RequestIds(Traced(Observed(create_app(parts))))
        server = GatewayServer(
            parts.waiters,
            uvicorn.Config(
                observed,
                host=host,
                port=port,
                http=bounded(_patience(settings), most_connections()),
                ws="none",
                lifespan="off",
                reset_contextvars=True,  # or a connection's next request inherits a job's id
                log_config=None,  # telemetry/logs.py has configured them already
                access_log=False,
                server_header=False,
                forwarded_allow_ips=settings.forwarded_allow_ips,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            ),
        )
        _spare_what_is_there()
        log.info("gateway.starting", host=host, port=port, sandbox=str(parts.sandbox))
        await server.serve()


def _patience(settings: Settings) -> Timeouts:
    return Timeouts(
        headers=settings.header_timeout_seconds,
        body=settings.body_timeout_seconds,
        idle=settings.idle_timeout_seconds,
    )


def _spare_what_is_there() -> None:
    """Let full garbage collections pass over what the start has made, which stays for good.

    They stop the event loop: beside a thousand streams for 130 ms on average, without it for 50.
    """
    gc.collect()
    gc.freeze()


def _survive_signals() -> None:
    """Let the process outlive the server, to close what is open.

    uvicorn stops on these signals and then raises them once more, for whoever handled them before.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
