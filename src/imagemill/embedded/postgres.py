"""Embedded PostgreSQL server with its data in a folder."""

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psycopg

from imagemill.embedded.binaries import postgres_program
from imagemill.embedded.child import ChildProcess, LaunchOptions
from imagemill.embedded.cluster import ENVIRONMENT, OWNER, create_cluster
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.folders import lock_folder
from imagemill.embedded.log_file import LogFile
from imagemill.embedded.persisted_state import load_or_create_password
from imagemill.embedded.run_as import owner_of, server_user
from imagemill.embedded.server import HOST, EmbeddedServer, ServerSpec
from imagemill.embedded.stale_processes import end_stale_processes

NAME: Final = "postgres"

# Set at each start, so that they also apply to a folder that an earlier version created.
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",  # limits how long crash recovery takes
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements hold what clients sent
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# A fast shutdown writes a checkpoint first; crash recovery reads up to max_wal_size.
GRACE_SECONDS: Final = 60.0
START_TIMEOUT_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL 18 server that listens on 127.0.0.1 only and requires the password."""

    server: EmbeddedServer
    password: str
    host: str = HOST
    user: str = OWNER
    dbname: str = OWNER

    @classmethod
    @asynccontextmanager
    async def run(cls, folder: Path) -> AsyncIterator["Postgres"]:
        """Run the server during the block; its data is created in the folder at the first start.

        Raises EmbeddedError when it does not start, or another process uses the folder.
        """
        with lock_folder(folder) as locked:
            data, password = locked / "data", _load_password(locked)
            if not data.exists():
                await create_cluster(data, server_user(), password, LogFile(locked / "initdb.log"))
            async with EmbeddedServer.run(_make_spec(data, password), locked) as server:
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


def _load_password(folder: Path) -> str:
    file = folder / "password"
    if (folder / "data").exists() and not file.exists():
        raise EmbeddedError(
            f"{file} is missing, and the database cannot be opened without it: restore it,"
            f" or move {folder} away to start with an empty database."
        )
    return load_or_create_password(file)


def _make_spec(data: Path, password: str) -> ServerSpec:
    async def launch(port: int, log: IO[bytes]) -> ChildProcess:
        await end_stale_processes(data)
        # SIGQUIT is an immediate shutdown: no parent would be left to wait for a fast one.
        options = LaunchOptions(signal.SIGQUIT, owner_of(data), str(data))
        return await ChildProcess.start(_command(data, port), ENVIRONMENT, options, output=log)

    async def is_ready(child: ChildProcess, port: int) -> bool:
        if not _is_marked_ready(data, child.pid):
            return False
        await _test_connection(port, password)
        return True

    return ServerSpec(NAME, launch, is_ready, signal.SIGINT, GRACE_SECONDS, START_TIMEOUT_SECONDS)


def _command(data: Path, port: int) -> Sequence[str | Path]:
    settings = SETTINGS | {"port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return (postgres_program("postgres"), "-D", data, *options)


def _is_marked_ready(data: Path, pid: int) -> bool:
    """Whether this server accepts connections, by its postmaster.pid (as pg_ctl checks)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return False
    return lines[0] == str(pid) and any(line.strip() == "ready" for line in lines)


async def _test_connection(port: int, password: str) -> None:
    """Connect as the services will, whatever PGSSLMODE and similar variables say."""
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
        raise EmbeddedError(f"PostgreSQL started, but rejects the connection: {error}") from error
