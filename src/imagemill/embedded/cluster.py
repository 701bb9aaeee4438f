"""Creation of the data folder of PostgreSQL (the database cluster), atomically."""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imagemill.embedded.binaries import postgres_program
from imagemill.embedded.child import ChildExit, ChildProcess, LaunchOptions
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.log_file import LogFile
from imagemill.embedded.run_as import chown
from imagemill.embedded.stale_processes import end_stale_processes

# The user's own settings (PGDATA, PGOPTIONS, LANG) must not reach the embedded server.
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

# The superuser has no password, so nobody can log in as it; the services' role only owns its
# database. That matters when this process is root, since the server can then read any file.
SUPERUSER: Final = "postgres"
OWNER: Final = "imagemill"
CREATE: Final = """\
CREATE ROLE {owner} LOGIN CREATEDB PASSWORD '{password}';
CREATE DATABASE {owner} OWNER {owner};
"""


async def create_cluster(data: Path, user: str, password: str, log: LogFile) -> None:
    """Create the data folder, with a role and a database `imagemill`.

    It is created under another name and renamed, so an existing data folder is always complete.
    Raises EmbeddedError.
    """
    new_folder = data.with_name(f"{data.name}.new")
    await end_stale_processes(new_folder)
    _make_empty(new_folder, user)
    # An incomplete folder does no harm: the next start creates it again.
    options = LaunchOptions(signal.SIGKILL, user, str(new_folder))
    await _run(_initdb_command(new_folder), b"", options, log)
    await _run(
        _single_user_command(new_folder),
        CREATE.format(owner=OWNER, password=password).encode(),
        options,
        log,
    )
    new_folder.rename(data)
    _sync(data.parent)


def _make_empty(new_folder: Path, user: str) -> None:
    if new_folder.exists():  # an earlier creation was interrupted
        shutil.rmtree(new_folder)
    new_folder.mkdir(mode=0o700)
    chown(new_folder, user)


def _initdb_command(data: Path) -> Sequence[str | Path]:
    return (
        postgres_program("initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",  # the same sort order on every machine
        "--builtin-locale=C.UTF-8",
        "--auth-local=reject",
        "--auth-host=scram-sha-256",
        "--no-instructions",
    )


def _single_user_command(data: Path) -> Sequence[str | Path]:
    return (
        postgres_program("postgres"),
        "--single",
        *("-D", data),
        *("-c", "exit_on_error=on"),
        *("-c", "log_min_error_statement=panic"),  # a statement holds the password
        "postgres",
    )


async def _run(
    command: Sequence[str | Path], stdin: bytes, options: LaunchOptions, log: LogFile
) -> None:
    with log.open() as output:
        child = await ChildProcess.start(command, ENVIRONMENT, options, stdin=stdin, output=output)
    try:
        ended = await child.wait()
    finally:
        await child.stop(signal.SIGTERM, grace_seconds=5)
    if ended != ChildExit.from_status(0):
        raise EmbeddedError(
            f"{Path(command[0]).name} {ended}; the end of {log.path}:\n{log.read_end()}"
        )


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
