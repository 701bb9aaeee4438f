"""Names of files as clients see them. They never become paths: see storage/keys.py."""

import re
import unicodedata
from typing import Final

MAX_FILENAME_BYTES: Final = 255
SEPARATORS: Final = re.compile(r"[/\\]")


def clean_filename(name: str | None) -> str | None:
    """Return the last segment of the name without control characters, or None if nothing is left.

    Cut to 255 bytes of UTF-8, between characters.
    """
    if name is None:
        return None
    segment = SEPARATORS.split(name)[-1]
    printable = "".join(c for c in segment if unicodedata.category(c) != "Cc").strip()
    cut = printable.encode("utf-8", "replace")[:MAX_FILENAME_BYTES].decode("utf-8", "ignore")
    return None if cut in {"", ".", ".."} else cut


def stem(name: str) -> str:
    """Return the name without its last extension."""
    return name.rpartition(".")[0] or name
