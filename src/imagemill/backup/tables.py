"""The rows of the tables: copied from one snapshot, and loaded in one transaction."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from imagemill.backup.errors import BackupRejected
from imagemill.backup.layout import Manifest, TableFacts, table_path
from imagemill.jobs.job_files import LIST_ALL, JobFiles, to_job_files
from imagemill.postgres.connecting import conninfo, describe_error
from imagemill.postgres.migrate import SCHEMA_VERSION
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.settings.addresses import PostgresAddress

# In an order in which they can be loaded: each after those that it references.
COPIED: Final = (
    "api_keys",
    "secrets",
    "jobs",
    "job_events",
    "idempotency_keys",
    "file_deletions",
    "deliveries",
)
# Those say what runs and what is due now, and the other is what migrations keep.
NOT_COPIED: Final = ("workers", "scheduled_tasks", "alembic_version")

APPLICATION: Final = "imagemill-backup"
# More takes long, and the rows are few beside the files.
COMPRESSION: Final = 3
BLOCK_BYTES: Final = 1024 * 1024

# Generated columns are computed again.
COLUMNS = """
    SELECT array_agg(attname::text ORDER BY attnum)
      FROM pg_attribute
     WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""

# The services' connections have this name.
SERVICES = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'imagemill'
"""

# COPY writes and reads text. One database's "1/2" is another's "2/1", and a copy takes its time.
SESSION = """
    SET LOCAL DateStyle = 'ISO, YMD';
    SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0
"""

# As at a release: the attempt is not counted, whatever the worker of the old servers does.
RELEASE = """
    UPDATE jobs SET status = 'PENDING', attempts = attempts - 1, locked_by = NULL,
           lease_expires_at = NULL, run_at = now(), updated_at = now()
     WHERE status = 'PROCESSING'
"""

EVENTS_SEQUENCE = """
    SELECT setval(pg_get_serial_sequence('job_events', 'id'), coalesce(max(id), 0) + 1, false)
      FROM job_events
"""


@contextmanager
def connect(address: PostgresAddress) -> Iterator[psycopg.Connection]:
    """Connect for one transaction. Raises DatabaseUnavailable, also when the connection is lost."""
    try:
        with psycopg.connect(conninfo(address, APPLICATION), prepare_threshold=None) as one:
            yield one
    except psycopg.OperationalError as error:
        reason = describe_error(error)
        raise DatabaseUnavailable(f"PostgreSQL at {address} is unavailable: {reason}") from error


def begin_snapshot(connection: psycopg.Connection) -> None:
    """Let every statement of the transaction see the rows that are committed now."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def read_schema(connection: psycopg.Connection) -> str | None:
    """Return the number of the last migration; None for a database without our tables."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchall()[0][0] is None:
        return None
    row = connection.execute(SCHEMA_VERSION).fetchone()
    return None if row is None else str(row[0])


def dump(connection: psycopg.Connection, folder: Path) -> dict[str, TableFacts]:
    """Write the rows of every table into the folder, and return what was written."""
    connection.execute(SESSION)
    return {
        name: TableFacts(columns, _dump_table(connection, name, columns, folder / table_path(name)))
        for name, columns in _existing(connection, COPIED).items()
    }


def load(connection: psycopg.Connection, folder: Path, manifest: Manifest) -> None:
    """Replace all rows by those of the backup, without the jobs that were deleted meanwhile.

    Triggers are off while the rows are loaded: the history is among them.
    Raises BackupRejected when the tables do not take them.
    """
    connection.execute(SESSION)
    connection.execute(SQL("TRUNCATE {}").format(_join(_existing(connection, COPIED))))
    for name in (name for name in COPIED if name in manifest.tables):
        table = Identifier(name)
        connection.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
        _load_table(connection, name, manifest.tables[name], folder / table_path(name))
        connection.execute(SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))
    connection.execute(EVENTS_SEQUENCE)
    connection.execute("DELETE FROM jobs WHERE id = ANY(%s::uuid[])", [[*manifest.deleted_jobs]])
    connection.execute(RELEASE)


def list_stored_files(connection: psycopg.Connection) -> Iterator[JobFiles]:
    """Yield the files that the rows of the snapshot name, job by job."""
    # By name the cursor is the server's, which sends the rows a few at a time.
    with connection.cursor("stored_files", row_factory=dict_row) as cursor:
        for row in cursor.execute(LIST_ALL):
            yield to_job_files(row)


def count_services(connection: psycopg.Connection) -> int:
    """Return how many connections gateways and workers have to this database."""
    return int(connection.execute(SERVICES).fetchall()[0][0])


def has_rows(connection: psycopg.Connection) -> bool:
    """Return whether the database has jobs or API keys."""
    found = _existing(connection, ("jobs", "api_keys"))
    return any(
        connection.execute(SQL("SELECT FROM {} LIMIT 1").format(Identifier(name))).rowcount
        for name in found
    )


def _existing(
    connection: psycopg.Connection, names: Iterable[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return those of the tables that the schema has, with their columns."""
    found = {name: connection.execute(COLUMNS, [name]).fetchall()[0][0] for name in names}
    return {name: tuple(columns) for name, columns in found.items() if columns}


def _dump_table(
    connection: psycopg.Connection, name: str, columns: tuple[str, ...], path: Path
) -> int:
    statement = SQL("COPY {} ({}) TO STDOUT").format(Identifier(name), _join(columns))
    with (
        gzip.open(path, "wb", COMPRESSION) as file,
        connection.cursor() as cursor,
    ):
        with cursor.copy(statement) as rows:
            for block in rows:
                file.write(block)
        return cursor.rowcount


def _load_table(connection: psycopg.Connection, name: str, table: TableFacts, path: Path) -> None:
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(name), _join(table.columns))
    with gzip.open(path, "rb") as file, connection.cursor() as cursor:
        with cursor.copy(statement) as rows:
            while block := file.read(BLOCK_BYTES):
                rows.write(block)
        if cursor.rowcount != table.rows:
            raise BackupRejected(
                f"The table {name} took {cursor.rowcount:,} rows of {table.rows:,}: nothing was"
                " restored."
            )


def _join(columns: Iterable[str]) -> psycopg.sql.Composed:
    return SQL(", ").join(map(Identifier, columns))
