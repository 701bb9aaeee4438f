"""`imagemill doctor --data` beside an `imagemill up`, with no other servers in the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

from .up_process import running_up


def doctor(data: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "imagemill", "doctor", "--json", "--data", str(data)],
        env={"PATH": os.environ["PATH"], "PG_HOST": "elsewhere.invalid"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_finds_the_servers_and_the_storage_on_the_folder(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        report = json.loads(doctor(stack.data).stdout)
        port = (stack.data / "postgres" / "port").read_text(encoding="ascii")
    sections = {section["name"]: section["findings"] for section in report["sections"]}
    assert f"127.0.0.1:{port}/imagemill answers" in sections["postgres"][0]["sentence"]
    assert [finding["verdict"] for finding in sections["redis"]] == ["ok", "ok", "ok"]
    # The stand-ins of the services make no folders there, so it is reported as unavailable.
    assert (
        f"Is {stack.data.as_uri()}/storage (STORAGE_URL) mounted"
        in sections["storage"][0]["advice"]
    )


def test_a_folder_without_data_is_reported(tmp_path: Path) -> None:
    ended = doctor(tmp_path / "nothing")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"imagemill: {tmp_path}/nothing is not a data folder of")
