"""Settings that connect a command to the servers of an `imagemill up`."""

from pathlib import Path

from pydantic import SecretStr

from imagemill.embedded.cluster import OWNER
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.server import HOST
from imagemill.embedded.stack import storage_folder


def read_connection_settings(data: Path) -> dict[str, object]:
    """Return the settings of the servers and the storage in the data folder.

    Raises EmbeddedError when it is no data folder of an `imagemill up`.
    """
    try:
        return {
            "pg_host": HOST,
            "pg_port": int(_read(data / "postgres" / "port")),
            "pg_user": OWNER,
            "pg_password": SecretStr(_read(data / "postgres" / "password")),
            "pg_dbname": OWNER,
            "database_url": SecretStr(""),
            "redis_host": HOST,
            "redis_port": int(_read(data / "valkey" / "port")),
            "redis_password": SecretStr(_read(data / "valkey" / "password")),
            "redis_username": "",
            "redis_url": SecretStr(""),
            "storage_url": storage_folder(data.resolve()).as_uri(),
        }
    except OSError as error:
        raise EmbeddedError(
            f"{data} is not a data folder of `imagemill up`: {error.filename} cannot be read."
        ) from error


def _read(file: Path) -> str:
    return file.read_text(encoding="ascii")
