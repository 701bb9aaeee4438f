"""The commands `imagemill keys`: add, list and revoke API keys.

A new key and listings go to standard output, for scripts; messages go to standard error.
"""

import json
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from imagemill.auth.api_key import MAX_NAME_LENGTH, ApiKey, StoredKey, is_valid_name, parse_key_id
from imagemill.auth.api_keys import ApiKeys
from imagemill.errors import Rejected
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import Postgres
from imagemill.settings import Settings

log = structlog.get_logger()

# A command runs one statement after the other.
POOL_SIZE: Final = 1
# Without a terminal, a key stays on one line.
UNLIMITED_WIDTH: Final = 400


class KeyCommandRejected(Rejected):
    """The key cannot be added, or there is no such key to revoke."""


async def add(
    settings: Settings, name: str, *, is_admin: bool, is_metrics_only: bool = False
) -> None:
    """Add a key and print it. Raises KeyCommandRejected, DatabaseUnavailable."""
    if is_admin and is_metrics_only:
        raise KeyCommandRejected("A key is an admin's or for metrics: give one of the options.")
    if not is_valid_name(name):
        raise KeyCommandRejected(
            f"{name!r} cannot be the name of a key: a name has 1 to {MAX_NAME_LENGTH} printable"
            " characters, no spaces at its ends, and is not an id."
        )
    key = ApiKey.generate(KeyId(uuid7()), secrets.choice)
    async with _keys(settings) as keys:
        if not await keys.add(key, name, is_admin=is_admin, is_metrics_only=is_metrics_only):
            raise KeyCommandRejected(
                f"There is already a key {name!r}: choose another name, or revoke that key first."
            )
    log.info("key.added", key_id=str(key.id), name=name, is_admin=is_admin)
    sys.stdout.write(f"{key}\n")
    _print_message(
        f"Keep the key {name!r} in a safe place: it is not shown again."
        " From now on every request needs a key."
    )


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every key, without its secret. Raises DatabaseUnavailable."""
    async with _keys(settings) as keys:
        found = await keys.list()
    if as_json:
        sys.stdout.write(json.dumps({"keys": [_to_dict(key) for key in found]}, indent=2) + "\n")
    elif found:
        _print_table(found)
    else:
        _print_message("There is no key yet: add one with `imagemill keys add NAME`.")


async def revoke(settings: Settings, name_or_id: str) -> None:
    """Revoke a key. Raises KeyCommandRejected, DatabaseUnavailable."""
    async with _keys(settings) as keys:
        revoked = await keys.revoke(name_or_id)
        known = await keys.list()
    if revoked is None:
        raise KeyCommandRejected(_explain_rejection(name_or_id, known))
    log.info("key.revoked", key_id=str(revoked.id), name=revoked.name)
    _print_message(
        f"The key {revoked.name!r} is revoked. Its jobs are kept, and admin keys can access them."
    )
    if all(key.revoked_at for key in known):
        _print_message(
            "It was the last key. Requests still need one, and all are rejected"
            " until you add another with `imagemill keys add NAME`."
        )


def _explain_rejection(name_or_id: str, known: Sequence[StoredKey]) -> str:
    if any(name_or_id == key.name or parse_key_id(name_or_id) == key.id for key in known):
        return f"The key {name_or_id!r} is already revoked."
    return f"There is no key {name_or_id!r}: `imagemill keys list` shows all keys."


@asynccontextmanager
async def _keys(settings: Settings) -> AsyncIterator[ApiKeys]:
    async with Postgres.open(settings.postgres, POOL_SIZE) as postgres:
        yield ApiKeys(postgres)


def _to_dict(key: StoredKey) -> dict[str, object]:
    return {
        "id": str(key.id),
        "name": key.name,
        "is_admin": key.is_admin,
        "is_metrics_only": key.is_metrics_only,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _print_table(keys: Sequence[StoredKey]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("name", overflow="fold")
    for heading in ("id", "access", "created", "revoked"):
        table.add_column(heading, no_wrap=True)
    for key in keys:
        access = _describe_access(key)
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        table.add_row(key.name, str(key.id), access, f"{key.created_at:%Y-%m-%d}", revoked)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = UNLIMITED_WIDTH
    console.print(table)


def _describe_access(key: StoredKey) -> str:
    if key.is_metrics_only:
        return "metrics"
    return "all jobs" if key.is_admin else "own jobs"


def _print_message(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
