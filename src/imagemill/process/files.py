"""Paths of local files, formatted for a terminal."""

import os
from pathlib import Path


def format_path(path: Path) -> str:
    """Return the path as printable text; bytes that are no UTF-8 become replacement characters."""
    return escape_unprintable(os.fsencode(path).decode(errors="replace"))


def escape_unprintable(text: str) -> str:
    """Return the text with control characters escaped, which a terminal would interpret."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
