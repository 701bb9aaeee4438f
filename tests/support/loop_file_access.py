"""Runs `imagemill` and reports access to stored files from the event loop on standard error.

Run as `python loop_file_access.py ARGUMENT...`, for `imagemill ARGUMENT...`. The event loop runs
in the main thread, and a disk may stop for seconds: then heartbeats stop too, and other workers
take the jobs.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from imagemill.cli import app

FOUND = "file access on the event loop"
STORAGE = urlsplit(os.environ.get("STORAGE_URL", "")).path

# Python reports these to hooks, with the path as first argument (PEP 578).
REPORTED = frozenset(
    {
        "open",
        "os.link",
        "os.listdir",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.scandir",
        "os.truncate",
        "os.utime",
        "shutil.copyfile",
        "shutil.rmtree",
    }
)
# These it does not report.
UNREPORTED = ("fsync", "lstat", "stat", "statvfs")


def report(name: str, subject: object) -> None:
    if threading.current_thread() is threading.main_thread() and is_stored(subject):
        stack = "".join(traceback.format_stack(limit=12)[:-2])
        sys.stderr.write(f"{FOUND}: {name} {subject!r}\n{stack}\n")


def is_stored(subject: object) -> bool:
    """Whether this is a path in the storage, or a file that is open."""
    if isinstance(subject, int):
        return Path(f"/proc/self/fd/{subject}").readlink().is_relative_to(STORAGE)
    return isinstance(subject, str | os.PathLike) and os.fspath(subject).startswith(STORAGE)


def watch() -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in REPORTED:
            report(event, arguments[0])

    sys.addaudithook(hook)
    for name in UNREPORTED:
        setattr(os, name, wrap(name, getattr(os, name)))


def wrap(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(subject: object, *args: object, **kwargs: object) -> object:
        report(f"os.{name}", subject)
        return function(subject, *args, **kwargs)

    return call


if __name__ == "__main__":
    watch()
    app()
