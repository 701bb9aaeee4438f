"""Pool of PostgreSQL connections, whose statements time out and survive a lost connection."""

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
from imagemill.outages import POSTGRES
from imagemill.settings.addresses import PostgresAddress

# Statements take milliseconds; after this long the server is assumed to hang.
STATEMENT_TIMEOUT_SECONDS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 5
# The pool doubles its delay before each attempt to connect; once it gives up, it starts over at the
# next statement. So this bounds how late it notices that the server is available again.
RECONNECT_TIMEOUT_SECONDS: Final = 3

Parameters = Mapping[str, Any]


class DatabaseUnavailable(Unavailable):
    """PostgreSQL is unavailable, and the statement was not executed."""

    is_logged = True


class OutcomeUnknown(DatabaseUnavailable):
    """The connection was lost after the statement was sent: it may have been executed."""


class SchemaTooNew(ServiceError):
    """The schema is of a later version of imagemill than this one."""


def conninfo(address: PostgresAddress) -> str:
    """Return the connection string for psycopg."""
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
    """A pool of autocommit connections: each statement is a transaction."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]]) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, address: PostgresAddress, pool_size: int) -> AsyncIterator["Postgres"]:
        """Open the pool without waiting for a connection: the server may become available later."""
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
        """Execute one statement and return its rows.

        When the connection is lost, the statement is executed once more on a new one. So it must be
        conditional: executed again after a success, it may change nothing.
        Raises DatabaseUnavailable, OutcomeUnknown.
        """
        try:
            rows = await self._run_again_if_lost(statement, parameters)
        except DatabaseUnavailable as error:
            POSTGRES.note_failure(error)
            raise
        POSTGRES.note_success()
        return rows

    async def _run_again_if_lost(
        self, statement: LiteralString, parameters: Parameters
    ) -> list[DictRow]:
        try:
            return await self._run(statement, parameters)
        except OutcomeUnknown as first:
            # The other connections may be lost too. To try each of them would take a time-out each.
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
            raise DatabaseUnavailable(f"PostgreSQL is unavailable: {error}") from error


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
        # A statement that the server refuses has an SQLSTATE. None, or that of a shutdown (57P),
        # means that the connection was lost.
        is_refused = error.sqlstate is not None and not error.sqlstate.startswith("57P")
        kind = DatabaseUnavailable if is_refused else OutcomeUnknown
        reason = str(error).strip() or type(error).__name__
        raise kind(f"PostgreSQL is unavailable: {reason}") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise DatabaseUnavailable("PostgreSQL is read-only at the moment") from error
