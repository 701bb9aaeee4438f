"""Password and port of a server, persisted so that its address stays the same over runs."""

import os
import secrets
from pathlib import Path

from imagemill.embedded.ports import find_free_port, is_free


def load_or_create_password(file: Path) -> str:
    """Return the password in the file; create both if there is no file."""
    if not file.exists():
        _write(file, secrets.token_urlsafe(24))
    return file.read_text(encoding="ascii")


def load_or_choose_port(file: Path) -> int:
    """Return the port in the file if it is free, else another one, which is written to the file."""
    port = _read_port(file)
    if port is None or not is_free("127.0.0.1", port):
        port = find_free_port()
        _write(file, str(port))
    return port


def _read_port(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _write(file: Path, text: str) -> None:
    """Write the file atomically, readable by this user only."""
    new_file = file.with_name(f"{file.name}.new")
    new_file.unlink(missing_ok=True)
    with os.fdopen(os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    new_file.replace(file)
