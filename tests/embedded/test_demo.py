"""`imagemill demo`, as its user sees it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .up_process import add_key, running_up


def demo(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "imagemill", "demo", "--data", str(data)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_it_shows_each_status_of_a_job_and_where_the_result_is(tmp_path: Path) -> None:
    shown = demo(tmp_path / "data")
    assert shown.returncode == 0, shown.stderr
    words = shown.stdout.split()
    statuses = [word for word in words if word in {"PENDING", "PROCESSING", "COMPLETED"}]
    assert statuses == ["PENDING", "PROCESSING", "COMPLETED"]
    result = next(Path(word) for word in words if word.startswith("/") and "/outputs/" in word)
    assert result.read_bytes()[8:12] == b"WEBP"
    # As this program was called, so that the advice can be followed wherever it is installed.
    advice = f"To keep the stack running: {sys.executable} -m imagemill up"
    assert shown.stdout.splitlines()[-1] == advice


@pytest.mark.long
def test_on_a_folder_with_keys_it_needs_one(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        key = add_key(stack.data)
    refused = demo(stack.data)
    assert refused.returncode == 1
    (message,) = refused.stderr.splitlines()
    assert message.startswith("imagemill: The upload was rejected: ")
    assert "set IMAGEMILL_API_KEY to one of them, or name another folder with --data" in message
    assert demo(stack.data, IMAGEMILL_API_KEY=key).returncode == 0
