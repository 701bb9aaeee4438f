"""The connection to PostgreSQL that all statements on jobs share."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from imagemill.errors import ServiceError, Unavailable
from imagemill.settings.addresses import PostgresAddress

# A statement here takes milliseconds; one that takes this long waits for a server that hangs.
STATEMENT_TIMEOUT_SECONDS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 5
# The pool waits twice as long before each try to connect; given up, it begins anew with the next
# statement. So this bounds how late it notices that the server is back.
RECONNECT_TIMEOUT_SECONDS: Final = 3

Parameters = Mapping[str, Any]


class DatabaseUnavailable(Unavailable):
    """PostgreSQL is away, and the statement was not carried out."""


class OutcomeUnknown(DatabaseUnavailable):
    """PostgreSQL went away after the statement was sent: it may have been carried out."""


class SchemaTooNew(ServiceError):
    """The schema was made by a later version of imagemill than this one."""


def conninfo(address: PostgresAddress) -> str:
    """Return what psycopg connects by."""
    return make_conninfo(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        dbname=address.dbname,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name="imagemill",
    )


class Postgres:
    """A pool of autocommit connections: each statement is a transaction of its own."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]]) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, address: PostgresAddress, pool_size: int) -> AsyncIterator["Postgres"]:
        """Open the pool without waiting for the server: one that is away is a passing fault."""
        pool = AsyncConnectionPool(
            conninfo(address),
            connection_class=AsyncConnection[DictRow],
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=1,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            reconnect_timeout=RECONNECT_TIMEOUT_SECONDS,
            open=False,
        )
        async with pool:
            yield cls(pool)

    async def run(self, statement: LiteralString, parameters: Parameters) -> list[DictRow]:
        """Run one statement and return its rows.

        A connection that breaks is replaced and the statement sent once more: all statements here
        are guarded so that a second run of one that did succeed changes nothing.
        Raises DatabaseUnavailable or OutcomeUnknown when PostgreSQL stays away.
        """
        try:
            return await self._run(statement, parameters)
        except OutcomeUnknown as first:
            # The others may be just as dead. Asking each would wait for a server that hangs.
            await self._pool.drain()
            try:
                return await self._run(statement, parameters)
            except OutcomeUnknown:
                raise
            except DatabaseUnavailable as second:
                raise OutcomeUnknown(str(second)) from first

    async def _run(self, statement: LiteralString, parameters: Parameters) -> list[DictRow]:
        try:
            async with self._pool.connection() as connection:
                return await _execute(connection, statement, parameters)
        except PoolTimeout as error:
            raise DatabaseUnavailable(f"PostgreSQL is away: {error}") from error


async def _execute(
    connection: AsyncConnection[DictRow], statement: LiteralString, parameters: Parameters
) -> list[DictRow]:
    try:
        async with asyncio.timeout(STATEMENT_TIMEOUT_SECONDS):
            cursor = await connection.execute(statement, parameters)
            return await cursor.fetchall() if cursor.description else []
    except TimeoutError as error:
        raise OutcomeUnknown(
            f"PostgreSQL did not answer within {STATEMENT_TIMEOUT_SECONDS} s"
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        # The server names a reason when it refuses; none, or a shutdown, means a lost connection.
        refused = error.sqlstate is not None and not error.sqlstate.startswith("57P")
        kind = DatabaseUnavailable if refused else OutcomeUnknown
        raise kind(f"PostgreSQL is away: {str(error).strip() or type(error).__name__}") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise DatabaseUnavailable("PostgreSQL is read-only for the moment") from error
