"""Paths formatted for a terminal."""

import os
from pathlib import Path

from imagemill.process.files import format_path


def test_a_path_is_formatted_without_control_characters() -> None:
    assert format_path(Path("Grüße [b] 猫.jpg")) == "Grüße [b] 猫.jpg"
    assert format_path(Path("a\x1b[2Jb\n.jpg")) == "a\\x1b[2Jb\\n.jpg"
    assert format_path(Path(os.fsdecode(b"caf\xe9.jpg"))) == "caf\N{REPLACEMENT CHARACTER}.jpg"
