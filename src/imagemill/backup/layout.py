"""The folder of a backup: where its parts are, and the manifest that describes them.

    manifest.json        what the backup has, and the digest of SHA256SUMS
    SHA256SUMS           a line for each file below; `sha256sum --check` reads it, too
    tables/jobs.copy.gz  the rows of a table, in PostgreSQL's text format of COPY
    files/inputs/...     what the storage has under the key inputs/...

A backup in progress is a folder `NAME.partial`; the rename to `NAME` is its last step.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from imagemill.backup.errors import BackupRejected
from imagemill.formatting import format_sentence

FORMAT: Final = 1

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
TABLES: Final = "tables"
FILES: Final = "files"
PARTIAL_SUFFIX: Final = ".partial"


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table: its columns in the order of the copied rows, and how many rows there are."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup has. `bytes` are those of `files` files of the storage.

    `schema` is the number of the last migration. `deleted_jobs` were deleted while the backup was
    made, after their rows were read: their files may be missing, and they are not restored.
    `damaged` are the keys of files that were missing from the storage, or differed from their rows.
    """

    imagemill: str
    created_at: str
    schema: str
    tables: Mapping[str, TableFacts]
    files: int
    bytes: int
    deleted_jobs: tuple[str, ...]
    damaged: tuple[str, ...]
    sums_sha256: str


def table_path(name: str) -> str:
    """Return the path of a table's rows within the backup."""
    return f"{TABLES}/{name}.copy.gz"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    text = json.dumps({"format": FORMAT} | asdict(manifest), indent=2)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest. Raises BackupRejected if the folder is no backup that we can read."""
    try:
        fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BackupRejected(f"{folder} is not a backup: it has no {MANIFEST}.") from error
    except (OSError, ValueError) as error:
        raise BackupRejected(
            format_sentence(f"{folder / MANIFEST} cannot be read: {error}")
        ) from error
    try:
        return _parse(folder, fields)
    except (AttributeError, KeyError, TypeError) as error:
        raise BackupRejected(f"{folder / MANIFEST} is damaged.") from error


def _parse(folder: Path, fields: dict[str, Any]) -> Manifest:
    """Return the manifest. Raises BackupRejected, and KeyError or TypeError for other fields."""
    if fields.pop("format", None) != FORMAT:
        raise BackupRejected(
            f"{folder} is a backup of another format: use the imagemill that made it,"
            f" version {fields.get('imagemill', 'unknown')}."
        )
    tables = {
        name: TableFacts(tuple(table["columns"]), table["rows"])
        for name, table in fields.pop("tables").items()
    }
    fields |= {name: tuple(fields[name]) for name in ("deleted_jobs", "damaged")}
    return Manifest(tables=tables, **fields)
