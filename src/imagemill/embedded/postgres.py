"""A PostgreSQL of one's own, in a folder of one's own."""

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psycopg

from imagemill.embedded.binaries import postgres_program
from imagemill.embedded.child import ChildProcess, Tie
from imagemill.embedded.cluster import ENVIRONMENT, OWNER, make_cluster
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.folders import sole_use
from imagemill.embedded.log_file import LogFile
from imagemill.embedded.persisted_state import keep_password
from imagemill.embedded.run_as import account_of, server_account
from imagemill.embedded.server import HOST, EmbeddedServer, Kind
from imagemill.embedded.stale_processes import clear_leftovers

NAME: Final = "postgres"

# Given at each start, so that a folder made by an earlier version gets them too.
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",  # bounds how long recovery takes after a crash
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements hold what clients sent
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# A fast shutdown writes everything out first; recovery after a crash reads up to max_wal_size.
GRACE_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL 18 that listens on 127.0.0.1 alone and asks for the password."""

    server: EmbeddedServer
    password: str
    host: str = HOST
    user: str = OWNER
    dbname: str = OWNER

    @classmethod
    @asynccontextmanager
    async def run(cls, folder: Path) -> AsyncIterator["Postgres"]:
        """Run it on the folder until the block is left; made there the first time, kept ever after.

        Raises EmbeddedError when it does not start, or another one runs on the folder.
        """
        with sole_use(folder) as home:
            data, password = home / "data", _password(home)
            if not _is_there(data):
                await make_cluster(data, server_account(), password, LogFile(home / "initdb.log"))
            async with EmbeddedServer.run(_kind(data, password), home) as server:
                yield cls(server, password)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def pid(self) -> int:
        return self.server.pid

    @property
    def uri(self) -> str:
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.dbname}"


def _is_there(data: Path) -> bool:
    return data.exists()


def _password(folder: Path) -> str:
    file = folder / "password"
    if _is_there(folder / "data") and not file.exists():
        raise EmbeddedError(
            f"{file} is gone, and with it the way into the database: put it back,"
            f" or move {folder} away to begin with an empty one."
        )
    return keep_password(file)


def _kind(data: Path, password: str) -> Kind:
    async def launch(port: int, log: IO[bytes]) -> ChildProcess:
        await clear_leftovers(data)
        # When we die: SIGQUIT, for nobody would be left to wait for a shutdown in good order.
        tie = Tie(signal.SIGQUIT, account_of(data), str(data))
        return await ChildProcess.start(_command(data, port), ENVIRONMENT, tie, output=log)

    async def is_ready(child: ChildProcess, port: int) -> bool:
        if not _says_ready(data, child.pid):
            return False
        await _greet(port, password)
        return True

    return Kind(NAME, launch, is_ready, signal.SIGINT, GRACE_SECONDS, PATIENCE_SECONDS)


def _command(data: Path, port: int) -> Sequence[str | Path]:
    settings = SETTINGS | {"port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return (postgres_program("postgres"), "-D", data, *options)


def _says_ready(data: Path, pid: int) -> bool:
    """Whether this very server takes connections, by its own mark (as pg_ctl does)."""
    try:
        mark = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return False
    return mark[0] == str(pid) and any(line.strip() == "ready" for line in mark)


async def _greet(port: int, password: str) -> None:
    """Connect as the services will, whatever PGSSLMODE and its like say on this machine."""
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=HOST,
            port=port,
            user=OWNER,
            password=password,
            dbname=OWNER,
            sslmode="disable",
            gssencmode="disable",
            options="",
            connect_timeout=30,
        )
        async with connection:
            await connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        raise EmbeddedError(f"PostgreSQL started but refuses us: {error}") from error
