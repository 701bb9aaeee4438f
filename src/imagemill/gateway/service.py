"""The process of the API-Gateway: uvicorn with its limits, middleware and signals."""

import asyncio
import gc
import signal
import socket
from contextlib import suppress
from typing import Final

import structlog
import uvicorn

from imagemill.gateway.app import create_app, open_services
from imagemill.gateway.auth.anonymous_access import is_loopback, require_key_or_loopback
from imagemill.gateway.limits.connection import Timeouts, connection_class
from imagemill.gateway.limits.connection_limiter import max_connections
from imagemill.gateway.waiting.waiter_registry import WaiterRegistry
from imagemill.redis.queue import QueueUnavailable
from imagemill.settings import Settings
from imagemill.telemetry.traces import enable_tracing

log = structlog.get_logger()

SHUTDOWN_TIMEOUT_SECONDS: Final = 30


class GatewayServer(uvicorn.Server):
    """Ends waits and streams on shutdown, before it waits for requests to finish."""

    def __init__(self, waiters: WaiterRegistry, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._waiters = waiters

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._waiters.stop()
        await super().shutdown(sockets)


async def run_gateway(settings: Settings, host: str, port: int) -> None:
    """Serve requests until SIGTERM or SIGINT; requests in progress are finished first.

    Raises what open_services raises, and SettingsError if an API key is required and none exists.
    """
    _ignore_repeated_signals()
    with enable_tracing("imagemill-gateway"):
        await _serve(settings, host, port)
    log.info("gateway.stopped")


async def _serve(settings: Settings, host: str, port: int) -> None:
    async with open_services(settings, is_local=is_loopback(host)) as services:
        await require_key_or_loopback(services, host)
        with suppress(QueueUnavailable):  # logged, and the gateway goes on without Redis
            await services.queue.check()
        server = GatewayServer(
            services.waiters,
            uvicorn.Config(
                create_app(services),
                host=host,
                port=port,
                http=connection_class(_timeouts(settings), max_connections()),
                ws="none",
                lifespan="off",
                reset_contextvars=True,  # or the connection's next request would inherit a job's id
                log_config=None,  # telemetry/logs.py has configured them already
                access_log=False,
                server_header=False,
                proxy_headers=False,  # root_path.py applies them
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
            ),
        )
        _freeze_startup_objects()
        log.info("gateway.starting", host=host, port=port, sandbox=str(services.confinement))
        await server.serve()


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(
        headers=settings.header_timeout_seconds,
        body=settings.body_timeout_seconds,
        idle=settings.idle_timeout_seconds,
    )


def _freeze_startup_objects() -> None:
    """Exclude the objects made at start, which live as long as the process, from collections.

    A full collection blocks the event loop: with a thousand streams for 130 ms on average, and
    without these objects for 50 ms.
    """
    gc.collect()
    gc.freeze()


def _ignore_repeated_signals() -> None:
    """Let the process close its services after uvicorn has stopped.

    uvicorn stops on these signals and then raises them again, for the handlers before its own.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
