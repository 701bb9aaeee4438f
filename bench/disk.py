"""How long this disk takes for the syncs that one job waits for, and nothing else."""

import os
import time
from pathlib import Path
from typing import Final

COMMITS: Final = 3  # the job is inserted, claimed, finished
WAL_RECORD: Final = b"\0" * 2048


def time_syncs(folder: Path, content: bytes, count: int) -> list[float]:
    """Return the seconds of each of several chains of syncs.

    Input and output are written, synced and named, and their folders synced; between them the log
    of PostgreSQL is synced at each commit.
    """
    durations = []
    with (folder / "wal").open("wb", buffering=0) as log:
        log.write(b"\0" * (1 << 20))  # PostgreSQL's segments have their full size from the start
        os.fsync(log.fileno())
        log.seek(0)
        for number in range(count):
            began = time.perf_counter()
            for kind in ("input", "output"):
                _store(folder / f"{kind}{number}", content)
            for _ in range(COMMITS):
                log.write(WAL_RECORD)
                os.fdatasync(log.fileno())
            durations.append(time.perf_counter() - began)
            log.seek(0)
    return durations


def _store(file: Path, content: bytes) -> None:
    unnamed = file.with_suffix(".new")
    with unnamed.open("wb", buffering=0) as opened:
        opened.write(content)
        os.fsync(opened.fileno())
    unnamed.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
