"""Embedded Valkey server. Nothing is written to disk: sweeps find the jobs of a lost queue."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from imagemill.embedded.binaries import valkey_program
from imagemill.embedded.child import ChildProcess, LaunchOptions
from imagemill.embedded.folders import lock_folder
from imagemill.embedded.persisted_state import load_or_create_password
from imagemill.embedded.run_as import server_user
from imagemill.embedded.server import HOST, EmbeddedServer, ServerSpec

NAME: Final = "valkey"

CONFIGURATION: Final = """\
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
maxmemory-policy noeviction
"""

GRACE_SECONDS: Final = 10.0
START_TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Valkey:
    """A Valkey 9 server that listens on 127.0.0.1 only and requires the password."""

    server: EmbeddedServer
    password: str
    host: str = HOST

    @classmethod
    @asynccontextmanager
    async def run(cls, folder: Path) -> AsyncIterator["Valkey"]:
        """Run the server during the block; the folder has its log, password and port.

        Raises EmbeddedError when it does not start, or another process uses the folder.
        """
        with lock_folder(folder) as locked:
            password = load_or_create_password(locked / "password")
            async with EmbeddedServer.run(_make_spec(password), locked) as server:
                yield cls(server, password)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def pid(self) -> int:
        return self.server.pid

    @property
    def uri(self) -> str:
        return f"redis://:{self.password}@{self.host}:{self.port}/0"


def _make_spec(password: str) -> ServerSpec:
    async def launch(port: int, log: IO[bytes]) -> ChildProcess:
        # A client can make it write to its working folder: one that it may not write to.
        options = LaunchOptions(signal.SIGTERM, server_user(), folder="/")
        # By standard input, since every user of the machine can read arguments.
        configuration = CONFIGURATION.format(host=HOST, port=port, password=password)
        return await ChildProcess.start(
            (valkey_program(), "-"),
            {"PATH": os.defpath},
            options,
            stdin=configuration.encode(),
            output=log,
        )

    async def is_ready(child: ChildProcess, port: int) -> bool:
        return child.is_running and await _answers(port, password)

    return ServerSpec(NAME, launch, is_ready, signal.SIGTERM, GRACE_SECONDS, START_TIMEOUT_SECONDS)


async def _answers(port: int, password: str) -> bool:
    async with Redis(host=HOST, port=port, password=password, socket_timeout=5) as client:
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
