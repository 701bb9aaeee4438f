"""`imagemill backup` and `restore` of a data folder, beside an `imagemill up` and without one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from .up_process import running_up


def imagemill(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the folder, with no environment that says where PostgreSQL is."""
    return subprocess.run(
        [sys.executable, "-m", "imagemill", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_data_folder_is_found_backed_up_and_restored(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        (up_folder / ".imagemill").symlink_to(stack.data)
        added = imagemill(up_folder, "keys", "add", "ci")
        assert added.returncode == 0, added
        report = json.loads(imagemill(up_folder, "doctor", "--json").stdout)
        made = imagemill(up_folder, "backup", "monday")
        refused = imagemill(up_folder, "restore", "monday")
    port = (stack.data / "postgres" / "port").read_text(encoding="ascii")
    assert f"127.0.0.1:{port}/imagemill" in report["sections"][0]["findings"][0]["sentence"]
    assert (made.returncode, made.stdout) == (
        0,
        f"Backed up 0 jobs with 0 files, 0 bytes, into {up_folder}/monday.\n",
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Another imagemill uses the folder .imagemill: stop it" in refused.stderr

    restored = imagemill(up_folder, "restore", "monday", "--data", "elsewhere")
    assert restored.returncode == 0, restored
    again = imagemill(up_folder, "backup", "tuesday", "--data", "elsewhere")
    assert again.returncode == 0, again
    manifests = [up_folder / day / "manifest.json" for day in ("monday", "tuesday")]
    first, second = (json.loads(one.read_text(encoding="utf-8")) for one in manifests)
    assert first["tables"]["api_keys"]["rows"] == 1
    assert second["tables"] == first["tables"]


def test_the_environment_has_precedence_over_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".imagemill" / "postgres").mkdir(parents=True)
    environment = {"PATH": os.environ["PATH"], "PG_HOST": "127.0.0.1", "PG_PORT": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "imagemill", "keys", "list"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "PostgreSQL at 127.0.0.1:1/imagemill is unavailable" in ended.stderr
    without = imagemill(tmp_path, "keys", "list")
    assert ".imagemill is not a data folder of `imagemill up`" in without.stderr
