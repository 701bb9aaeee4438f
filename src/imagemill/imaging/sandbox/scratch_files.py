"""Scratch files: what an image process writes outputs to, and how its parent takes them.

They have no names, belong to one image process, and serve one of its jobs after the other. A
process that was taken over keeps its descriptors and may write to them at any time; so what it
wrote is never published, only a copy of it, which its parent made, measured and hashed.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from imagemill.blocking import run_in_thread
from imagemill.imaging.errors import DecoderCrashed, ScratchFull
from imagemill.imaging.sandbox.unnamed_file import create_unnamed_file

CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of an output: the descriptor of a file without a name, and its SHA-256 in hex."""

    descriptor: int
    sha256: str


@dataclass(slots=True)
class ScratchFiles:
    """The scratch files of one image process, below `folder`. Methods raise ScratchFull."""

    folder: Path
    _files: list[int] = field(default_factory=list)

    async def prepare(self, count: int) -> Sequence[int]:
        """Return the descriptors of so many empty files."""
        if len(self._files) < count:
            await run_in_thread(self._create, count)
        return self._files[:count]

    async def copy(self, index: int, size: int) -> Copy:
        """Copy an output of this size.

        Raises DecoderCrashed unless it has it. The caller closes the copy.
        """
        return await run_in_thread(self._copy, self._files[index], size)

    async def clear(self) -> None:
        """Empty all files."""
        try:
            if any(os.fstat(file).st_size for file in self._files):
                await run_in_thread(self._truncate)
        except OSError as error:
            raise _scratch_full(error) from error

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files.clear()

    def _create(self, count: int) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while len(self._files) < count:
                self._files.append(create_unnamed_file(self.folder))
        except OSError as error:
            raise _scratch_full(error) from error

    def _truncate(self) -> None:
        for file in self._files:
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)

    def _copy(self, file: int, size: int) -> Copy:
        try:
            descriptor = create_unnamed_file(self.folder)
        except OSError as error:
            raise _scratch_full(error) from error
        try:
            return Copy(descriptor, _copy_bytes(file, descriptor, size))
        except OSError as error:
            os.close(descriptor)
            raise _scratch_full(error) from error
        except DecoderCrashed:
            os.close(descriptor)
            raise


def _copy_bytes(source: int, target: int, size: int) -> str:
    """Copy a file of this size and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    at = 0
    while chunk := os.pread(source, CHUNK_BYTES, at):
        at += len(chunk)
        if at > size:
            break
        digest.update(chunk)
        with memoryview(chunk) as rest:
            written = 0
            while written < len(chunk):
                written += os.write(target, rest[written:])
    if at != size:
        raise DecoderCrashed("The decoder wrote another number of bytes than it reported.")
    return digest.hexdigest()


def _scratch_full(error: OSError) -> ScratchFull:
    return ScratchFull(f"The disk for outputs failed: {error.strerror}.")
