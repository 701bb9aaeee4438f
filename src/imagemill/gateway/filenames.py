"""File names from clients and for clients. They never become paths: see storage/keys.py."""

import re
import unicodedata
from typing import Final

MAX_FILENAME_BYTES: Final = 255
SEPARATORS: Final = re.compile(r"[/\\]")


def clean_filename(name: str | None) -> str | None:
    """Return the last path segment of the name without control characters; None if it is empty.

    Truncated to 255 bytes of UTF-8, at a character boundary.
    """
    if name is None:
        return None
    segment = SEPARATORS.split(name)[-1]
    without_controls = "".join(c for c in segment if unicodedata.category(c) != "Cc").strip()
    truncated = without_controls.encode("utf-8", "replace")[:MAX_FILENAME_BYTES].decode(
        "utf-8", "ignore"
    )
    return None if truncated in {"", ".", ".."} else truncated


def stem(name: str) -> str:
    """Return the name without its last extension."""
    return name.rpartition(".")[0] or name
