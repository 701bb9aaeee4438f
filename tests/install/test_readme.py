"""The README's first commands, run as they are printed, in a folder with the sources only."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.process import free_port, wait_until

from .conftest import ROOT
from .shell import BASH, run_shell

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_COMMANDS = 5
EXAMPLE_ID = "01a20a24-c533-70b0-90a7-5a920844137c"


def commands(heading: str) -> list[str]:
    """Return the commands in the section with the heading, those of several lines whole."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    # A line that goes on is followed by lines that begin with a space or a bracket.
    return re.findall(r"^[\w.].*(?:\n[ \]].*)*", "".join(blocks), re.MULTILINE)


def run(script: str, folder: Path, environment: dict[str, str]) -> str:
    done = run_shell(script, folder, environment)
    assert done.returncode == 0, f"{script}\n{done.stderr}"
    return done.stdout


@contextmanager
def running(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run the command, which is `imagemill up`, until the end of the block."""
    log = folder / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BASH, "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "imagemill is ready" in log.read_text(), "up is ready", log.read_text)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_it_leads_from_nothing_to_a_result_and_to_the_first_upload(
    unpacked: Path, environment: dict[str, str]
) -> None:
    first = commands("Quick start")
    assert len(first) <= MAX_COMMANDS
    *until_result, up = first
    run("\n".join(until_result), unpacked, environment)
    (result,) = (unpacked / "small").iterdir()
    assert result.read_bytes()[8:12] == b"WEBP"

    port = str(free_port())
    activated = environment | {"PATH": f"{unpacked / '.venv' / 'bin'}:{environment['PATH']}"}
    assert up.split("#")[0].strip() == "imagemill up"
    with running(f"imagemill up --port {port}", unpacked, activated):
        upload, read, download, several = (
            command.replace(":8000", f":{port}") for command in commands("Upload a picture")
        )
        job = json.loads(run(upload, unpacked, activated))
        read, download = (one.replace(EXAMPLE_ID, job["id"]) for one in (read, download))
        assert json.loads(run(read, unpacked, activated))["status"] == "COMPLETED"
        run(download, unpacked, activated)
        assert list(unpacked.glob("*.webp")) == [unpacked / "cat-image.webp"]
        assert len(json.loads(run(several, unpacked, activated))["pipeline"]["outputs"]) == 2
