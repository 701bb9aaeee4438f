"""Names of files as people see them, and how a new file appears."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from imagemill.process.files import appearing, shown

from .cli import files_in


def test_a_name_is_shown_without_what_a_terminal_would_obey() -> None:
    assert shown(Path("Grüße [b] 猫.jpg")) == "Grüße [b] 猫.jpg"
    assert shown(Path("a\x1b[2Jb\n.jpg")) == "a\\x1b[2Jb\\n.jpg"
    assert shown(Path(os.fsdecode(b"caf\xe9.jpg"))) == "caf\N{REPLACEMENT CHARACTER}.jpg"


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "cat.webp"
    with appearing(path) as file:
        file.write(b"half")
        assert files_in(tmp_path) != ["new/cat.webp"]
    assert path.read_bytes() == b"half"
    assert files_in(tmp_path) == ["new/cat.webp"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cat.webp"
    path.write_bytes(b"old")
    with suppress(KeyboardInterrupt), appearing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert files_in(tmp_path) == ["cat.webp"]


def test_it_may_be_read_by_whom_the_user_allows(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    with appearing(tmp_path / "cat.webp"):
        pass
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (usual, tmp_path / "cat.webp")]
    assert modes[0] == modes[1]
