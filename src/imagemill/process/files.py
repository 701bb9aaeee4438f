"""Files on this machine: their names as people can read them, and how a new one appears."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO


def shown(path: Path) -> str:
    """Return the path for people to read, whatever bytes its names are made of."""
    return printable(os.fsencode(path).decode(errors="replace"))


def printable(text: str) -> str:
    """Return the text with an escape for what a terminal would not show but obey."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that gets its name when the block is left; an error in it leaves nothing.

    It lies in the same folder meanwhile, made if it is missing, since a rename is only at once
    within one file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".imagemill-{token_hex(8)}.part")
    try:
        with unfinished.open("xb") as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
