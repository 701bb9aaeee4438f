"""The examples of docs/clients.md, run with a real server as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.blocks import code_blocks
from imagemill.client import Client
from support.client import NO_CERTIFICATES
from support.pictures import picture
from support.server import Server

CLIENT = Path(__file__).parents[2] / "clients" / "js"
DOCUMENTED_URL = "http://127.0.0.1:8000"
DOCUMENTED_JOB = "01a20a24-c533-70b0-90a7-5a920844137c"
TIMEOUT_SECONDS = 60
# A stream of all jobs has no end; curl says so after a moment.
CURL_TIMED_OUT = 28
CURL_OPTIONS = ["--silent", "--show-error", "--fail-with-body", "--max-time", "1"]

PYTHON = [
    ("Python", 0, ["small/cat.webp"]),
    ("Python", 1, ["original.jpg"]),
    ("Python", 2, []),
    ("Python", 3, ["cat-*.jpg", "cat-*.jpg"]),
    ("Errors and retries", 0, []),
]


@pytest.fixture(scope="module")
def server(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def failed_job(server: Server) -> str:
    """A job that the examples find among the failed ones."""
    with Client(server.url, verify=NO_CERTIFICATES) as client:
        return str(client.wait(client.upload(picture()[:200])).id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cat.jpg").write_bytes(picture())
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"]},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode in {0, CURL_TIMED_OUT}, done.stdout + done.stderr
    return done


def files_in(folder: Path) -> list[str]:
    files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return sorted(re.sub(r"cat-[0-9a-f-]{36}", "cat-*", file) for file in files)


@pytest.mark.usefixtures("failed_job")
@pytest.mark.parametrize(("heading", "number", "written"), PYTHON)
def test_python(
    heading: str, number: int, written: list[str], server: Server, folder: Path
) -> None:
    block = code_blocks("clients.md", heading, "python")[number]
    assert DOCUMENTED_URL in block
    (folder / "example.py").write_text(block.replace(DOCUMENTED_URL, server.url), encoding="utf-8")
    run([sys.executable, "-W", "error::DeprecationWarning", "example.py"], folder)
    assert files_in(folder) == sorted(["cat.jpg", "example.py", *written])


def test_every_python_example_is_run() -> None:
    text = (CLIENT.parents[1] / "docs" / "clients.md").read_text(encoding="utf-8")
    assert text.count("```python\n") == len(PYTHON)


def test_curl(server: Server, folder: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl: make neighbours installs it")
    headings = ("Waiting for a job", "Repeating an upload", "What a job is waiting for")
    with Client(server.url, verify=NO_CERTIFICATES) as client:
        job_id = str(client.upload(picture(), wait=30).id)
    for block in (one for each in headings for one in code_blocks("clients.md", each, "sh")):
        for line in block.splitlines():
            command = line.replace(DOCUMENTED_URL, server.url).replace(DOCUMENTED_JOB, job_id)
            assert command.startswith("curl ")
            run(["sh", "-c", command.replace("curl", " ".join([curl, *CURL_OPTIONS]))], folder)


@pytest.mark.javascript
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
@pytest.mark.usefixtures("failed_job")
@pytest.mark.parametrize("number", [0, 1])
def test_javascript(number: int, server: Server, folder: Path) -> None:
    blocks = code_blocks("clients.md", "JavaScript", "js")
    assert len(blocks) == 2
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "imagemill").symlink_to(CLIENT)
    example = folder / "example.mjs"
    example.write_text(blocks[number].replace(DOCUMENTED_URL, server.url), encoding="utf-8")
    done = run(["node", "example.mjs"], folder)
    if number == 0:
        assert (folder / "small" / "cat.webp").stat().st_size > 0
    else:
        assert "COMPLETED" in done.stdout
        assert "invalid-request" in done.stdout
