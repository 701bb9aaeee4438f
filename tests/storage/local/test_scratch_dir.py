"""The scratch folder of a process is deleted with the process, however it ends."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.local.local_storage import LocalStorage

# Begins a large upload and outputs, prints their scratch folder, and waits to be killed.
OWNER = """
import asyncio, sys
from pathlib import Path
from imagemill.storage.local.local_storage import LocalStorage

async def main():
    async with (
        LocalStorage.open(Path(sys.argv[1]), reserve_bytes=0) as storage,
        storage.begin() as pending_file,
        storage.scratch_folder() as folder,
    ):
        await pending_file.write(bytes(1_000_000))
        (folder / "half.webp").write_bytes(b"half")
        print(folder.parent, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def owner(storage: LocalStorage) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process in the middle of its work, and its scratch folder."""
    arguments = [sys.executable, "-c", OWNER, str(storage.root)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())
        process.kill()


async def test_what_a_killed_process_began_is_deleted(
    storage: LocalStorage, owner: tuple[subprocess.Popen[str], Path]
) -> None:
    process, scratch = owner
    # The upload has no name yet.
    assert [path.name for path in scratch.rglob("*") if path.is_file()] == ["half.webp"]
    process.kill()
    process.wait()
    assert await storage.delete_abandoned() == [f"tmp/{scratch.name}"]
    assert not scratch.exists()


async def test_what_a_living_process_began_is_left_alone(
    storage: LocalStorage, owner: tuple[subprocess.Popen[str], Path]
) -> None:
    _, scratch = owner
    async with storage.scratch_folder() as folder:
        assert await storage.delete_abandoned() == []
        assert scratch.is_dir()
        assert folder.is_dir()


async def test_children_do_not_keep_the_scratch_folder_of_a_dead_process(
    storage: LocalStorage,
) -> None:
    """They may outlive it by a moment, and must not inherit its lock."""
    forking = OWNER.replace(
        "        await asyncio.sleep(600)",
        "        child = await asyncio.create_subprocess_exec('sleep', '600', close_fds=False)\n"
        "        print(child.pid, flush=True)\n"
        "        import os; os._exit(0)",
    )
    arguments = [sys.executable, "-c", forking, str(storage.root)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        scratch = Path(process.stdout.readline().strip())
        child = psutil.Process(int(process.stdout.readline()))
        process.wait()
        try:
            assert await storage.delete_abandoned() == [f"tmp/{scratch.name}"]
        finally:
            child.kill()


async def test_a_scratch_folder_that_was_removed_is_created_and_locked_again(
    storage: LocalStorage,
) -> None:
    async with storage.scratch_folder() as folder:
        scratch = folder.parent
    scratch.rmdir()
    async with storage.scratch_folder() as folder:
        assert folder.parent == scratch
        assert await storage.delete_abandoned() == []


async def test_nothing_is_left_of_a_process_that_ended_well(tmp_path: Path) -> None:
    async with LocalStorage.open(tmp_path, reserve_bytes=0) as storage:
        await storage.probe()
        assert len(list((tmp_path / "tmp").iterdir())) == 1
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_storage_that_is_away_gets_no_scratch_folder(storage: LocalStorage) -> None:
    (storage.root / "tmp").rmdir()
    with pytest.raises(StorageUnavailable):
        await storage.probe()
    with pytest.raises(StorageUnavailable):
        await storage.delete_abandoned()
    assert list(storage.root.iterdir()) == []


async def test_where_missing_folders_are_not_created_an_absent_storage_stays_absent(
    tmp_path: Path,
) -> None:
    async with LocalStorage.open(tmp_path / "away", 0, create_missing=False) as storage:
        with pytest.raises(StorageUnavailable):
            await storage.probe()
    assert not (tmp_path / "away").exists()
