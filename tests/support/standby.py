"""A primary of PostgreSQL and its synchronous standby, which can be promoted."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from imagemill.embedded.binaries import postgres_program
from imagemill.embedded.cluster import ENVIRONMENT, OWNER
from imagemill.embedded.run_as import chown, owner_of
from imagemill.settings.addresses import PostgresAddress
from support.postgres_template import copy_template
from support.process import free_port, wait_until
from support.servers import connect

HOST = "127.0.0.1"
# A commit waits for the standby, so that no failover loses what was answered.
SYNCHRONOUS = ("-c", "synchronous_standby_names=*")
ALLOW_REPLICATION = f"ALTER ROLE {OWNER} REPLICATION;\n"


@dataclass(frozen=True)
class Server:
    """One of the two, as a process of its own."""

    data: Path
    user: str
    address: PostgresAddress

    @contextmanager
    def running(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the server until the block is left, if it was not stopped before."""
        sockets = ("-c", "unix_socket_directories=", "-c", f"listen_addresses={HOST}")
        port = f"--port={self.address.port}"
        command: list[str | Path] = [postgres_program("postgres"), "-D", self.data, port]
        with self.data.with_suffix(".log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *sockets, *options],
                env=ENVIRONMENT,
                user=self.user or None,
                cwd=self.data,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self._answers, "the server answers", self.data.with_suffix(".log").read_text)
            yield process
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-D", self.data)

    def run(self, program: str, *arguments: str | Path, stdin: str = "") -> None:
        subprocess.run(
            [postgres_program(program), *arguments],
            env=ENVIRONMENT | {"PGPASSWORD": self.address.password},
            user=self.user or None,
            cwd=self.data,
            input=stdin.encode(),
            capture_output=True,
            check=True,
        )

    def _answers(self) -> bool:
        try:
            with connect(self.address) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@dataclass(frozen=True)
class ReplicatedPostgres:
    """The two servers; `url` names the one that takes writes, whichever it is."""

    primary: Server
    standby: Server
    _primary_process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def running(cls, template: Path) -> Iterator["ReplicatedPostgres"]:
        """Run both, with the schema and no job, until the block is left."""
        with tempfile.TemporaryDirectory() as name:  # pytest's are closed to the servers' user
            copy_template(template, Path(name))
            yield from cls._run(Path(name))

    @classmethod
    def _run(cls, folder: Path) -> Iterator["ReplicatedPostgres"]:
        password = (folder / "password").read_text().strip()
        user = owner_of(folder / "data")
        chown(folder, user)
        primary, standby = (
            Server(data, user, PostgresAddress(HOST, free_port(), OWNER, password, OWNER))
            for data in (folder / "data", folder / "standby")
        )
        primary.run("postgres", "--single", "-D", primary.data, OWNER, stdin=ALLOW_REPLICATION)
        with primary.running(*SYNCHRONOUS) as process:
            standby.data.mkdir(mode=0o700)
            chown(standby.data, user)
            source = f"host={HOST} port={primary.address.port} user={OWNER}"
            standby.run("pg_basebackup", "-d", source, "-D", standby.data, "-R", "-c", "fast")
            with standby.running():
                yield cls(primary, standby, process)

    @property
    def url(self) -> str:
        one, other = self.primary.address, self.standby.address
        return (
            f"postgresql://{OWNER}:{one.password}@{HOST}:{one.port},{HOST}:{other.port}/{OWNER}"
            "?target_session_attrs=read-write"
        )

    def crash_primary(self) -> None:
        """End the primary as a crash would."""
        self._primary_process.send_signal(signal.SIGQUIT)
        self._primary_process.wait()
