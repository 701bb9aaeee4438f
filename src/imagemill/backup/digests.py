"""The list of a backup's files with their SHA-256, and its verification.

Its lines are those of `sha256sum`: the digest, two spaces, and the path within the backup.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from imagemill.backup.errors import BackupRejected
from imagemill.backup.layout import FILES, SUMS, Manifest, table_path

CHUNK_BYTES: Final = 1024 * 1024
DIGEST_LENGTH: Final = 64
MAX_NAMED: Final = 3


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def format_sum(path: str, sha256: str) -> str:
    return f"{sha256}  {path}\n"


def read_sums(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the digest of each file. Raises BackupRejected, OSError."""
    with (folder / SUMS).open(encoding="utf-8") as lines:
        for line in lines:
            sha256, path = line[:DIGEST_LENGTH], line[DIGEST_LENGTH + 2 :].removesuffix("\n")
            parts = Path(path).parts
            # The list may come from anywhere: no path may lead out of the backup, or the storage.
            if len(parts) < 2 or parts[0] == "/" or ".." in parts:  # noqa: PLR2004 - a folder, a name
                raise BackupRejected(f"{folder / SUMS} is damaged: {line!r}.")
            yield path, sha256


def read_stored_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the key and the digest of each file of the storage. Raises BackupRejected, OSError."""
    for path, sha256 in read_sums(folder):
        if path.startswith(f"{FILES}/"):
            yield path.removeprefix(f"{FILES}/"), sha256


def verify(folder: Path, manifest: Manifest) -> None:
    """Read every file of the backup and compare it. Raises BackupRejected if any has changed."""
    expected = {table_path(name) for name in manifest.tables}
    faults = []
    try:
        if file_sha256(folder / SUMS) != manifest.sums_sha256:
            raise BackupRejected(f"{folder / SUMS} has changed since the backup was made.")
        for path, sha256 in read_sums(folder):
            expected.discard(path)
            if not _is_intact(folder / path, sha256):
                faults.append(path)
    except OSError as error:
        raise BackupRejected(f"{folder / SUMS} cannot be read: {error.strerror}.") from error
    faults += sorted(expected)
    if faults:
        others = f" and {len(faults) - MAX_NAMED} more" if len(faults) > MAX_NAMED else ""
        raise BackupRejected(
            f"The backup {folder} is damaged: {', '.join(faults[:MAX_NAMED])}{others} are missing"
            " or have changed."
        )


def _is_intact(path: Path, sha256: str) -> bool:
    try:
        return file_sha256(path) == sha256
    except OSError:
        return False
