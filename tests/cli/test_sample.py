"""`imagemill sample`."""

import os
import subprocess
from pathlib import Path

from PIL import Image

from support.terminal import run_on_terminal

from .program import PROGRAM


def test_it_writes_a_picture_to_a_file(tmp_path: Path) -> None:
    with (tmp_path / "cat.jpg").open("wb") as file:
        subprocess.run([PROGRAM, "sample"], stdout=file, timeout=60, check=True)
    with Image.open(tmp_path / "cat.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (2400, 1600))


def test_a_terminal_gets_advice_instead() -> None:
    with run_on_terminal([PROGRAM, "sample"], {"PATH": os.environ["PATH"]}) as terminal:
        assert terminal.process.wait(60) == 2
    assert terminal.shown.strip().endswith("sample > cat.jpg")
