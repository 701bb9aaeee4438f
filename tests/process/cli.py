"""The command as the process it is in use."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Run:
    """One run of `imagemill process`, ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.out, self.err = process.communicate(timeout=120)
        self.status = process.returncode

    def json_by_name(self) -> dict[str, Json]:
        """Return the lines of JSON by the names of the inputs."""
        lines = [json.loads(line) for line in self.out.splitlines()]
        return {Path(line["input"]).name: line for line in lines}


def start(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    by: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start the command, by way of another one that starts what follows it, if any is given."""
    return subprocess.Popen(
        [*by, sys.executable, "-m", "imagemill", "process", *map(str, arguments)],
        env={"PATH": os.environ["PATH"], **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def process(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    by: Sequence[str] = (),
) -> Run:
    return Run(start(*arguments, environment=environment, by=by))


def interrupt(process: subprocess.Popen[str], which: signal.Signals = signal.SIGINT) -> Run:
    process.send_signal(which)
    return Run(process)


def files_in(folder: Path) -> list[str]:
    """Return every file below the folder, those with hidden names included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
