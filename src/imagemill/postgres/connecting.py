"""How sessions are opened: the connection string, settings of the session, and errors in words.

A session may be a pooler's (pgbouncer), which gives each transaction any of its own sessions. So
nothing depends on a setting of the session: results come in PostgreSQL's binary format, which
DateStyle, IntervalStyle and TimeZone do not change.
"""

import re
from typing import Any, Final, Literal

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow
from psycopg.types.string import TextBinaryLoader

from imagemill.settings.addresses import PostgresAddress

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS: Final = 5
# The server's own time-outs. The first ends before the client's, and its error says that the
# statement was not executed; a statement whose client has gone ends by it too.
SESSION_TIMEOUTS: Final = "SET statement_timeout = '9s'; SET lock_timeout = '5s'"
# The type of a value whose type psycopg does not know: here, the labels of our enums.
UNKNOWN_TYPE: Final = 0
# What the server said, without the address that psycopg tells each time.
SERVER_ERROR: Final = re.compile(r"(?:FATAL|ERROR): +(.+)")
POOLER_ADVICE: Final = (
    "a pooler such as pgbouncer shares sessions between clients; set PG_PREPARED_STATEMENTS=false"
)


def conninfo(address: PostgresAddress, application: str = "imagemill") -> str:
    """Return the connection string for psycopg."""
    settings: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
    if address.url:
        settings |= conninfo_to_dict(address.url)
    else:
        settings |= {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password,
            "dbname": address.dbname,
        }
    # A database may have another encoding for its clients, and none of theirs is ours.
    return make_conninfo(
        "", **settings | {"application_name": application, "client_encoding": "UTF8"}
    )


def describe_error(error: Exception) -> str:
    """Return what the server said, or else the error's first line or its type."""
    text = str(error).strip()
    found = SERVER_ERROR.search(text)
    reason = found[1] if found else text.partition("\n")[0]
    if isinstance(
        error, psycopg.errors.InvalidSqlStatementName | psycopg.errors.DuplicatePreparedStatement
    ):
        return f"{reason}: {POOLER_ADVICE}"
    return reason or type(error).__name__


async def configure(connection: AsyncConnection[DictRow]) -> Literal["direct", "pooled"]:
    """Prepare a new session; return whether it is the server's own, or one of a pooler.

    Through a pooler no statement is prepared, whatever the settings say: under the name of ours,
    its session might have the statement of another client.
    """
    connection.adapters.register_loader(UNKNOWN_TYPE, TextBinaryLoader)
    if connection.prepare_threshold is None:
        return "pooled"
    cursor = await connection.execute("SELECT pg_backend_pid() AS pid")
    if (await cursor.fetchall())[0]["pid"] != connection.info.backend_pid:
        connection.prepare_threshold = None
        return "pooled"
    await connection.execute(SESSION_TIMEOUTS)
    return "direct"
