"""As whom the servers run: as ourselves, or as an account without rights when we are root."""

import os
import pwd
import sys
from pathlib import Path
from typing import Final

from imagemill.embedded.errors import EmbeddedError

UNPRIVILEGED: Final = "nobody"
OURSELVES: Final = ""


def server_account() -> str:
    """Return the name of the account to run a server as; empty when it is our own."""
    if os.geteuid() != 0:
        return OURSELVES
    if sys.platform == "darwin":
        raise EmbeddedError(
            "PostgreSQL refuses to run as root: run imagemill up as a plain user on macOS."
        )
    try:
        return pwd.getpwnam(UNPRIVILEGED).pw_name
    except KeyError as error:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and this machine has no account {UNPRIVILEGED}:"
            " run imagemill up as a plain user."
        ) from error


def account_of(folder: Path) -> str:
    """Return as whom to run a server whose folder is there already: its owner, when we are root."""
    owner = folder.stat().st_uid
    if os.geteuid() != 0:
        return OURSELVES
    if owner == 0:
        raise EmbeddedError(
            f"{folder} belongs to root, as whom PostgreSQL refuses to run:"
            f" run chown -R {UNPRIVILEGED} {folder}."
        )
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError as error:
        raise EmbeddedError(
            f"{folder} belongs to account {owner}, which this machine does not know:"
            f" run chown -R {UNPRIVILEGED} {folder}."
        ) from error


def give(folder: Path, account: str) -> None:
    """Let the account own the folder."""
    if account != OURSELVES:
        entry = pwd.getpwnam(account)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
