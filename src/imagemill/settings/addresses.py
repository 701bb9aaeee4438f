"""Addresses of PostgreSQL and Redis. Their text forms omit the passwords."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL database and the user to connect as."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    dbname: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.dbname}"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A server of the Redis protocol."""

    host: str
    port: int
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
