"""The commands `imagemill keys`: make API keys, show them, revoke them.

Standard output gets what scripts want, a new key and nothing else; standard error gets the words.
"""

import json
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from imagemill.auth.api_key import MAX_NAME_LENGTH, ApiKey, KnownKey, is_valid_name, parse_key_id
from imagemill.auth.api_keys import ApiKeys
from imagemill.errors import Rejected
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import Postgres
from imagemill.settings import Settings

log = structlog.get_logger()

# A command sends one statement after the other.
POOL_SIZE = 1


class KeyCommandRefused(Rejected):
    """The key cannot be made, or is not there to be revoked."""


async def add(settings: Settings, name: str, *, is_admin: bool) -> None:
    """Make a key and print it. Raises KeyCommandRefused, DatabaseUnavailable."""
    if not is_valid_name(name):
        raise KeyCommandRefused(
            f"{name!r} is no name for a key: it must be 1 to {MAX_NAME_LENGTH} characters that can"
            " be read, without spaces around them, and no id."
        )
    key = ApiKey.generate(KeyId(uuid7()), secrets.choice)
    async with _keys(settings) as keys:
        if not await keys.add(key, name, is_admin=is_admin):
            raise KeyCommandRefused(
                f"There is a key {name!r} already: choose another name, or revoke that one first."
            )
    log.info("key.added", key_id=str(key.id), name=name, is_admin=is_admin)
    sys.stdout.write(f"{key}\n")
    _say(
        f"This is the key {name!r}. Keep it: it is not shown again."
        " From now on no request is answered without a key."
    )


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every key, without its secret. Raises DatabaseUnavailable."""
    async with _keys(settings) as keys:
        found = await keys.all()
    if as_json:
        sys.stdout.write(json.dumps({"keys": [_facts(key) for key in found]}, indent=2) + "\n")
    elif found:
        _show(found)
    else:
        _say("There is no key yet: make one with `imagemill keys add NAME`.")


async def revoke(settings: Settings, name_or_id: str) -> None:
    """Let a key be refused from now on. Raises KeyCommandRefused, DatabaseUnavailable."""
    async with _keys(settings) as keys:
        revoked = await keys.revoke(name_or_id)
        known = await keys.all()
    if revoked is None:
        raise KeyCommandRefused(_why_not(name_or_id, known))
    log.info("key.revoked", key_id=str(revoked.id), name=revoked.name)
    _say(f"The key {revoked.name!r} is revoked; its jobs stay, and admins see them.")
    if all(key.revoked_at for key in known):
        _say(
            "It was the last one, and revoked keys count: nobody is let in"
            " until there is another, made with `imagemill keys add NAME`."
        )


def _why_not(name_or_id: str, known: Sequence[KnownKey]) -> str:
    if any(name_or_id == key.name or parse_key_id(name_or_id) == key.id for key in known):
        return f"The key {name_or_id!r} is revoked already."
    return f"There is no key {name_or_id!r}: `imagemill keys list` shows those there are."


@asynccontextmanager
async def _keys(settings: Settings) -> AsyncIterator[ApiKeys]:
    async with Postgres.open(settings.postgres, POOL_SIZE) as postgres:
        yield ApiKeys(postgres)


def _facts(key: KnownKey) -> dict[str, object]:
    return {
        "id": str(key.id),
        "name": key.name,
        "is_admin": key.is_admin,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _show(keys: Sequence[KnownKey]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("name", overflow="fold")
    for heading in ("id", "sees", "made", "revoked"):
        table.add_column(heading, no_wrap=True)
    for key in keys:
        sees = "all jobs" if key.is_admin else "its own"
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        table.add_row(key.name, str(key.id), sees, f"{key.created_at:%Y-%m-%d}", revoked)
    Console(highlight=False, markup=False).print(table)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
