"""URLs of Redis as redis-py takes them, and one of our own for Sentinel.

    redis://user:password@host:6379/0        rediss:// with TLS        unix:///run/redis.sock?db=0
    redis+sentinel://user:password@host:26379,host,host/service/0      rediss+sentinel:// with TLS

User, password and database are Redis' own. Those of the Sentinels are `sentinel_username` and
`sentinel_password` in the query, where every parameter of a connection of redis-py may stand too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from redis.asyncio.connection import Connection, SSLConnection, parse_url

SENTINEL: Final = "+sentinel"
SENTINEL_PORT: Final = 26379
# Parameters that a pool takes, and its connections do not.
OF_POOL: Final = frozenset({"connection_class", "max_connections"})
FORM: Final = (
    "must be like redis://user:password@host:6379/0, rediss:// for TLS, unix:///path?db=0, or"
    " redis+sentinel://user:password@host:26379,host/service/0, with %-encoding of characters that"
    " have a meaning in URLs"
)


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """What to connect to: options of a connection of redis-py, without a host where Sentinels know.

    `service` is the name of the primary at the Sentinels; without Sentinels it is empty.
    """

    options: Mapping[str, Any]
    is_tls: bool
    sentinels: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_options: Mapping[str, Any] | None = None


def parse_redis_url(url: str) -> RedisTarget:
    """Return what the URL names. Raises ValueError, with a message that contains no secret."""
    try:
        parts = urlsplit(url)
        if parts.scheme.endswith(SENTINEL):
            return _parse_sentinel_url(parts)
        if parts.scheme != "unix":
            _require_number(parts.path.strip("/"))
        return RedisTarget(_parse_options(url), is_tls=parts.scheme == "rediss")
    except (ValueError, TypeError) as error:
        name = _unknown_parameter(error)
        raise ValueError(f"{FORM}{name}") from None


def _parse_sentinel_url(parts: SplitResult) -> RedisTarget:
    credentials, at, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    scheme = parts.scheme.removesuffix(SENTINEL)
    if not service or not hosts or scheme not in {"redis", "rediss"}:
        raise ValueError
    _require_number(database)
    query: dict[str, Any] = {**parse_url(f"redis://host?{parts.query}")}
    own = {name: query.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    del query["host"]
    options: dict[str, Any] = {
        **parse_url(f"redis://{credentials}{at}host/{database}"),
        **query,
    }
    del options["host"]
    _require_known(options, SSLConnection if scheme == "rediss" else Connection)
    tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
    return RedisTarget(
        options,
        is_tls=scheme == "rediss",
        sentinels=tuple(_parse_host(host) for host in hosts.split(",")),
        service=service,
        sentinel_options={**tls, **{name: value for name, value in own.items() if value}},
    )


def _require_number(database: str) -> None:
    """Raise ValueError where redis-py would take database 0 instead."""
    if database and not database.isdecimal():
        raise ValueError


def _parse_host(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError
    return parts.hostname, parts.port or SENTINEL_PORT


def _parse_options(url: str) -> Mapping[str, Any]:
    options: dict[str, Any] = {**parse_url(url)}
    _require_known(options, options.get("connection_class", Connection))
    return options


def _require_known(options: Mapping[str, Any], kind: Callable[..., object]) -> None:
    """Raise TypeError for an unknown parameter: redis-py would only when it connects."""
    kind(**{name: value for name, value in options.items() if name not in OF_POOL})


def _unknown_parameter(error: Exception) -> str:
    _, found, name = str(error).partition("unexpected keyword argument ")
    return f"; it has no parameter {name}" if found else ""
