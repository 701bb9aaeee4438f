"""The data folder of PostgreSQL: made once, wholly or not at all."""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imagemill.embedded.binaries import postgres_program
from imagemill.embedded.child import ChildProcess, Ending, Tie
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.log_file import LogFile
from imagemill.embedded.run_as import give
from imagemill.embedded.stale_processes import clear_leftovers

# Nothing of the user's own settings (PGDATA, PGOPTIONS, LANG) may reach a server of ours.
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

# The superuser has no password, so that nobody can be him; the services are the owner of a
# database and no more. That matters when we are root, for then the server can read any file.
SUPERUSER: Final = "postgres"
OWNER: Final = "imagemill"
CREATE: Final = """\
CREATE ROLE {owner} LOGIN CREATEDB PASSWORD '{password}';
CREATE DATABASE {owner} OWNER {owner};
"""


async def make_cluster(data: Path, account: str, password: str, log: LogFile) -> None:
    """Make the data folder, with a role and a database `imagemill`.

    It is made beside its place and renamed, so that a folder that is there is always complete.
    Raises EmbeddedError.
    """
    fresh = data.with_name(f"{data.name}.new")
    await clear_leftovers(fresh)
    _make_empty(fresh, account)
    # Killed with us, whatever state that leaves: the next start begins anew.
    tie = Tie(signal.SIGKILL, account, str(fresh))
    await _run(_initdb(fresh), b"", tie, log)
    await _run(
        _single_user(fresh), CREATE.format(owner=OWNER, password=password).encode(), tie, log
    )
    fresh.rename(data)
    _sync(data.parent)


def _make_empty(fresh: Path, account: str) -> None:
    if fresh.exists():  # the last time was interrupted
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    give(fresh, account)


def _initdb(data: Path) -> Sequence[str | Path]:
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


def _single_user(data: Path) -> Sequence[str | Path]:
    return (
        postgres_program("postgres"),
        "--single",
        *("-D", data),
        *("-c", "exit_on_error=on"),
        *("-c", "log_min_error_statement=panic"),  # a statement holds the password
        "postgres",
    )


async def _run(command: Sequence[str | Path], stdin: bytes, tie: Tie, log: LogFile) -> None:
    with log.open() as output:
        child = await ChildProcess.start(command, ENVIRONMENT, tie, stdin=stdin, output=output)
    try:
        ending = await child.wait()
    finally:
        await child.stop(signal.SIGTERM, grace_seconds=5)
    if ending != Ending.of(0):
        raise EmbeddedError(
            f"{Path(command[0]).name} {ending}; its last words,"
            f" from {log.path}:\n{log.last_words()}"
        )


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
