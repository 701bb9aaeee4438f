"""The outputs of a job are published together, whatever becomes of those of others."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import pytest

from imagemill.imaging.sandbox.unnamed_file import create_unnamed_file
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.keys import attempt_key, output_key, outputs_key
from imagemill.storage.protocol import Storage
from storage.backends import Backend
from storage.stored import publish, read

JOB = uuid4()
KEY = attempt_key(JOB, 1)


async def test_published_files_are_there_together(storage: Storage) -> None:
    files = {"a.webp": b"a", "b.webp": b"b" * 100_000}
    await publish(storage, KEY, files)
    assert {name: await read(storage, f"{KEY}.{name}") for name in files} == files


async def test_files_without_a_name_are_published_from_the_scratch_folder_and_from_elsewhere(
    storage: Storage, tmp_path: Path, backend: Backend
) -> None:
    content = os.urandom(1_500_000)
    async with storage.scratch_folder() as scratch:
        for fence, folder in enumerate((scratch, tmp_path, Path("/dev/shm"))):  # noqa: S108
            descriptor = create_unnamed_file(folder)
            os.write(descriptor, content)
            await storage.publish({output_key(JOB, fence, "a.png"): descriptor})
            os.close(descriptor)
            assert await read(storage, output_key(JOB, fence, "a.png")) == content
    assert backend.count_files() == 3


async def test_attempts_of_a_job_do_not_touch_each_others_outputs(storage: Storage) -> None:
    await publish(storage, attempt_key(JOB, 1), {"a.webp": b"first"})
    await publish(storage, attempt_key(JOB, 12), {"a.webp": b"second"})
    assert await read(storage, f"{attempt_key(JOB, 1)}.a.webp") == b"first"
    assert await read(storage, f"{attempt_key(JOB, 12)}.a.webp") == b"second"
    assert await storage.sizes([attempt_key(JOB, 1), outputs_key(JOB)]) == {
        attempt_key(JOB, 1): 5,
        outputs_key(JOB): 11,
    }


async def test_an_output_is_never_published_over_another_one(
    storage: Storage, backend: Backend
) -> None:
    await publish(storage, KEY, {"b.webp": b"first"})
    with pytest.raises(StorageUnavailable):
        await publish(storage, KEY, {"a.webp": b"a", "b.webp": b"second"})
    assert await read(storage, f"{KEY}.b.webp") == b"first"
    assert backend.count_files() == 1


async def test_outputs_that_are_published_at_the_same_time_do_not_mix(storage: Storage) -> None:
    jobs = [uuid4() for _ in range(30)]
    await asyncio.gather(
        *(publish(storage, attempt_key(job, 1), {"a.webp": job.bytes}) for job in jobs)
    )
    for job in jobs:
        assert await read(storage, output_key(job, 1, "a.webp")) == job.bytes


async def test_a_job_whose_outputs_cannot_be_published_costs_no_other_its_own(
    storage: Storage,
) -> None:
    await publish(storage, KEY, {"a.webp": b"first"})
    jobs = [uuid4() for _ in range(5)]
    results = await asyncio.gather(
        *(publish(storage, attempt_key(job, 1), {"a.webp": b"a"}) for job in jobs),
        publish(storage, KEY, {"a.webp": b"second"}),
        *(publish(storage, attempt_key(job, 2), {"a.webp": b"a"}) for job in jobs),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result] == [StorageUnavailable]
    for job in jobs:
        assert await storage.sizes([outputs_key(job)]) == {outputs_key(job): 2}


async def test_outputs_whose_publication_is_canceled_are_there_or_not_when_that_is_known(
    storage: Storage,
) -> None:
    publishing = asyncio.create_task(publish(storage, KEY, {"a.webp": b"a"}))
    await asyncio.sleep(0)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    await storage.delete(KEY)
    await publish(storage, attempt_key(JOB, 2), {"a.webp": b"a"})  # after all that was under way
    assert await storage.sizes([KEY]) == {}


async def test_a_scratch_folder_is_deleted_with_its_content(
    backend: Backend, storage: Storage
) -> None:
    async with storage.scratch_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "a.webp").write_bytes(b"a")
        (folder / "b").mkdir()
    assert not folder.exists()
    assert backend.count_files() == 0
