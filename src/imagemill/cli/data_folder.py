"""The data folder of an `imagemill up` that a command is about."""

import os
import re
from pathlib import Path
from typing import Final

# Where `imagemill up` keeps its data unless it is told otherwise.
DEFAULT_DATA: Final = Path(".imagemill")
# Variables that name servers, or a storage, of a user's own.
SERVERS: Final = re.compile(
    r"PG_(HOST|PORT|USER|PASSWORD|PASSWORD_FILE|DBNAME)|REDIS_(HOST|PORT)|STORAGE_URL"
    r"|(DATABASE|REDIS)_URL(_FILE)?"
)


def find_data(data: Path | None) -> Path | None:
    """Return the data folder that a command is about; None: the servers of the environment.

    Where none was given it is `./.imagemill`, if that is one and the environment names no server.
    """
    if data is not None:
        return data
    names_servers = any(value and SERVERS.fullmatch(name) for name, value in os.environ.items())
    return DEFAULT_DATA if not names_servers and (DEFAULT_DATA / "postgres").is_dir() else None
