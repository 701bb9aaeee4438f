"""pgbouncer as a process, in transaction mode and with its defaults otherwise."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from imagemill.embedded.run_as import chown, server_user
from imagemill.settings.addresses import PostgresAddress
from support.certificate import OPENSSL, make_certificate
from support.process import free_port, wait_until
from support.servers import connect

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin") or ""
NEEDS_PGBOUNCER = pytest.mark.skipif(
    not (PGBOUNCER and OPENSSL), reason="no pgbouncer or openssl: `make neighbours` installs them"
)
SERVER_CONNECTIONS = 3
CONFIGURATION = """\
[databases]
{dbname} = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir = {folder}
client_tls_sslmode = allow
client_tls_cert_file = {folder}/certificate.pem
client_tls_key_file = {folder}/key.pem
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {connections}
"""


@dataclass
class Pooler:
    """A running pgbouncer; `address` names it as if it were the server.

    It takes connections with TLS, by the certificate in its folder, and without, and on a Unix
    socket there.
    """

    address: PostgresAddress
    folder: Path
    _command: list[str]
    _log: Path
    _process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def before(cls, server: PostgresAddress) -> Iterator["Pooler"]:
        """Run pgbouncer before this server while the block runs."""
        with tempfile.TemporaryDirectory() as name:
            folder, own = Path(name), replace(server, port=free_port())
            (folder / "users.txt").write_text(f'"{server.user}" "{server.password}"\n')
            make_certificate(folder / "certificate.pem", folder / "key.pem", "IP:127.0.0.1")
            (folder / "pgbouncer.ini").write_text(
                CONFIGURATION.format(
                    dbname=server.dbname,
                    host=server.host,
                    port=server.port,
                    own_port=own.port,
                    folder=folder,
                    connections=SERVER_CONNECTIONS,
                )
            )
            user = server_user()  # it refuses to run as root
            for path in (folder, *folder.iterdir()):
                chown(path, user)
            command = [PGBOUNCER, *(["-u", user] if user else []), str(folder / "pgbouncer.ini")]
            log = folder / "pgbouncer.log"
            pooler = cls(own, folder, command, log, _start(command, log))
            try:
                pooler._wait_until_ready()
                yield pooler
            finally:
                pooler.stop()

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """End the process with every connection through it, and start another."""
        self.stop()
        self._process = _start(self._command, self._log)
        self._wait_until_ready()

    def environment(self) -> dict[str, str]:
        """Return the settings that name the pooler, and say that it is one."""
        return {"PG_PORT": str(self.address.port), "PG_PREPARED_STATEMENTS": "false"}

    def _wait_until_ready(self) -> None:
        wait_until(self._answers, "pgbouncer answers", self._log.read_text)

    def _answers(self) -> bool:
        try:
            with connect(self.address) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def _start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=output, env={"PATH": os.environ["PATH"]}
        )
