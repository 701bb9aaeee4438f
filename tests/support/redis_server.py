"""Debian's Redis and Sentinel as processes, and its openssl for TLS."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from support.certificate import OPENSSL, make_certificate
from support.process import free_port, wait_until

REDIS = shutil.which("redis-server") or ""
SENTINEL = shutil.which("redis-sentinel") or ""
NEEDS_REDIS = pytest.mark.skipif(
    not (REDIS and SENTINEL and OPENSSL),
    reason="no redis-server, redis-sentinel or openssl: `make neighbours` installs them",
)
PASSWORD = "s3cret"  # noqa: S105 - of a server of the tests
USER = "imagemill"
CONFIGURATION = """\
bind 127.0.0.1
port {port}
tls-port {tls_port}
tls-cert-file {folder}/cert.pem
tls-key-file {folder}/key.pem
tls-ca-cert-file {folder}/cert.pem
tls-auth-clients no
unixsocket {folder}/redis.sock
save ""
dir {folder}
requirepass {password}
masterauth {password}
user {user} on >{password} ~imagemill:* &imagemill:* +@all
"""
SENTINEL_CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir {folder}
sentinel monitor main 127.0.0.1 {primary} 1
sentinel auth-pass main {password}
"""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A Redis that listens on a port, with TLS on another, and on a Unix socket."""

    port: int
    tls_port: int
    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def admin(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=PASSWORD)


@contextmanager
def running_redis(folder: Path, replica_of: RedisServer | None = None) -> Iterator[RedisServer]:
    server = RedisServer(free_port(), free_port(), folder)
    make_certificate(server.certificate, folder / "key.pem", "IP:127.0.0.1")
    text = CONFIGURATION.format(
        port=server.port, tls_port=server.tls_port, folder=folder, password=PASSWORD, user=USER
    )
    if replica_of:
        text += f"replicaof 127.0.0.1 {replica_of.port}\n"
    with _running([REDIS], folder / "redis.conf", text, lambda: server.admin().ping()):
        yield server


@contextmanager
def running_sentinel(primary: RedisServer) -> Iterator[int]:
    """Run a Sentinel that names this primary `main`; yield its port."""
    port = free_port()
    text = SENTINEL_CONFIGURATION.format(
        port=port, folder=primary.folder, primary=primary.port, password=PASSWORD
    )
    file = primary.folder / "sentinel.conf"
    with _running([SENTINEL], file, text, lambda: redis.Redis(port=port).ping()):
        yield port


@contextmanager
def _running(program, file: Path, text: str, ping) -> Iterator[None]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    file.write_text(text)
    with (
        file.with_suffix(".log").open("wb") as log,
        subprocess.Popen([*program, file], stdout=log, stderr=log) as process,
    ):
        try:
            wait_until(lambda: _answers(ping), f"{program[0]} answers")
            yield
        finally:
            process.kill()


def _answers(ping) -> bool:  # type: ignore[no-untyped-def]  # noqa: ANN001
    try:
        return bool(ping())
    except redis.RedisError:
        return False
