"""Redis clients: every call has a time-out, none is repeated."""

from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from imagemill.settings.addresses import RedisAddress

CONNECT_TIMEOUT_SECONDS: Final = 2.0


def create_client(address: RedisAddress, timeout_seconds: float) -> Redis:
    # No retries: callers have a circuit breaker, and a fallback that beats waiting here.
    return Redis(
        host=address.host,
        port=address.port,
        password=address.password or None,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=min(timeout_seconds, CONNECT_TIMEOUT_SECONDS),
        retry=Retry(NoBackoff(), 0),
        client_name="imagemill",
    )


def describe_error(error: Exception) -> str:
    """Return the error's message, or its type when it has none."""
    return str(error) or type(error).__name__
