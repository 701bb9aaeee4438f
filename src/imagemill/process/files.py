"""Paths of local files, formatted for a terminal."""

import os
from pathlib import Path

from imagemill.formatting import escape_unprintable


def format_path(path: Path) -> str:
    """Return the path as printable text; bytes that are no UTF-8 become replacement characters."""
    return escape_unprintable(os.fsencode(path).decode(errors="replace"))
