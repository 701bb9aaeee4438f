"""Small files that show what the disk does: whether it can be written, and what its clock says."""

from datetime import UTC, datetime
from pathlib import Path

from imagemill.storage.local.durable import sync_file


def write_probe(path: Path) -> None:
    """Write, sync and delete a new file. Raises OSError."""
    try:
        path.write_bytes(b"imagemill")
        sync_file(path)
    finally:
        path.unlink(missing_ok=True)


def read_clock(path: Path) -> datetime:
    """Return the time in UTC that the file system sets on a new file, maybe another machine's.

    Raises OSError.
    """
    try:
        path.touch()
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    finally:
        path.unlink(missing_ok=True)
