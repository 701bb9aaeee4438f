"""What a storage holds is listed in units, shard by shard."""

from uuid import UUID

from imagemill.storage.keys import attempt_key, input_key
from imagemill.storage.protocol import Storage
from storage.backends import Backend
from storage.stored import publish, store

FIRST = UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11")
SECOND = UUID("0199f0ff-fa1e-7c3a-9d52-5d0c3c0a7fff")


async def test_an_empty_storage_has_nothing_to_list(storage: Storage) -> None:
    assert await storage.list_shards() == []
    assert await storage.list_units("c27") == []
    assert await storage.list_unfinished() == []


async def test_units_are_listed_by_the_shard_of_their_job(storage: Storage) -> None:
    await store(storage, input_key(FIRST, ".jpg"))
    for fence in (1, 2):
        await publish(storage, attempt_key(FIRST, fence), {"a.webp": b"a", "b.webp": b"b"})
    await store(storage, input_key(SECOND, ".png"))
    assert await storage.list_shards() == ["c27", "fff"]
    found = {(unit.key, unit.job_id) for unit in await storage.list_units("c27")}
    assert found == {
        (input_key(FIRST, ".jpg"), FIRST),
        (attempt_key(FIRST, 1), FIRST),
        (attempt_key(FIRST, 2), FIRST),
    }
    (unit,) = await storage.list_units("fff")
    assert (unit.key, unit.job_id) == (input_key(SECOND, ".png"), SECOND)


async def test_a_file_of_a_strange_name_is_a_unit_of_no_job(storage: Storage) -> None:
    await store(storage, "inputs/abc/strange.jpg")
    (unit,) = await storage.list_units("abc")
    assert (unit.key, unit.job_id) == ("inputs/abc/strange.jpg", None)


async def test_units_are_dated_by_the_clock_of_the_storage(storage: Storage) -> None:
    before = await storage.now()
    await store(storage, input_key(FIRST, ".jpg"))
    (unit,) = await storage.list_units("c27")
    assert before <= unit.modified_at <= await storage.now()


async def test_an_upload_in_progress_is_neither_unit_nor_abandoned(
    backend: Backend, storage: Storage
) -> None:
    async with backend.open() as other, storage.begin() as pending_file, storage.scratch_folder():
        await pending_file.write(b"picture")
        assert await other.list_shards() == []
        assert await other.list_unfinished() == []
        assert await other.delete_abandoned() == []
        await pending_file.commit(input_key(FIRST, ".jpg"))
    assert await storage.list_shards() == ["c27"]


async def test_an_unfinished_file_of_an_unknown_process_is_listed(
    backend: Backend, storage: Storage
) -> None:
    key = backend.leave_unfinished(b"half")
    assert [unit.key for unit in await storage.list_unfinished()] == [key]
    assert await storage.sizes([key]) == {key: 4}
