"""How this service speaks to Redis: no retries, and a time-out for everything."""

from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from imagemill.settings.addresses import RedisAddress

CONNECT_TIMEOUT_SECONDS: Final = 2.0


def client(address: RedisAddress, timeout_seconds: float) -> Redis:
    # No retries: the breakers, and what stands behind them, do better than waiting here.
    return Redis(
        host=address.host,
        port=address.port,
        password=address.password or None,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=min(timeout_seconds, CONNECT_TIMEOUT_SECONDS),
        retry=Retry(NoBackoff(), 0),
        client_name="imagemill",
    )


def reason(error: Exception) -> str:
    return str(error) or type(error).__name__
