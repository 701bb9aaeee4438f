"""The whole stack on one machine: PostgreSQL, Valkey, worker and gateway, supervised."""

import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.embedded.folders import lock_folder
from imagemill.embedded.ports import local_url, require_free
from imagemill.embedded.postgres import Postgres
from imagemill.embedded.readiness import wait_until_ready
from imagemill.embedded.service_process import ServiceProcess
from imagemill.embedded.supervision import supervise
from imagemill.embedded.valkey import Valkey

# Variables that would connect a service, or its drivers, to other servers or another storage.
OVERRIDDEN: Final = re.compile(r"PG.*|DATABASE_URL.*|REDIS_.*|STORAGE_URL", re.IGNORECASE)

API_GRACE_SECONDS: Final = 15.0
# A worker gives its jobs 30 s to end (SHUTDOWN_GRACE_SECONDS), and needs a moment to release them.
WORKER_GRACE_SECONDS: Final = 35.0


@dataclass(frozen=True, slots=True)
class ServiceCommands:
    """The command lines of the two services."""

    api: Sequence[str]
    worker: Sequence[str]

    @classmethod
    def for_address(cls, host: str, port: int) -> "ServiceCommands":
        imagemill = (sys.executable, "-m", "imagemill")
        listen = ("--host", host, "--port", str(port))
        return cls(api=(*imagemill, "api", *listen), worker=(*imagemill, "worker"))


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack. `url` has no trailing slash."""

    url: str
    folder: Path
    postgres: Postgres
    valkey: Valkey
    api: ServiceProcess
    worker: ServiceProcess

    @property
    def storage(self) -> Path:
        return storage_folder(self.folder)


@asynccontextmanager
async def run_stack(
    data: Path,
    host: str,
    port: int,
    settings: Mapping[str, str] | None = None,
    *,
    commands: ServiceCommands | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Stack]:
    """Run the stack on the data folder during the block, which starts once the gateway is ready.

    `settings` override those of the environment; `report` gets a line for each step of the start.
    A service that exits is restarted. Raises EmbeddedError when one does not start, also while the
    block runs.
    """
    commands = commands or ServiceCommands.for_address(host, port)
    url, environment = local_url(host, port), os.environ | dict(settings or {})
    with _reserve(data, host, port) as folder:
        storage_folder(folder).mkdir(mode=0o700, exist_ok=True)
        async with _servers(folder, report) as (postgres, valkey):
            services = service_environment(environment, folder, postgres, valkey)
            worker = ServiceProcess("worker", commands.worker, services, WORKER_GRACE_SECONDS)
            api = ServiceProcess("api", commands.api, services, API_GRACE_SECONDS)
            report("Starting the worker and the gateway …")
            async with (  # exited in reverse order: supervision ends before the services stop
                worker.run(),
                api.run(),
                supervise((postgres.server, valkey.server, worker, api)),
            ):
                await wait_until_ready(url)
                yield Stack(url, folder, postgres, valkey, api, worker)


@contextmanager
def _reserve(data: Path, host: str, port: int) -> Iterator[Path]:
    """Lock the folder, which is not created where the port is taken. Raises EmbeddedError.

    A folder in use is reported first: the stack that uses it may have the port too.
    """
    if not data.is_dir():
        require_free(host, port)
    with lock_folder(data) as folder:
        require_free(host, port)
        yield folder


@asynccontextmanager
async def _servers(
    folder: Path, report: Callable[[str], None]
) -> AsyncIterator[tuple[Postgres, Valkey]]:
    is_new = not (folder / "postgres" / "data").exists()
    report("Creating a PostgreSQL database …" if is_new else "Starting PostgreSQL …")
    async with Postgres.run(folder / "postgres") as postgres:
        report("Starting Valkey …")
        async with Valkey.run(folder / "valkey") as valkey:
            yield postgres, valkey


def service_environment(
    environment: Mapping[str, str], folder: Path, postgres: Postgres, valkey: Valkey
) -> dict[str, str]:
    """Return the environment with the addresses of the embedded servers and of the storage."""
    return {
        name: value for name, value in environment.items() if not OVERRIDDEN.fullmatch(name)
    } | {
        "PG_HOST": postgres.host,
        "PG_PORT": str(postgres.port),
        "PG_USER": postgres.user,
        "PG_PASSWORD": postgres.password,
        "PG_DBNAME": postgres.dbname,
        "REDIS_HOST": valkey.host,
        "REDIS_PORT": str(valkey.port),
        "REDIS_PASSWORD": valkey.password,
        "STORAGE_URL": storage_folder(folder).as_uri(),
    }


def storage_folder(folder: Path) -> Path:
    return folder / "storage"
