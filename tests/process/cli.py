"""`imagemill process` run as a subprocess."""

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
    """A finished run of `imagemill process`."""

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
    prefix: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start the command; `prefix` is a command such as setpriv that runs it."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "imagemill", "process", *map(str, arguments)],
        env={"PATH": os.environ["PATH"], **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def process(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> Run:
    return Run(start(*arguments, environment=environment, prefix=prefix))


def interrupt(process: subprocess.Popen[str], which: signal.Signals = signal.SIGINT) -> Run:
    process.send_signal(which)
    return Run(process)


def files_in(folder: Path) -> list[str]:
    """Return every file below the folder, those with hidden names included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
