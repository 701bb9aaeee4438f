"""Downloads get their names once they are complete."""

import stat
from contextlib import suppress
from pathlib import Path

from imagemill.client.download import write_atomically


def files_in(folder: Path) -> list[str]:
    """Return every file below the folder, those with hidden names included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_a_file_gets_its_name_once_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "cat.webp"
    with write_atomically(path) as file:
        file.write(b"half")
        assert files_in(tmp_path) != ["new/cat.webp"]
    assert path.read_bytes() == b"half"
    assert files_in(tmp_path) == ["new/cat.webp"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cat.webp"
    path.write_bytes(b"old")
    with suppress(KeyboardInterrupt), write_atomically(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert files_in(tmp_path) == ["cat.webp"]


def test_a_new_file_has_the_permissions_of_the_users_umask(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    with write_atomically(tmp_path / "cat.webp"):
        pass
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (usual, tmp_path / "cat.webp")]
    assert modes[0] == modes[1]
