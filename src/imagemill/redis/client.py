"""Redis clients: every call has a time-out, none is repeated."""

from typing import Any, Final, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
)

from imagemill.settings.addresses import RedisAddress

CONNECT_TIMEOUT_SECONDS: Final = 2.0
# However short a call's time-out is: a handshake takes more round trips than a command.
MIN_TLS_CONNECT_SECONDS: Final = 0.5
# What waiting does not mend.
REFUSALS: Final = (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
)


class _SentinelClient(Redis):
    """A client of the primary that Sentinels name; it closes the clients of these too."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's
        await super().aclose(close_connection_pool)
        pool = cast("SentinelConnectionPool", self.connection_pool)
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def create_client(address: RedisAddress, timeout_seconds: float) -> Redis:
    # No retries: callers have a circuit breaker, and a fallback that beats waiting here.
    ours: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": min(timeout_seconds, CONNECT_TIMEOUT_SECONDS),
        "retry": Retry(NoBackoff(), 0),
        "client_name": "imagemill",
    }
    if address.url:
        return _create_client_of_url(address.url, ours)
    return Redis(
        host=address.host,
        port=address.port,
        username=address.username or None,
        password=address.password or None,
        **ours,
    )


def is_refusal(error: BaseException | None) -> bool:
    """Whether Redis answers and does not let us in, or not do what we need."""
    return isinstance(error, REFUSALS)


def describe_error(error: Exception) -> str:
    """Return the error's message, or its type when it has none."""
    reason = str(error) or type(error).__name__
    return f"it refuses us: {reason}" if is_refusal(error) else reason


def _create_client_of_url(url: str, ours: dict[str, Any]) -> Redis:
    from imagemill.settings.redis_url import parse_redis_url  # noqa: PLC0415 - only for a URL

    target = parse_redis_url(url)
    if target.is_tls:
        connect_timeout = max(ours["socket_connect_timeout"], MIN_TLS_CONNECT_SECONDS)
        ours |= {"socket_connect_timeout": connect_timeout}
    # Answers are parsed as bytes, and time-outs are those of each purpose.
    options = {**target.options, **ours, "decode_responses": False}
    if not target.sentinels:
        return Redis.from_pool(ConnectionPool(**options))
    tls: dict[str, Any] = {"ssl": True} if target.is_tls else {}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        target.sentinels,
        sentinel_kwargs={**(target.sentinel_options or {}), **ours, **tls},
    )
    client: Redis = sentinel.master_for(target.service, _SentinelClient, **options, **tls)
    return client
