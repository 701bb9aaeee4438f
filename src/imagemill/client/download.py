"""The file that a response is written to, checked against the digest that the server announces."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO

import httpx

from imagemill.client.errors import DamagedDownload
from imagemill.http_digest import MalformedDigest, parse_digest

Target = str | os.PathLike[str] | IO[bytes]


class Download:
    """Writes the body of a response to a file, as often as it has to be requested."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell() if file.seekable() else 0
        self._written = 0
        self._sha256 = hashlib.sha256()

    def restart(self) -> None:
        """Discard what a try that failed has written. Raises OSError when the file cannot seek."""
        if self._written:
            self._file.seek(self._start)
            self._file.truncate()
        self._written = 0
        self._sha256 = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._sha256.update(chunk)
        self._written += len(chunk)

    def verify(self, response: httpx.Response) -> None:
        """Return if the bytes are those that the server announced. Raises DamagedDownload."""
        try:
            announced = parse_digest(response.headers.get_list("Repr-Digest"))
        except MalformedDigest:
            announced = None
        if announced not in {None, self._sha256.hexdigest()}:
            raise DamagedDownload(
                "The downloaded bytes do not match the digest that the server sent."
            )


@contextmanager
def open_target(target: Target) -> Iterator[IO[bytes]]:
    """Yield the file that is to be written: the one given, or a new one at the path."""
    if isinstance(target, str | os.PathLike):
        with write_atomically(Path(target)) as file:
            yield file
    else:
        yield target


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that is renamed to the path at the end of the block, or deleted on an error.

    Until then it has a temporary name in the same folder, which is made if it is missing: a rename
    is atomic only within one file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".imagemill-{token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
