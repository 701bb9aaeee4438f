"""The step that makes new files part of the storage: they get their names, durably.

They are synced after they have their names, so that a journaling file system needs one transaction
for both. Until that is done nobody knows their keys; after a power cut in between, a file may be
there without its content, and is an orphan like any other (maintenance/janitor.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from imagemill.failpoints import failpoint
from imagemill.storage.local.durable import sync_folder
from imagemill.storage.local.unnamed_file import UnnamedFile


def name_durably(files: Mapping[Path, UnnamedFile], root: Path) -> dict[Path, OSError]:
    """Give each file its path below root, and sync it; each folder is synced once.

    Returns the errors of the files that failed, which are not there.
    """
    errors: dict[Path, OSError] = {}
    for path, file in files.items():
        with _record_errors(errors, [path]):
            file.link(path, root)
    named = [path for path in files if path not in errors]
    failpoint("input.named")
    for path in named:
        with _record_errors(errors, [path]):
            files[path].sync()
    for folder in {path.parent for path in named}:
        with _record_errors(errors, [path for path in named if path.parent == folder]):
            sync_folder(folder)
    failpoint("input.synced")
    for path in named:
        if path in errors:
            with suppress(OSError):
                path.unlink()
    return errors


@contextmanager
def _record_errors(errors: dict[Path, OSError], paths: list[Path]) -> Iterator[None]:
    """Record an error of the block as that of all these paths."""
    try:
        yield
    except OSError as error:
        errors.update(dict.fromkeys(paths, error))
