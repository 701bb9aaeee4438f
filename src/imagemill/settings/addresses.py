"""Where the neighbours are. Shown without their passwords."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database of PostgreSQL, and who asks."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    dbname: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.dbname}"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A server that speaks Redis' protocol."""

    host: str
    port: int
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
