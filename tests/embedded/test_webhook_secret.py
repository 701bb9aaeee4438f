"""`imagemill webhook-secret --data` beside an `imagemill up`."""

import os
import subprocess
import sys
from pathlib import Path

from .up_process import running_up


def webhook_secret(data: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "imagemill", "webhook-secret", "--data", str(data)],
        env={"PATH": os.environ["PATH"], "PG_HOST": "elsewhere.invalid"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_secret_is_stored_in_the_data_folder(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        first, second = webhook_secret(stack.data), webhook_secret(stack.data)
    assert first.stdout.startswith("whsec_")
    assert first.stdout == second.stdout


def test_a_folder_without_data_is_reported(tmp_path: Path) -> None:
    ended = webhook_secret(tmp_path / "nothing")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"imagemill: {tmp_path}/nothing is not a data folder of")
