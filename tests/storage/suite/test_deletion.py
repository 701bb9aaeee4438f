"""Files, and all outputs of an attempt or a job, are deleted by key, as often as anybody asks."""

from uuid import uuid4

import pytest

from imagemill.storage.errors import FileMissing
from imagemill.storage.keys import attempt_key, input_key, outputs_key
from imagemill.storage.protocol import Storage
from storage.backends import Backend
from storage.stored import publish, read, store


async def test_deleting_twice_is_no_error(backend: Backend, storage: Storage) -> None:
    job_id = uuid4()
    await store(storage, input_key(job_id, ".png"))
    await publish(storage, attempt_key(job_id, 3), {"a.webp": b"a"})
    for _ in range(2):
        await storage.delete(input_key(job_id, ".png"), outputs_key(job_id))
    assert backend.count_files() == 0
    with pytest.raises(FileMissing):
        await storage.size(input_key(job_id, ".png"))


async def test_one_missing_file_does_not_keep_the_others(storage: Storage) -> None:
    first, second = uuid4(), uuid4()
    await store(storage, input_key(second, ".png"))
    await storage.delete(input_key(first, ".png"), input_key(second, ".png"))
    assert await storage.sizes([input_key(second, ".png")]) == {}


async def test_outputs_of_one_attempt_are_deleted_alone(storage: Storage) -> None:
    job_id = uuid4()
    for fence in (1, 2):
        await publish(storage, attempt_key(job_id, fence), {"a.webp": b"a"})
    await storage.delete(attempt_key(job_id, 1))
    assert await read(storage, f"{attempt_key(job_id, 2)}.a.webp") == b"a"
    await storage.delete(attempt_key(job_id, 2))
    assert await storage.sizes([outputs_key(job_id)]) == {}


async def test_a_neighbour_in_the_shard_stays(storage: Storage) -> None:
    job_id = uuid4()
    neighbour = type(job_id)(int=job_id.int ^ 1 << 40)
    for one in (job_id, neighbour):
        await store(storage, input_key(one, ".png"))
        await publish(storage, attempt_key(one, 1), {"a.webp": b"a"})
    await storage.delete(input_key(job_id, ".png"), outputs_key(job_id))
    assert await read(storage, input_key(neighbour, ".png")) == b"picture"
    assert await read(storage, f"{attempt_key(neighbour, 1)}.a.webp") == b"a"
