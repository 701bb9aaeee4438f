"""The storage backends that the shared suite runs against, and what a test can do to each."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imagemill.storage.local.local_storage import LocalStorage
from imagemill.storage.protocol import Storage


class Backend(Protocol):
    """A place for one storage, empty at first, that may be opened any number of times."""

    def open(self, reserve_bytes: int = 0) -> AbstractAsyncContextManager[Storage]: ...

    def make_unavailable(self) -> None:
        """Let every operation fail from now on."""

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

    def leave_unfinished(self, content: bytes) -> str:
        (self.root / "tmp" / "upload.part").write_bytes(content)
        return "tmp/upload.part"

    def count_files(self) -> int:
        return sum(path.is_file() for path in self.root.rglob("*"))


BACKENDS = {"local": LocalBackend}
