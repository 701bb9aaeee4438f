"""Publication of outputs: those of jobs that finish together share a thread and syncs."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from imagemill.batcher import Batcher
from imagemill.blocking import run_in_thread, wait_despite_cancel
from imagemill.storage.errors import (
    StorageUnavailable,
    to_storage_error,
    translate_os_errors,
)
from imagemill.storage.local.naming import OUTPUTS, name_durably
from imagemill.storage.local.unnamed_file import UnnamedFile, UnnamedFiles
from imagemill.storage.protocol import Content

MAX_BATCH: Final = 16
# As for uploads (small_files.py).
MAX_THREADS: Final = 2

# The files of one job.
Files = Mapping[Path, Content]


class Publisher:
    """Publishes outputs below `root`, in batches."""

    def __init__(self, root: Path, unnamed_files: UnnamedFiles) -> None:
        self._root = root
        self._unnamed_files = unnamed_files
        self._batcher: Batcher[Files, None] = Batcher(
            self._publish_batch, max_size=MAX_BATCH, max_batches=MAX_THREADS
        )

    async def publish(self, files: Files) -> None:
        """Return once all files of a job are durable. Raises StorageFull, StorageUnavailable.

        A caller that is canceled waits for the end, so that no file appears later.
        """
        with translate_os_errors():  # a time-out is one
            await wait_despite_cancel(asyncio.ensure_future(self._batcher.submit(files)))

    async def _publish_batch(self, jobs: Sequence[Files]) -> list[StorageUnavailable | None]:
        return await run_in_thread(self._publish_all, jobs)

    def _publish_all(self, jobs: Sequence[Files]) -> list[StorageUnavailable | None]:
        """Publish the files; return None for each job whose files are durable, else its error."""
        with ExitStack() as opened:
            written = [self._write(files, opened) for files in jobs]
            to_name = {
                file: path
                for files in written
                if not isinstance(files, OSError)
                for path, file in files.items()
            }
            errors = name_durably(to_name, self._root, OUTPUTS)
        return [_conclude(files, errors) for files in written]

    def _write(self, files: Files, opened: ExitStack) -> Mapping[Path, UnnamedFile] | OSError:
        """Write the files of a job, which have no names yet; return them, or an error."""
        written = {}
        try:
            for path, content in files.items():
                written[path] = self._unnamed_files.create_from(content)
                opened.callback(written[path].close)
        except OSError as error:
            return error
        return written


def _conclude(
    files: Mapping[Path, UnnamedFile] | OSError, errors: Mapping[UnnamedFile, OSError]
) -> StorageUnavailable | None:
    """Return the error of a job, if any; no file of it stays then."""
    if isinstance(files, OSError):
        return to_storage_error(files)
    failed = [errors[file] for file in files.values() if file in errors]
    if not failed:
        return None
    for path, file in files.items():
        if file not in errors:
            with suppress(OSError):
                path.unlink()
    return to_storage_error(failed[0])
