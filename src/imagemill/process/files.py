"""Local files: paths formatted for a terminal, and atomic writes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO


def format_path(path: Path) -> str:
    """Return the path as printable text; bytes that are no UTF-8 become replacement characters."""
    return escape_unprintable(os.fsencode(path).decode(errors="replace"))


def escape_unprintable(text: str) -> str:
    """Return the text with control characters escaped, which a terminal would interpret."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


@contextmanager
def write_atomically(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that is renamed to the path at the end of the block, or deleted on an error.

    Until then it has a temporary name in the same folder, which is made if it is missing: a rename
    is atomic only within one file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".imagemill-{token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
