"""The storage backends that the shared suite runs against, and what a test can do to each."""

import errno
import os
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from imagemill.storage.local.local_storage import LocalStorage
from imagemill.storage.protocol import Storage


class Backend(Protocol):
    """A place for one storage, empty at first, that may be opened any number of times."""

    def open(self, reserve_bytes: int = 0) -> AbstractAsyncContextManager[Storage]: ...

    def make_unavailable(self) -> None:
        """Let every operation fail from now on."""

    def make_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every write fail for lack of room from now on."""

    def leave_unfinished(self, content: bytes) -> str:
        """Leave an unfinished file of an unknown process; return its key."""

    def count_files(self) -> int:
        """Return how many files exist, finished or not."""


@dataclass(frozen=True, slots=True)
class LocalBackend:
    root: Path

    def open(self, reserve_bytes: int = 0) -> AbstractAsyncContextManager[Storage]:
        return LocalStorage.open(self.root, reserve_bytes)

    def make_unavailable(self) -> None:
        self.root.rename(self.root.with_name("unmounted"))
        self.root.touch()

    def make_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", fail)

    def leave_unfinished(self, content: bytes) -> str:
        (self.root / "tmp" / "upload.part").write_bytes(content)
        return "tmp/upload.part"

    def count_files(self) -> int:
        return sum(path.is_file() for path in self.root.rglob("*"))


BACKENDS = {"local": LocalBackend}
