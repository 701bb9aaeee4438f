"""A storage that may not be written to is refused with the command that cures it."""

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagemill.embedded.child import LAUNCHER
from imagemill.storage.local.permissions import COMPOSE_VARIABLE, describe_unwritable

OPEN = """
import asyncio, sys
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.open_storage import open_storage

async def main():
    async with open_storage(sys.argv[1], 0):
        print("opened")

try:
    asyncio.run(main())
except StorageUnavailable as error:
    print(error)
"""
NOBODY = "nobody"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def open_as_another(root: Path) -> str:
    """Return what comes of opening the storage as a user that owns nothing of it."""
    # As another user through the launcher, so that it can still read this interpreter.
    launch = (sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), "9", NOBODY, "/")
    command = (sys.executable, "-c", OPEN, root.as_uri())
    ended = subprocess.run(
        [*(launch if os.geteuid() == 0 else ()), *command],
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def owner() -> tuple[int, int]:
    """Return the ids of that user and of its group."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    account = pwd.getpwnam(NOBODY)
    return account.pw_uid, account.pw_gid


def close(path: Path) -> Path:
    """Let nobody but root write to the folder."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o555)
    return path


def test_a_volume_of_another_owner_is_named_with_the_user_and_the_cure(folder: Path) -> None:
    root = folder / "storage"
    close(root)
    uid, gid = owner()
    assert open_as_another(root) == (
        f"The storage folder {root / 'tmp'} cannot be written by this process, whose uid is {uid}:"
        f" as an administrator, run `chown -R {uid}:{gid} {root}`."
    )


@pytest.mark.parametrize("part", ["tmp", "inputs", "outputs/abc", "quarantine"])
def test_a_part_that_was_restored_as_another_user_is_found_at_the_start(
    folder: Path, part: str
) -> None:
    root = folder / "storage"
    for name in ("tmp", "inputs", "outputs", "quarantine"):
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o777)
    root.chmod(0o777)
    assert open_as_another(root) == "opened"
    close(root / part)
    said = open_as_another(root)
    assert said.startswith(f"The storage folder {root}/{part} cannot be written by this process")


def test_a_folder_that_is_missing_is_to_be_created(folder: Path) -> None:
    root = close(folder / "closed") / "storage"
    uid, gid = owner()
    assert f"`install -d -o {uid} -g {gid} {root}`" in open_as_another(root)


def test_in_the_containers_of_compose_the_cure_is_a_command_of_compose(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMPOSE_VARIABLE, "true")
    error = describe_unwritable(folder, folder)
    assert error.command == "docker compose run --rm fix-permissions"
