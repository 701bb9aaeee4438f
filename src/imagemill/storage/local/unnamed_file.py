"""Files without a name (O_TMPFILE): the kernel deletes them unless they are given one.

So a process that dies leaves nothing behind, and no folder changes until the file has its name.
Where the file system has none of these, the file has a temporary name in the scratch folder.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.storage.local.durable import make_durable_parents
from imagemill.storage.protocol import Content

UNNAMED: Final = getattr(os, "O_TMPFILE", 0)
# A link to it is a link to the file that is open under this number.
OPEN_FILE: Final = "/proc/self/fd/{descriptor}"

CHUNK_BYTES: Final = 1024 * 1024


@dataclass(slots=True, eq=False)
class UnnamedFile:
    """An open file that gets its name with `link`. Its methods block, and raise OSError."""

    descriptor: int
    temporary: Path | None = None
    """Its name until then, where it needs one."""

    def write(self, content: bytes | bytearray) -> None:
        """Append the content, all of it."""
        with memoryview(content) as view:
            written = 0
            while written < len(view):
                written += os.write(self.descriptor, view[written:])

    def link(self, target: Path, root: Path) -> None:
        """Give the file its name; folders below `root` that are missing are created durably."""
        try:
            self._link(target)
        except FileNotFoundError:
            make_durable_parents(target, root)
            self._link(target)

    def sync(self) -> None:
        """Return when the content has reached the disk."""
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Close the file, and delete it unless it has its name."""
        os.close(self.descriptor)
        if self.temporary is not None:
            # On unavailable storage it stays, and is deleted with the scratch folder.
            with suppress(OSError):
                self.temporary.unlink()

    def _link(self, target: Path) -> None:
        if self.temporary is None:
            # The descriptor of a folder makes Python call linkat(2), which can follow the link.
            own = OPEN_FILE.format(descriptor=self.descriptor)
            os.link(own, target, src_dir_fd=self.descriptor, follow_symlinks=True)
        else:
            self.temporary.rename(target)
            self.temporary = None


class UnnamedFiles:
    """Creates unnamed files on the file system of `folder`, or temporary ones at `new_path()`."""

    def __init__(self, folder: Path, new_path: Callable[[], Path]) -> None:
        self._folder = folder
        self._new_path = new_path
        self._are_supported: bool | None = None

    def create(self) -> UnnamedFile:
        """Create an empty file. Raises OSError."""
        if self._supports_unnamed():
            return UnnamedFile(os.open(self._folder, UNNAMED | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        temporary = self._new_path()
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        return UnnamedFile(os.open(temporary, flags, 0o666), temporary)

    def create_from(self, content: Content) -> UnnamedFile:
        """Create a file with this content. Raises OSError.

        A file without a name is not copied where it can be given one.
        """
        if isinstance(content, int) and self._can_name(content):
            return UnnamedFile(os.dup(content))
        file = self.create()
        try:
            for chunk in [content] if isinstance(content, bytes) else _read_chunks(content):
                file.write(chunk)
        except OSError:
            file.close()
            raise
        return file

    def _can_name(self, descriptor: int) -> bool:
        is_here = os.fstat(descriptor).st_dev == self._folder.stat().st_dev
        return is_here and self._supports_unnamed()

    def _supports_unnamed(self) -> bool:
        if self._are_supported is None:
            self._are_supported = self._check_support()
        return self._are_supported

    def _check_support(self) -> bool:
        """Return whether a file can be created without a name here, and named afterwards.

        Raises OSError if the storage is unavailable.
        """
        probe = self._new_path()
        if not UNNAMED:
            return False
        try:
            file = UnnamedFile(os.open(self._folder, UNNAMED | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except OSError:
            return False
        try:
            file.link(probe, probe.parent)
        except OSError:
            return False
        finally:
            file.close()
        probe.unlink()
        return True


def _read_chunks(descriptor: int) -> Iterator[bytes]:
    at = 0
    while chunk := os.pread(descriptor, CHUNK_BYTES, at):
        yield chunk
        at += len(chunk)
