"""Where the servers of an `imagemill up` are, for a command that is run beside it."""

from pathlib import Path

from pydantic import SecretStr

from imagemill.embedded.cluster import OWNER
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.server import HOST
from imagemill.embedded.stack import storage_in


def whereabouts(data: Path) -> dict[str, object]:
    """Return the settings that lead to the servers and the storage on the folder.

    Raises EmbeddedError when nothing was ever run on it.
    """
    try:
        return {
            "pg_host": HOST,
            "pg_port": int(_kept(data / "postgres" / "port")),
            "pg_user": OWNER,
            "pg_password": SecretStr(_kept(data / "postgres" / "password")),
            "pg_dbname": OWNER,
            "redis_host": HOST,
            "redis_port": int(_kept(data / "valkey" / "port")),
            "redis_password": SecretStr(_kept(data / "valkey" / "password")),
            "storage_url": storage_in(data.resolve()).as_uri(),
        }
    except OSError as error:
        raise EmbeddedError(
            f"{data} is no folder of an `imagemill up`: {error.filename} cannot be read."
        ) from error


def _kept(file: Path) -> str:
    return file.read_text(encoding="ascii")
