"""Publication of a scratch folder: its files are durable first and then visible, all at once."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from imagemill.failpoints import failpoint
from imagemill.storage.errors import NotAFile
from imagemill.storage.local.durable import make_durable_parents, sync_file, sync_folder


def publish_folder(folder: Path, target: Path, names: Collection[str], root: Path) -> None:
    """Rename the folder, with these files and no others, to the target below root.

    Raises OSError, and NotAFile if a name is not that of a plain file.
    """
    _remove_others(folder, names)
    for name in names:
        sync_file(folder / name)
    sync_folder(folder)
    make_durable_parents(target, root)
    failpoint("outputs.synced")
    folder.rename(target)
    failpoint("outputs.named")
    sync_folder(target.parent)


def _remove_others(folder: Path, names: Collection[str]) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name not in names:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry)
                else:
                    Path(entry).unlink()
            elif not entry.is_file(follow_symlinks=False):
                raise NotAFile(f"The output {entry.name} is not a plain file.")
