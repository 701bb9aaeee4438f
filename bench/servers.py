"""PostgreSQL and Valkey for a measurement, without services."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from imagemill.embedded.postgres import Postgres as EmbeddedPostgres
from imagemill.embedded.stack import service_environment
from imagemill.embedded.valkey import Valkey
from imagemill.postgres.migrate import migrate
from imagemill.settings.addresses import PostgresAddress, RedisAddress


@dataclass(frozen=True, slots=True)
class Servers:
    """The two servers, running; the schema is in place."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: Valkey

    @classmethod
    @asynccontextmanager
    async def run(cls, folder: Path) -> AsyncIterator[Self]:
        (folder / "storage").mkdir(parents=True)
        async with (
            EmbeddedPostgres.run(folder / "postgres") as postgres,
            Valkey.run(folder / "valkey") as valkey,
        ):
            migrate(address_of_postgres(postgres))
            yield cls(folder, postgres, valkey)

    @property
    def postgres_address(self) -> PostgresAddress:
        return address_of_postgres(self.postgres)

    @property
    def redis_address(self) -> RedisAddress:
        return address_of_valkey(self.valkey)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a service that uses these servers."""
        return service_environment(base, self.folder, self.postgres, self.valkey)


def address_of_postgres(server: EmbeddedPostgres) -> PostgresAddress:
    return PostgresAddress(server.host, server.port, server.user, server.password, server.dbname)


def address_of_valkey(server: Valkey) -> RedisAddress:
    return RedisAddress(server.host, server.port, server.password)
