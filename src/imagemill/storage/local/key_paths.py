"""The files of a key: one, or all outputs of an attempt or a job, whose names begin with it."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from imagemill.storage.keys import ATTEMPT_PARTS, is_output


def find_paths(root: Path, keys: Iterable[str]) -> list[Path]:
    """Return the paths of these keys, of those that may stand for several files as they are found.

    A folder is listed once for all keys in it. Raises OSError.
    """
    paths = []
    starts: dict[Path, list[str]] = defaultdict(list)
    for key in keys:
        path = root / key
        paths.append(path)
        if is_output(key) and path.name.count(".") < ATTEMPT_PARTS:
            starts[path.parent].append(f"{path.name}.")
    for folder, names in starts.items():
        paths += _list_starting(folder, tuple(names))
    return paths


def _list_starting(folder: Path, starts: tuple[str, ...]) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [folder / entry.name for entry in entries if entry.name.startswith(starts)]
    except FileNotFoundError:
        return []
