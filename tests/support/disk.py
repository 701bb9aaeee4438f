"""A tmpfs small enough for a test to fill."""

import errno
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

BLOCK_BYTES = 4096


@contextmanager
def small_disk(mount: Path, size_bytes: int, inodes: int) -> Iterator[Path]:
    """Mount a disk in memory there while the block runs; skip the test where that is forbidden."""
    mount.mkdir()
    options = f"size={size_bytes},nr_inodes={inodes},mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mount)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk of its own may be mounted by root alone")
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=True)  # noqa: S607 - of the system


@contextmanager
def filled(disk: Path, spare_bytes: int = 0) -> Iterator[None]:
    """Take all room but this much while the block runs."""
    filler = disk / f"filler-{uuid4()}"
    with filler.open("wb", buffering=0) as file:
        _until_full(lambda: file.write(bytes(BLOCK_BYTES)))
        file.truncate(file.tell() - spare_bytes)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def without_inodes(disk: Path, spare: int = 0) -> Iterator[None]:
    """Take all inodes but so many while the block runs: there is room, but for no further file."""
    fillers = (disk / f"inode-{number}" for number in count())
    _until_full(lambda: next(fillers).touch())
    taken = list(disk.glob("inode-*"))
    for filler in taken[:spare]:
        filler.unlink()
    try:
        yield
    finally:
        for filler in taken[spare:]:
            filler.unlink()


def _until_full(write: Callable[[], object]) -> None:
    try:
        while True:
            write()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
