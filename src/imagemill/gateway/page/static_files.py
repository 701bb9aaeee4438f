"""The files of the pages, read once and held in memory: together they have less than 150 KB."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).with_name("static")
MEDIA_TYPES: Final = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, its media type and its strong entity tag (RFC 9110, 8.8.3)."""

    content: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "StaticFile":
        return cls(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@cache
def load_files() -> Mapping[str, StaticFile]:
    """Return the files by their paths below `static/`. Those of other kinds are not served."""
    return {
        path.relative_to(FOLDER).as_posix(): StaticFile.of(
            path.read_bytes(), MEDIA_TYPES[path.suffix]
        )
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }
