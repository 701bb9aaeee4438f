"""Pool of PostgreSQL connections, whose statements time out and survive a lost connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, Self

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from imagemill.errors import ServiceError, Unavailable
from imagemill.outages import POSTGRES
from imagemill.postgres.connecting import (
    CONNECT_TIMEOUT_SECONDS,
    POOLER_ADVICE,
    configure,
    conninfo,
    describe_error,
)
from imagemill.settings.addresses import PostgresAddress

log = structlog.get_logger()

# Statements take milliseconds; after this long the server is assumed to hang.
STATEMENT_TIMEOUT_SECONDS: Final = 10
# The pool doubles its delay before each attempt to connect; once it gives up, it starts over at the
# next statement. So this bounds how late it notices that the server is available again.
RECONNECT_TIMEOUT_SECONDS: Final = 3
# How often a session executes a statement before it prepares it: psycopg's default.
PREPARE_THRESHOLD: Final = 5
# How long a check waits for a connection: it answers sooner than those who ask give up.
CHECK_TIMEOUT_SECONDS: Final = 1.5
# A session that began so lately and is read-only says that the server is: while it stays so, no new
# one is opened for every statement.
READ_ONLY_SECONDS: Final = 1.0

# Writes nothing, and fails as a write would: without the right to it, or on a standby.
WRITE_NOTHING: Final = "INSERT INTO jobs (id) SELECT id FROM jobs WHERE false"

Parameters = Mapping[str, Any]


class DatabaseUnavailable(Unavailable):
    """PostgreSQL is unavailable, and the statement was not executed."""

    is_logged = True


class RowRejected(DatabaseUnavailable):
    """PostgreSQL is available and rejected a row, which is no outage, and is logged each time."""

    is_logged = False


class OutcomeUnknown(DatabaseUnavailable):
    """The connection was lost after the statement was sent: it may have been executed."""


class SchemaTooNew(ServiceError):
    """The schema is of a later version of imagemill than this one."""


class ReadOnlyDatabase(DatabaseUnavailable):
    """PostgreSQL answers and takes no writes: a standby, or a read-only default.

    `session_began_at` is in seconds of the monotonic clock.
    """

    def __init__(self, session_began_at: float) -> None:
        super().__init__("PostgreSQL is read-only at the moment")
        self.session_began_at = session_began_at


class _Connection(AsyncConnection[DictRow]):
    """A connection that knows when it began, and tells its pool why it could not be opened."""

    began_at: float = 0.0

    @classmethod
    async def connect(  # type: ignore[override]  # `outcome` is the pool's
        cls,
        conninfo: str = "",
        *,
        outcome: "_ConnectOutcome",
        **options: Any,  # noqa: ANN401 - psycopg's
    ) -> Self:
        began_at = time.monotonic()
        try:
            connection = await super().connect(conninfo, **options)
            connection.began_at = began_at
            await cls._configure(connection, outcome)
        except (psycopg.Error, TimeoutError) as error:
            outcome.error = describe_error(error)
            raise
        outcome.error = None
        return connection

    @staticmethod
    async def _configure(connection: AsyncConnection[DictRow], outcome: "_ConnectOutcome") -> None:
        was_told = connection.prepare_threshold is None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                if await configure(connection) == "pooled" and not was_told:
                    outcome.note_pooler()
        except BaseException:
            await connection.close()
            raise


class _ConnectOutcome:
    """Why the last connection could not be opened; None if it could."""

    error: str | None = None
    _has_met_pooler: bool = False

    def note_pooler(self) -> None:
        if not self._has_met_pooler:
            self._has_met_pooler = True
            log.warning("postgres.pooler", reason=POOLER_ADVICE)


class Postgres:
    """A pool of autocommit connections: each statement is a transaction."""

    def __init__(self, pool: AsyncConnectionPool[_Connection], outcome: _ConnectOutcome) -> None:
        self._pool = pool
        self._connect_outcome = outcome

    @classmethod
    @asynccontextmanager
    async def open(cls, address: PostgresAddress, pool_size: int) -> AsyncIterator["Postgres"]:
        """Open the pool without waiting for a connection: the server may become available later."""
        outcome = _ConnectOutcome()
        pool = AsyncConnectionPool(
            conninfo(address),
            connection_class=_Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "prepare_threshold": PREPARE_THRESHOLD if address.prepared_statements else None,
                "outcome": outcome,
            },
            min_size=1,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            reconnect_timeout=RECONNECT_TIMEOUT_SECONDS,
            open=False,
        )
        async with pool:
            yield cls(pool, outcome)

    async def run(
        self,
        statement: LiteralString,
        parameters: Parameters,
        wait_seconds: float = CONNECT_TIMEOUT_SECONDS,
    ) -> list[DictRow]:
        """Execute one statement and return its rows, after so long a wait for a connection.

        When the connection is lost, the statement is executed once more on a new one. So it must be
        conditional: executed again after a success, it may change nothing.
        Raises DatabaseUnavailable, OutcomeUnknown.
        """
        try:
            rows = await self._run_again_if_lost(statement, parameters, wait_seconds)
        except DatabaseUnavailable as error:
            POSTGRES.note_failure(error)
            raise
        POSTGRES.note_success()
        return rows

    async def check_writable(self) -> None:
        """Raise DatabaseUnavailable unless PostgreSQL would accept a job."""
        try:
            await self.run(WRITE_NOTHING, {}, CHECK_TIMEOUT_SECONDS)
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                f"PostgreSQL refuses to be written: {describe_error(error)}"
            ) from error

    async def _run_again_if_lost(
        self, statement: LiteralString, parameters: Parameters, wait_seconds: float
    ) -> list[DictRow]:
        try:
            return await self._run_in_writable_session(statement, parameters, wait_seconds)
        except OutcomeUnknown as first:
            # The other connections may be lost too. To try each of them would take a time-out each.
            await self._pool.drain()
            try:
                return await self._run(statement, parameters, wait_seconds)
            except OutcomeUnknown:
                raise
            except DatabaseUnavailable as second:
                raise OutcomeUnknown(str(second)) from first

    async def _run_in_writable_session(
        self, statement: LiteralString, parameters: Parameters, wait_seconds: float
    ) -> list[DictRow]:
        """Execute a statement, again while it meets read-only sessions of an earlier time.

        Sessions keep what their server was when they began. A new one may reach another server, or
        one that takes writes again.
        """
        believed_from = time.monotonic() - READ_ONLY_SECONDS
        while True:
            try:
                return await self._run(statement, parameters, wait_seconds)
            except ReadOnlyDatabase as error:
                if error.session_began_at >= believed_from:
                    raise

    async def _run(
        self, statement: LiteralString, parameters: Parameters, wait_seconds: float
    ) -> list[DictRow]:
        try:
            async with self._pool.connection(wait_seconds) as connection:
                return await _execute(connection, statement, parameters)
        except PoolTimeout as error:
            reason = self._connect_outcome.error or error
            raise DatabaseUnavailable(f"PostgreSQL is unavailable: {reason}") from error


async def _execute(
    connection: _Connection, statement: LiteralString, parameters: Parameters
) -> list[DictRow]:
    try:
        async with asyncio.timeout(STATEMENT_TIMEOUT_SECONDS):
            cursor = await connection.execute(statement, parameters, binary=True)
            return await cursor.fetchall() if cursor.description else []
    except TimeoutError as error:
        raise OutcomeUnknown(
            f"PostgreSQL did not answer within {STATEMENT_TIMEOUT_SECONDS} s"
        ) from error
    except (
        psycopg.errors.InvalidSqlStatementName,
        psycopg.errors.DuplicatePreparedStatement,
    ) as error:
        raise DatabaseUnavailable(f"PostgreSQL is unavailable: {describe_error(error)}") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        # A statement that the server refuses has an SQLSTATE. None, or that of a shutdown (57P),
        # means that the connection was lost.
        is_refused = error.sqlstate is not None and not error.sqlstate.startswith("57P")
        kind = DatabaseUnavailable if is_refused else OutcomeUnknown
        raise kind(f"PostgreSQL is unavailable: {describe_error(error)}") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        await connection.close()
        raise ReadOnlyDatabase(connection.began_at) from error
