"""A Valkey of one's own. It keeps nothing on disk: the line it holds can always be made again."""

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
from imagemill.embedded.child import ChildProcess, Tie
from imagemill.embedded.folders import sole_use
from imagemill.embedded.persisted_state import keep_password
from imagemill.embedded.run_as import server_account
from imagemill.embedded.server import HOST, EmbeddedServer, Kind

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
PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Valkey:
    """A Valkey 9 that listens on 127.0.0.1 alone and asks for the password."""

    server: EmbeddedServer
    password: str
    host: str = HOST

    @classmethod
    @asynccontextmanager
    async def run(cls, folder: Path) -> AsyncIterator["Valkey"]:
        """Run it until the block is left; the folder holds its log, password and port.

        Raises EmbeddedError when it does not start, or another one runs on the folder.
        """
        with sole_use(folder) as home:
            password = keep_password(home / "password")
            async with EmbeddedServer.run(_kind(password), home) as server:
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


def _kind(password: str) -> Kind:
    async def launch(port: int, log: IO[bytes]) -> ChildProcess:
        # It would write to its working folder if a client told it to: one that is closed to it.
        tie = Tie(signal.SIGTERM, server_account(), folder="/")
        # Through standard input, since arguments can be read by every user of the machine.
        configuration = CONFIGURATION.format(host=HOST, port=port, password=password)
        return await ChildProcess.start(
            (valkey_program(), "-"),
            {"PATH": os.defpath},
            tie,
            stdin=configuration.encode(),
            output=log,
        )

    async def is_ready(child: ChildProcess, port: int) -> bool:
        return child.is_running and await _answers(port, password)

    return Kind(NAME, launch, is_ready, signal.SIGTERM, GRACE_SECONDS, PATIENCE_SECONDS)


async def _answers(port: int, password: str) -> bool:
    async with Redis(host=HOST, port=port, password=password, socket_timeout=5) as client:
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
