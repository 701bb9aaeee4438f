"""Everything on one machine: PostgreSQL, Valkey, worker and gateway, kept running."""

import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.embedded.folders import sole_use
from imagemill.embedded.ports import demand_free, url_of
from imagemill.embedded.postgres import Postgres
from imagemill.embedded.program import Program
from imagemill.embedded.readiness import until_ready
from imagemill.embedded.supervision import kept_running
from imagemill.embedded.valkey import Valkey

# What points a service, or the driver below it, at servers and files other than the stack's own.
NOT_OURS: Final = re.compile(r"PG.*|REDIS_.*|STORAGE_URL", re.IGNORECASE)

API_GRACE_SECONDS: Final = 15.0
# A worker gives its jobs 30 s to end (SHUTDOWN_GRACE_SECONDS), and then some to give them back.
WORKER_GRACE_SECONDS: Final = 35.0


@dataclass(frozen=True, slots=True)
class Commands:
    """How the two services are started."""

    api: Sequence[str]
    worker: Sequence[str]

    @classmethod
    def listening_on(cls, host: str, port: int) -> "Commands":
        imagemill = (sys.executable, "-m", "imagemill")
        listen = ("--host", host, "--port", str(port))
        return cls(api=(*imagemill, "api", *listen), worker=(*imagemill, "worker"))


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, and where. `url` has no slash at its end."""

    url: str
    folder: Path
    postgres: Postgres
    valkey: Valkey
    api: Program
    worker: Program

    @property
    def storage(self) -> Path:
        return storage_in(self.folder)


@asynccontextmanager
async def run_stack(
    data: Path,
    host: str,
    port: int,
    settings: Mapping[str, str] | None = None,
    *,
    commands: Commands | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Stack]:
    """Run everything on the folder until the block is left; it answers when the block is entered.

    `settings` go to the services over those of the environment; `report` gets a line for people
    at each step. Raises EmbeddedError when something does not start, also from inside the block;
    what dies later is started again.
    """
    demand_free(host, port)
    commands = commands or Commands.listening_on(host, port)
    url, users = url_of(host, port), os.environ | dict(settings or {})
    with sole_use(data) as folder:
        storage_in(folder).mkdir(mode=0o700, exist_ok=True)
        async with _servers(folder, report) as (postgres, valkey):
            environment = service_environment(users, folder, postgres, valkey)
            worker = Program("worker", commands.worker, environment, WORKER_GRACE_SECONDS)
            api = Program("api", commands.api, environment, API_GRACE_SECONDS)
            report("Starting the worker and the gateway …")
            async with (  # left in reverse order: nobody restarts what is then stopped
                worker.running(),
                api.running(),
                kept_running((postgres.server, valkey.server, worker, api)),
            ):
                await until_ready(url)
                yield Stack(url, folder, postgres, valkey, api, worker)


@asynccontextmanager
async def _servers(
    folder: Path, report: Callable[[str], None]
) -> AsyncIterator[tuple[Postgres, Valkey]]:
    is_new = not (folder / "postgres" / "data").exists()
    report("Making a PostgreSQL of your own …" if is_new else "Starting PostgreSQL …")
    async with Postgres.run(folder / "postgres") as postgres:
        report("Starting Valkey …")
        async with Valkey.run(folder / "valkey") as valkey:
            yield postgres, valkey


def service_environment(
    users: Mapping[str, str], folder: Path, postgres: Postgres, valkey: Valkey
) -> dict[str, str]:
    """Return what the services are told: the user's own settings, and where our servers are."""
    return {name: value for name, value in users.items() if not NOT_OURS.fullmatch(name)} | {
        "PG_HOST": postgres.host,
        "PG_PORT": str(postgres.port),
        "PG_USER": postgres.user,
        "PG_PASSWORD": postgres.password,
        "PG_DBNAME": postgres.dbname,
        "REDIS_HOST": valkey.host,
        "REDIS_PORT": str(valkey.port),
        "REDIS_PASSWORD": valkey.password,
        "STORAGE_URL": storage_in(folder).as_uri(),
    }


def storage_in(folder: Path) -> Path:
    return folder / "storage"
