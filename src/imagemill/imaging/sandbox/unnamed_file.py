"""Files without a name: they vanish with the last descriptor of them, however a process ends."""

import errno
import os
from pathlib import Path
from typing import Final
from uuid import uuid4

FLAGS: Final = os.O_RDWR | os.O_CLOEXEC
MODE: Final = 0o666  # less the umask, as for any new file

# What file systems and kernels answer that know no such files.
UNSUPPORTED: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})


def create_unnamed_file(folder: Path) -> int:
    """Return the descriptor of a new, empty file on the folder's file system. Raises OSError."""
    if hasattr(os, "O_TMPFILE"):
        try:
            return os.open(folder, FLAGS | os.O_TMPFILE, MODE)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
    path = folder / f"{uuid4()}.part"
    descriptor = os.open(path, FLAGS | os.O_CREAT | os.O_EXCL, MODE)
    path.unlink()
    return descriptor
