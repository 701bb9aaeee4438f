"""The step that makes new files part of the storage: they get their names, durably.

They are synced after they have their names, so that a journaling file system needs one transaction
for both. Until that is done nobody knows their keys; after a power cut in between, a file may be
there without its content, and is an orphan like any other (maintenance/janitor.py).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.failpoints import failpoint
from imagemill.storage.local.durable import sync_folder
from imagemill.storage.local.unnamed_file import UnnamedFile


@dataclass(frozen=True, slots=True)
class Failpoints:
    """The failpoints between the two steps and after them."""

    named: Callable[[], None]
    synced: Callable[[], None]


INPUT: Final = Failpoints(lambda: failpoint("input.named"), lambda: failpoint("input.synced"))
OUTPUTS: Final = Failpoints(lambda: failpoint("outputs.named"), lambda: failpoint("outputs.synced"))


def name_durably(
    files: Mapping[UnnamedFile, Path], root: Path, failpoints: Failpoints
) -> dict[UnnamedFile, OSError]:
    """Give each file its path below root, and sync it; each folder is synced once.

    Returns the errors of the files that failed, which are not there.
    """
    errors: dict[UnnamedFile, OSError] = {}
    folders: dict[Path, list[UnnamedFile]] = {}
    for file, path in files.items():
        with _record_errors(errors, [file]):
            file.link(path, root)
            folders.setdefault(path.parent, []).append(file)
    failpoints.named()
    for folder, named in folders.items():
        for file in named:
            with _record_errors(errors, [file]):
                file.sync()
        with _record_errors(errors, named):
            sync_folder(folder)
    failpoints.synced()
    for file in errors.keys() & {file for named in folders.values() for file in named}:
        with suppress(OSError):
            files[file].unlink()
    return errors


@contextmanager
def _record_errors(errors: dict[UnnamedFile, OSError], files: list[UnnamedFile]) -> Iterator[None]:
    """Record an error of the block as that of all these files."""
    try:
        yield
    except OSError as error:
        errors.update(dict.fromkeys(files, error))
