"""Addresses of PostgreSQL and Redis. Their text forms omit the passwords."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL database and the user to connect as, or the URL that says both.

    `host` may be the folder of a Unix socket. `prepared_statements`: false behind a pooler.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    dbname: str
    url: str = field(default="", repr=False)
    prepared_statements: bool = True

    def __str__(self) -> str:
        if self.url:
            return _without_credentials(self.url)
        return f"{self.host}:{self.port}/{self.dbname}"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A server of the Redis protocol and the user to connect as, or the URL that says both."""

    host: str
    port: int
    password: str = field(default="", repr=False)
    username: str = ""
    url: str = field(default="", repr=False)

    def __str__(self) -> str:
        return _without_credentials(self.url) if self.url else f"{self.host}:{self.port}"


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2] or ",".join(parse_qs(parts.query).get("host", []))
    return f"{hosts}{parts.path}"
