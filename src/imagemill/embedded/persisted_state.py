"""What a server keeps between runs, so that its address stays the same: password and port."""

import os
import secrets
from pathlib import Path

from imagemill.embedded.ports import free_port, is_free


def keep_password(file: Path) -> str:
    """Return the password in the file; the first time, make one and write it there."""
    if not file.exists():
        _write(file, secrets.token_urlsafe(24))
    return file.read_text(encoding="ascii")


def keep_port(file: Path) -> int:
    """Return the port in the file while it is free, else a free one, which is kept from then on."""
    port = _read_port(file)
    if port is None or not is_free("127.0.0.1", port):
        port = free_port()
        _write(file, str(port))
    return port


def _read_port(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _write(file: Path, text: str) -> None:
    """Write the file so that it is there wholly or not at all, and for our eyes only."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(file)
