"""Unfinished files of a process go with it, however it ends."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.volume import Volume

# Begins to receive a file, says where, and waits to be killed.
OWNER = """
import asyncio, sys
from pathlib import Path
from imagemill.storage.volume import Volume

async def main():
    volume = await Volume.open(Path(sys.argv[1]), reserve_bytes=0)
    async with volume.receive() as incoming, volume.scratch() as folder:
        (folder / "half.webp").write_bytes(b"half")
        print(incoming.temporary.parent, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
async def volume(tmp_path: Path) -> Volume:
    return await Volume.open(tmp_path, reserve_bytes=0)


@pytest.fixture
def owner(volume: Volume) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process in the middle of something, and its workplace."""
    arguments = [sys.executable, "-c", OWNER, str(volume.root)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())
        process.kill()


async def test_what_a_killed_process_began_is_cleared_away(
    volume: Volume, owner: tuple[subprocess.Popen[str], Path]
) -> None:
    process, place = owner
    assert len([path for path in place.rglob("*") if path.is_file()]) == 2
    process.kill()
    process.wait()
    assert await volume.clear_abandoned() == [f"tmp/{place.name}"]
    assert not place.exists()


async def test_what_a_living_process_began_is_left_alone(
    volume: Volume, owner: tuple[subprocess.Popen[str], Path]
) -> None:
    _, place = owner
    async with volume.scratch() as folder:
        assert await volume.clear_abandoned() == []
        assert place.is_dir()
        assert folder.is_dir()


async def test_children_do_not_keep_the_workplace_of_a_dead_process(volume: Volume) -> None:
    """They may outlive it by a moment, and must not inherit its lock."""
    forking = OWNER.replace(
        "        await asyncio.sleep(600)",
        "        child = await asyncio.create_subprocess_exec('sleep', '600', close_fds=False)\n"
        "        print(child.pid, flush=True)\n"
        "        import os; os._exit(0)",
    )
    arguments = [sys.executable, "-c", forking, str(volume.root)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        place = Path(process.stdout.readline().strip())
        child = psutil.Process(int(process.stdout.readline()))
        process.wait()
        try:
            assert await volume.clear_abandoned() == [f"tmp/{place.name}"]
        finally:
            child.kill()


async def test_a_workplace_that_was_removed_is_made_anew_and_locked_again(volume: Volume) -> None:
    async with volume.scratch() as folder:
        place = folder.parent
    place.rmdir()
    async with volume.scratch() as folder:
        assert folder.parent == place
        assert await volume.clear_abandoned() == []


async def test_nothing_is_left_of_a_process_that_ended_well(volume: Volume) -> None:
    await volume.probe()
    assert len(list((volume.root / "tmp").iterdir())) == 1
    await volume.aclose()
    assert list((volume.root / "tmp").iterdir()) == []


async def test_a_storage_that_is_away_gets_no_workplace(volume: Volume) -> None:
    (volume.root / "tmp").rmdir()
    with pytest.raises(StorageUnavailable):
        await volume.probe()
    with pytest.raises(StorageUnavailable):
        await volume.clear_abandoned()
    assert list(volume.root.iterdir()) == []
