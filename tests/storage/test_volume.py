"""Files on the shared volume: whole or not there at all."""

import asyncio
import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import (
    FileMissing,
    StorageFull,
    StorageUnavailable,
    storage_errors,
)
from imagemill.storage.keys import attempt_key, input_key, outputs_key
from imagemill.storage.units import units_of
from imagemill.storage.volume import Volume


@pytest.fixture
async def volume(tmp_path: Path) -> Volume:
    return await Volume.open(tmp_path / "deep" / "storage", reserve_bytes=0)


def files(volume: Volume) -> list[Path]:
    return [path for path in volume.root.rglob("*") if path.is_file()]


async def test_a_file_that_is_kept_has_its_bytes_size_and_hash(volume: Volume) -> None:
    content = os.urandom(1_300_000)
    async with volume.receive() as pending_file:
        for start in range(0, len(content), 65536):
            await pending_file.write(content[start : start + 65536])
        stored = await pending_file.keep("inputs/abc/x.jpg")
    assert stored.bytes == len(content)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert volume.path("inputs/abc/x.jpg").read_bytes() == content
    assert len(files(volume)) == 1


async def test_a_file_that_is_not_kept_leaves_nothing(volume: Volume) -> None:
    async with volume.receive() as pending_file:
        await pending_file.write(b"x" * 2_000_000)
        assert len(files(volume)) == 1
    assert files(volume) == []


async def test_an_upload_that_would_not_leave_the_reserve_is_refused(tmp_path: Path) -> None:
    volume = await Volume.open(tmp_path, reserve_bytes=1 << 60)
    with pytest.raises(StorageFull):
        async with volume.receive():
            pass
    assert files(volume) == []


async def test_published_outputs_appear_together_under_their_key(volume: Volume) -> None:
    job_id = uuid4()
    async with volume.scratch() as folder:
        (folder / "a.webp").write_bytes(b"a")
        (folder / "b.webp").write_bytes(b"b")
        await volume.publish(folder, attempt_key(job_id, 1), ["a.webp", "b.webp"])
    found = volume.path(attempt_key(job_id, 1))
    assert {path.name: path.read_bytes() for path in found.iterdir()} == {
        "a.webp": b"a",
        "b.webp": b"b",
    }


async def test_outputs_that_are_not_published_go_with_their_scratch_folder(
    volume: Volume,
) -> None:
    async with volume.scratch() as folder:
        (folder / "a.webp").write_bytes(b"a")
    assert not folder.exists()
    assert files(volume) == []


async def test_deleting_removes_files_and_folders_and_does_not_mind_missing_ones(
    volume: Volume,
) -> None:
    job_id = uuid4()
    async with volume.receive() as pending_file:
        await pending_file.keep(input_key(job_id, ".png"))
    async with volume.scratch() as folder:
        (folder / "a.webp").write_bytes(b"a")
        await volume.publish(folder, attempt_key(job_id, 3), ["a.webp"])
    for _ in range(2):
        await volume.delete(input_key(job_id, ".png"), outputs_key(job_id))
    assert files(volume) == []
    with pytest.raises(FileMissing):
        await volume.find(input_key(job_id, ".png"))


async def test_pruning_takes_an_empty_folder_and_no_other(volume: Volume) -> None:
    job_id = uuid4()
    for fence in (1, 2):
        async with volume.scratch() as folder:
            (folder / "a.webp").write_bytes(b"a")
            await volume.publish(folder, attempt_key(job_id, fence), ["a.webp"])
    await volume.delete(attempt_key(job_id, 1))
    await volume.prune(outputs_key(job_id))
    assert volume.path(attempt_key(job_id, 2)).exists()
    await volume.delete(attempt_key(job_id, 2))
    await volume.prune(outputs_key(job_id))
    assert not volume.path(outputs_key(job_id)).exists()


async def test_the_time_is_that_of_the_clock_that_stamps_the_files(volume: Volume) -> None:
    before = await volume.now()
    async with volume.receive() as pending_file:
        await pending_file.keep("inputs/abc/x.jpg")
    (unit,) = units_of(volume.root, "abc")
    assert before <= unit.modified_at <= await volume.now()
    assert len(files(volume)) == 1


async def test_a_storage_that_is_gone_is_unavailable(volume: Volume) -> None:
    (volume.root / "tmp").rmdir()
    for method in (volume.probe, volume.now):
        with pytest.raises(StorageUnavailable):
            await method()
    with pytest.raises(StorageUnavailable):
        async with volume.scratch():
            pass


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
    ],
)
def test_a_full_disk_is_told_from_a_broken_one(number: int, kind: type[StorageUnavailable]) -> None:
    with pytest.raises(StorageUnavailable) as caught, storage_errors():
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind


@pytest.mark.parametrize("key", [lambda i: input_key(i, ".jpg"), outputs_key])
def test_ids_spread_over_folders_by_their_random_end(key: Callable[[UUID], str]) -> None:
    job_id = UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11")
    assert key(job_id).split("/")[1] == "b11"


async def test_a_cancelled_caller_waits_for_its_thread() -> None:
    entered, may_leave, left = asyncio.Event(), asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(may_leave.wait(), loop).result(10)
        left.append(True)

    task = asyncio.create_task(run_in_thread(work))
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left == [True]
