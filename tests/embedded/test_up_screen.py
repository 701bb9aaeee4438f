"""`imagemill up` on a terminal: where everything is, and a line for each job."""

import os
import signal
import sys
from pathlib import Path

import httpx

from support.pictures import picture
from support.process import free_port
from support.terminal import run_on_terminal

from .up_process import add_key

NAME = "cat [red].jpg"  # what Rich would take for a colour


def test_each_job_is_a_line_whatever_its_name_and_also_once_there_are_keys(up_folder: Path) -> None:
    port, data = free_port(), up_folder / "data"
    command = [sys.executable, "-m", "imagemill", "up", "--port", str(port), "--data", str(data)]
    with run_on_terminal(command, os.environ) as terminal:
        terminal.until_shown(f"imagemill is ready at http://127.0.0.1:{port}")
        headers = {"Authorization": f"Bearer {add_key(data)}", "Prefer": "wait=30"}
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            # The second one ends early: its pixels are missing.
            for content in (picture(400, 300), picture(400, 300)[:2000]):
                files = {"file": (NAME, content)}
                assert client.post("/upload", files=files).status_code == 200
        terminal.until_shown("invalid_image: ")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(60) == 0
    jobs = terminal.shown.split("Press Ctrl-C")[1]
    completed, failed = (line for line in jobs.splitlines() if NAME in line)
    assert "COMPLETED" in completed
    assert "FAILED" in failed
    assert "/upload" not in jobs  # the services log no requests here
    assert terminal.shown.count("\x1b[?25l") == terminal.shown.count("\x1b[?25h")  # the cursor
