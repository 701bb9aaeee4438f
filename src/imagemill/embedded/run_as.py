"""The user that servers run as: this process' own, or an unprivileged one if that is root."""

import os
import pwd
import sys
from pathlib import Path
from typing import Final

from imagemill.embedded.errors import EmbeddedError

UNPRIVILEGED_USER: Final = "nobody"
CURRENT_USER: Final = ""


def server_user() -> str:
    """Return the user to run a server as; empty for the current one. Raises EmbeddedError."""
    if os.geteuid() != 0:
        return CURRENT_USER
    if sys.platform == "darwin":
        raise EmbeddedError(
            "PostgreSQL refuses to run as root: run imagemill as an unprivileged user on macOS."
        )
    try:
        return pwd.getpwnam(UNPRIVILEGED_USER).pw_name
    except KeyError as error:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and this machine has no user {UNPRIVILEGED_USER}:"
            " run imagemill as an unprivileged user."
        ) from error


def owner_of(folder: Path) -> str:
    """Return the user to run a server on an existing folder as: the folder's owner, if root.

    Raises EmbeddedError.
    """
    owner = folder.stat().st_uid
    if os.geteuid() != 0:
        return CURRENT_USER
    if owner == 0:
        raise EmbeddedError(
            f"{folder} belongs to root, and PostgreSQL refuses to run as root:"
            f" run chown -R {UNPRIVILEGED_USER} {folder}."
        )
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError as error:
        raise EmbeddedError(
            f"{folder} belongs to user id {owner}, which is unknown on this machine:"
            f" run chown -R {UNPRIVILEGED_USER} {folder}."
        ) from error


def chown(folder: Path, user: str) -> None:
    """Make the user the owner of the folder."""
    if user != CURRENT_USER:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
